"""The inventory's git repository: looked at before anything moves, then one commit for one request.

A commit is made of a temporary index and becomes the branch's in one step, whatever happens to this process. The files
follow; where they did not, `recover` brings them up before anything else is done.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.workflow.requests.git import Git
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
        self._folder, self._git = folder, Git(folder)

    def head(self) -> str:
        """The commit that the branch is at.

        Raises:
            RequestError: There is no repository, or it has none.
        """
        if self._git.may("rev-parse", "--is-inside-work-tree") != "true":
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

    def commit(self, files: Mapping[str, str], message: Message, *, after: str) -> str:
        """Commit files as the branch's next commit, all or none; its hash.

        Raises:
            RequestError: Git refuses, or the branch is no longer at `after`; nothing changed.
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
        self._git.must("update-ref", "-m", f"request {message.number}", "HEAD", made, after)
        self._bring_up(sorted(files), made)
        return made

    def recover(self) -> Phrase | None:
        """Bring files up to a request's commit, where that was cut short; what was done, None for nothing.

        Raises:
            RequestError: There is no repository.
        """
        made = self.head()
        changed = self._changed()
        number = next((one for one in self._trailers(made) if one.isdigit()), None)
        if not changed or number is None:
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
        return Phrase.of(
            "The commit of request {number} was cut short; the files of the inventory follow it now", number=number
        )

    def _trailers(self, commit: str) -> list[str]:
        form = "--format=%(trailers:key=Request,valueonly)%(trailers:key=Effect,valueonly)"
        found = (self._git.may("log", "-n1", form, commit) or "").split()
        return found if len(found) == 2 else []

    def _bring_up(self, names: Sequence[str], commit: str) -> None:
        """Write files as a commit has them; the index then says so too."""
        for name in names:
            content = self._git.content(f"{commit}:./{name}")
            if content is not None:
                self._write(name, content)
        self._git.must("reset", "-q", "--", *names)

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

    def _write(self, name: str, content: bytes) -> None:
        """Replace a file in one step, so that nobody reads half of it; the half is kept where git sees none."""
        path = self._folder / name
        beside = Path(self._git.must("rev-parse", "--absolute-git-dir")) / "lisiere-new"
        beside.write_bytes(content)
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        beside.replace(path)
