"""The inventory's git repository: looked at before anything moves, then one commit for one request.

A commit is made of a temporary index and becomes the branch's in one step, whatever happens to this process. The files
follow; where they did not, `recover` brings them up before anything else is done. One process at a time works here.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lisiere.workflow.requests.following import INTENT
from lisiere.workflow.requests.git import Git
from lisiere.workflow.requests.phrases import Phrase, RequestError

NOBODY = "lisiere.invalid"
"""The domain of addresses that nobody has (RFC 2606)."""
LOCK, NEW = "lisiere.lock", "lisiere-new-"
"""Files within git's own folder: who works here, and files half written."""
PATIENCE_S, PAUSE_S = 60.0, 0.05
"""For how long another one who works here is waited for, and how often it is looked."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a commit says: the request, what it does, and who gave the visas; or that a request is taken back."""

    number: int
    effect_sha256: str
    subject: str
    visas: Sequence[str]
    is_back: bool = False

    @property
    def trailers(self) -> tuple[str, str]:
        """What tells the commit of this request and effect from all others."""
        return f"{'Taken-back' if self.is_back else 'Request'}: {self.number}", f"Effect: {self.effect_sha256}"

    def __str__(self) -> str:
        """The whole message."""
        visas = "".join(f"Visa: {one}\n" for one in self.visas)
        begin = f"Request {self.number}{' taken back' if self.is_back else ''}: {self.subject}"
        return f"{begin}\n\n{visas}" + "".join(f"{one}\n" for one in self.trailers)


@dataclass(frozen=True, slots=True)
class Built:
    """A commit that is made and that no branch has yet."""

    commit: str
    after: str
    names: tuple[str, ...]
    number: int


class Repository:
    """The repository that an inventory is in."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._git = folder, Git(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Work here alone.

        Raises:
            RequestError: There is no repository, or another process works here and does not end.
        """
        self.head()
        with self._own(LOCK).open("a", encoding="utf-8") as file:
            deadline = time.monotonic() + PATIENCE_S
            while not _is_locked(file.fileno()):
                if time.monotonic() > deadline:
                    raise RequestError(Phrase.of("Somebody else works in the inventory; do it again later"))
                time.sleep(PAUSE_S)
            yield

    def head(self) -> str:
        """The commit that the branch is at.

        Raises:
            RequestError: There is no repository, or it has none.
        """
        if not self._git.has_work_tree():
            raise RequestError(Phrase.of("The inventory is in no git repository"))
        return self._git.must("rev-parse", "--verify", "HEAD")

    def ask_upstream(self) -> None:
        """Learn what the upstream has, where there is one; this may take a while.

        Raises:
            RequestError: It cannot be reached.
        """
        branch = self._git.may("symbolic-ref", "-q", "--short", "HEAD")
        remote = self._git.may("config", f"branch.{branch}.remote") if branch else None
        if remote and remote != ".":
            self._git.fetch(remote)

    def check(self) -> str:
        """See that a commit would hold nothing but the request; the commit that it would follow.

        Raises:
            RequestError: There is no repository, or it is dirty, in the middle of something, or behind its upstream.
        """
        head = self.head()
        if self._git.may("symbolic-ref", "-q", "HEAD") is None:
            raise RequestError(Phrase.of("The inventory's repository is on no branch"))
        if self._changed():
            raise RequestError(Phrase.of("The inventory's repository holds changes that are not committed"))
        for name in ("MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"):
            if self._git.may("rev-parse", "-q", "--verify", name) is not None:
                raise RequestError(Phrase.of("The inventory's repository is in the middle of a merge"))
        missing = self._git.may("rev-list", "--count", "HEAD..@{upstream}")
        if missing not in {None, "0"}:
            raise RequestError(Phrase.of("The inventory's repository is behind its upstream"))
        return head

    def check_still(self, head: str, texts: Mapping[str, str]) -> None:
        """See that nothing moved: neither the branch, nor a file, nor what was read of one.

        Raises:
            RequestError: Something did.
        """
        is_still = self.head() == head and not self._changed()
        if not is_still or any(self._bytes(name) != text.encode() for name, text in texts.items()):
            raise RequestError(Phrase.of("The inventory changed meanwhile; do it again"))

    def find(self, message: Message) -> str | None:
        """The commit of a request with this effect, if it was made already."""
        greps = [f"--grep=^{one}$" for one in message.trailers]
        return self._git.may("log", "-n1", "--format=%H", "--all-match", *greps) or None

    def without(self, commit: str) -> dict[str, str]:
        """The files that change when what a commit did is taken back; none where that is gone already.

        Raises:
            RequestError: What came after it rests upon it.
        """
        prefix = self._git.must("rev-parse", "--show-prefix")
        names = self._git.must("diff-tree", "--no-commit-id", "--name-only", "-r", "-z", commit).split("\0")
        found: dict[str, str] = {}
        for name in filter(None, names):
            ours, base, before = (self._git.content(f"{one}:{name}") for one in ("HEAD", commit, f"{commit}^"))
            if ours == before:
                continue
            is_text = name.startswith(prefix) and ours is not None and base is not None and before is not None
            merged = self._git.merged(ours or b"", base or b"", before or b"") if is_text else None
            if merged is None:
                raise RequestError(
                    Phrase.of(
                        "What came after it rests upon it: {name}; take it back in the inventory first", name=name
                    )
                )
            if merged != ours:
                found[name.removeprefix(prefix)] = merged.decode()
        return found

    def build(self, files: Mapping[str, str], message: Message, *, after: str) -> Built:
        """Make a commit of files, which no branch has yet.

        Raises:
            RequestError: Git refuses.
        """
        prefix = self._git.must("rev-parse", "--show-prefix")
        with tempfile.TemporaryDirectory(prefix="lisiere-") as place:
            env = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            self._git.must("read-tree", after, env=env)
            for name in sorted(files):
                blob = self._git.must("hash-object", "-w", "--stdin", given=files[name].encode())
                mode = (self._git.must("ls-files", "-s", "--", name, env=env).split() or ["100644"])[0]
                self._git.must("update-index", "--add", "--cacheinfo", f"{mode},{blob},{prefix}{name}", env=env)
            tree = self._git.must("write-tree", env=env)
        made = self._git.must("commit-tree", tree, "-p", after, "-F", "-", given=str(message).encode(), env=self._who())
        return Built(made, after, tuple(sorted(files)), message.number)

    def move(self, built: Built) -> None:
        """Let the branch have a commit, all of it or nothing; the files are to follow.

        Raises:
            RequestError: Git refuses, or the branch is no longer where it was; nothing changed.
        """
        self._own(INTENT).write_text(built.commit, encoding="utf-8")
        self._git.must("update-ref", "-m", f"request {built.number}", "HEAD", built.commit, built.after)

    def follow(self, built: Built) -> None:
        """Bring the files up to a commit that the branch has."""
        self._bring_up(built.names, built.commit)

    def recover(self) -> Phrase | None:
        """Bring files up to a request's commit, where that was cut short; what was done, None for nothing.

        Files that somebody edited since, and a commit that the branch has no more, are left alone.

        Raises:
            RequestError: There is no repository.
        """
        made = self.head()
        for place in (self._own(""), *self._beside()):
            for half in place.glob(f"{NEW}*"):
                half.unlink(missing_ok=True)
        changed = self._changed()
        if self._intent() != made or not changed:
            self._own(INTENT).unlink(missing_ok=True)
            return None
        root = Path(self._git.must("rev-parse", "--show-toplevel"))
        for name in changed:
            here = (root / name).read_bytes() if (root / name).is_file() else None
            if here is None or here not in {self._git.content(f"{made}^:{name}"), self._git.content(f"{made}:{name}")}:
                return None
        prefix = self._git.must("rev-parse", "--show-prefix")
        if not all(name.startswith(prefix) for name in changed):
            return None
        self._bring_up([name.removeprefix(prefix) for name in changed], made)
        form = "--format=%(trailers:key=Request,key=Taken-back,valueonly)"
        number = (self._git.may("log", "-n1", form, made) or "").strip()
        return Phrase.of(
            "The commit of request {number} was cut short; the files of the inventory follow it now", number=number
        )

    def _intent(self) -> str:
        """The commit that the files were to follow when that was cut short; empty for none."""
        with suppress(OSError):
            return self._own(INTENT).read_text(encoding="utf-8").strip()
        return ""

    def _bring_up(self, names: Sequence[str], commit: str) -> None:
        """Write files as a commit has them; the index then says so too, and nothing is left to follow."""
        for name in names:
            content = self._git.content(f"{commit}:./{name}")
            if content is not None:
                self._write(name, content)
        self._git.must("reset", "-q", "--", *names)
        self._own(INTENT).unlink(missing_ok=True)

    def _changed(self) -> list[str]:
        """The files that are not as the branch has them, from the root of the repository."""
        found = self._git.must("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
        return [line[3:] for line in found.split("\0") if line]

    def _who(self) -> dict[str, str]:
        name = self._git.may("config", "user.name") or "Lisière"
        address = self._git.may("config", "user.email") or f"lisiere@{NOBODY}"
        return {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", address))
        }

    def _bytes(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def _own(self, name: str) -> Path:
        """A file of ours where git sees none."""
        return Path(self._git.must("rev-parse", "--absolute-git-dir")) / name

    def _beside(self) -> list[Path]:
        """The folders of the inventory, where git's own folder is on another file system; else none."""
        if self._own("").stat().st_dev == self._folder.stat().st_dev:
            return []
        return [self._folder, *(place for place in self._folder.rglob("*") if place.is_dir())]

    def _write(self, name: str, content: bytes) -> None:
        """Replace a file in one step, so that nobody reads half of it."""
        path, own = self._folder / name, self._own("")
        is_near = own.stat().st_dev == path.parent.stat().st_dev
        handle, half = tempfile.mkstemp(prefix=NEW, dir=own if is_near else path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        beside = Path(half)
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        beside.replace(path)


def _is_locked(descriptor: int) -> bool:
    """Take the lock, if nobody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
