"""The inventory's git repository: looked at before anything moves, then one commit for one request."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.workflow.requests.phrases import Phrase, RequestError

NOBODY = "lisiere.invalid"
"""The domain of addresses that nobody has (RFC 2606)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a commit says: the request, what it does, and who gave the visas."""

    number: int
    effect_sha256: str
    subject: str
    visas: Sequence[str]

    @property
    def trailers(self) -> tuple[str, str]:
        """What tells the commit of this request and effect from all others."""
        return f"Request: {self.number}", f"Effect: {self.effect_sha256}"

    def __str__(self) -> str:
        """The whole message."""
        visas = "".join(f"Visa: {one}\n" for one in self.visas)
        return f"Request {self.number}: {self.subject}\n\n{visas}" + "".join(f"{one}\n" for one in self.trailers)


class Repository:
    """The repository that an inventory is in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """See that a commit would hold nothing but the request.

        Raises:
            RequestError: There is no repository, or it is dirty, in the middle of something, or behind its upstream.
        """
        if self._git("rev-parse", "--is-inside-work-tree", must=False) != "true":
            raise RequestError(Phrase.of("The inventory is in no git repository"))
        if self._git("symbolic-ref", "-q", "HEAD", must=False) is None:
            raise RequestError(Phrase.of("The inventory's repository is on no branch"))
        if self._git("status", "--porcelain", "--untracked-files=all"):
            raise RequestError(Phrase.of("The inventory's repository holds changes that are not committed"))
        for name in ("MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD"):
            if self._git("rev-parse", "-q", "--verify", name, must=False) is not None:
                raise RequestError(Phrase.of("The inventory's repository is in the middle of a merge"))
        missing = self._git("rev-list", "--count", "HEAD..@{upstream}", must=False)
        if missing not in {None, "0"}:
            raise RequestError(Phrase.of("The inventory's repository is behind its upstream"))

    def find(self, message: Message) -> str | None:
        """The commit of a request with this effect, if it was made already."""
        greps = [f"--grep=^{one}$" for one in message.trailers]
        return self._git("log", "-n1", "--format=%H", "--all-match", *greps, must=False) or None

    def commit(self, files: Mapping[str, str], message: Message) -> str:
        """Write files and commit them, all or none; the commit's hash.

        Raises:
            RequestError: Git refuses; the files are as they were.
        """
        names = sorted(files)
        before = {name: (self._folder / name).read_bytes() for name in names}
        try:
            for name in names:
                self._write(name, files[name].encode())
            self._git("add", "--", *names)
            self._git(
                "-c",
                f"user.name={self._name()}",
                "-c",
                f"user.email={self._address()}",
                "commit",
                "-q",
                "-m",
                str(message),
            )
        except (RequestError, OSError):
            for name, content in before.items():
                self._write(name, content)
            self._git("reset", "-q", "--", *names, must=False)
            raise
        return str(self._git("rev-parse", "HEAD"))

    def _name(self) -> str:
        return self._git("config", "user.name", must=False) or "Lisière"

    def _address(self) -> str:
        return self._git("config", "user.email", must=False) or f"lisiere@{NOBODY}"

    def _write(self, name: str, content: bytes) -> None:
        """Replace a file in one step, so that nobody reads half of it."""
        path = self._folder / name
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(content)
        beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path)

    def _git(self, *words: str, must: bool = True) -> str | None:
        """What git answers; None where it refuses and may."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-C", str(self._folder), *words],  # noqa: S607 - the git of the PATH, as a person would call it
            env={**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout.strip()
        if must:
            reason = (done.stderr or done.stdout).strip().splitlines()
            raise RequestError(Phrase.of("Git refuses: {reason}", reason=reason[0] if reason else words[0]))
        return None
