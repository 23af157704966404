"""Git as a program: no prompts, no settings of the caller's environment, and no answer awaited for ever."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from lisiere.workflow.requests.phrases import Phrase, RequestError

PATIENCE_S, FETCH_PATIENCE_S, DYING_S = 20.0, 30.0, 5.0
"""For how long an answer is awaited: of what is on this machine, of an upstream, and of what was told to end."""
NOTHING: Mapping[str, str] = MappingProxyType({})


class Git:
    """Git in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def must(self, *words: str, given: bytes = b"", env: Mapping[str, str] = NOTHING) -> str:
        """What git answers.

        Raises:
            RequestError: It refuses, or does not answer in time.
        """
        status, out, err = self._run(words, given=given, env=env, patience_s=PATIENCE_S)
        if status:
            raise _refusal(out, err, words)
        return out.decode(errors="replace").rstrip("\n")

    def may(self, *words: str) -> str | None:
        """What git answers; None where it refuses.

        Raises:
            RequestError: It does not answer in time.
        """
        status, out, _ = self._run(words, given=b"", env=NOTHING, patience_s=PATIENCE_S)
        return None if status else out.decode(errors="replace").rstrip("\n")

    def has_work_tree(self) -> bool:
        """Whether the folder is in a repository, with its files.

        Raises:
            RequestError: Git does not say, for the repository is broken or of an account that it does not trust.
        """
        words = ("rev-parse", "--is-inside-work-tree")
        status, out, err = self._run(words, given=b"", env=NOTHING, patience_s=PATIENCE_S)
        if status and b"not a git repository" not in err:
            raise _refusal(out, err, words)
        return not status and out.strip() == b"true"

    def content(self, name: str) -> bytes | None:
        """The content of a blob; None where there is none of that name."""
        status, out, _ = self._run(("cat-file", "blob", name), given=b"", env=NOTHING, patience_s=PATIENCE_S)
        return None if status else out

    def merged(self, ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
        """Our text with what changed from a base to theirs; None where the two changes meet."""
        with tempfile.TemporaryDirectory(prefix="lisiere-") as place:
            names = [str(Path(place) / name) for name in ("ours", "base", "theirs")]
            for name, content in zip(names, (ours, base, theirs), strict=True):
                Path(name).write_bytes(content)
            status, out, _ = self._run(("merge-file", "-p", *names), given=b"", env=NOTHING, patience_s=PATIENCE_S)
        return None if status else out

    def fetch(self, remote: str) -> None:
        """Ask an upstream what it has.

        Raises:
            RequestError: It cannot be reached, or does not answer in time.
        """
        words = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", remote)
        ssh = self.may("config", "core.sshCommand") or "ssh"
        env = {"GIT_SSH_COMMAND": f"{ssh} -oBatchMode=yes -oConnectTimeout=10"}
        status, out, err = self._run(words, given=b"", env=env, patience_s=FETCH_PATIENCE_S)
        if status:
            raise _refusal(out, err, words)

    def _run(
        self, words: tuple[str, ...], *, given: bytes, env: Mapping[str, str], patience_s: float
    ) -> tuple[int, bytes, bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        process = subprocess.Popen(
            ["git", "-C", str(self.folder), *words],  # noqa: S607 - the git of the PATH, as a person would call it
            env={**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(given, timeout=patience_s)
        except subprocess.TimeoutExpired as exc:
            _end(process)
            raise RequestError(Phrase.of("Git does not answer: {words}", words=words[0])) from exc
        except BaseException:
            _end(process)
            raise
        return process.returncode, out, err


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End git and what it started; what left its group and holds a pipe of it is not waited for."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=DYING_S)


def _refusal(out: bytes, err: bytes, words: tuple[str, ...]) -> RequestError:
    lines = (err or out).decode(errors="replace").strip().splitlines()
    return RequestError(Phrase.of("Git refuses: {reason}", reason=lines[0] if lines else words[0]))
