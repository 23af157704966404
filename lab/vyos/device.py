"""One simulated appliance without its network: configurations, commits, archive, timed commits, boot. Pure of I/O.

`commit` is not atomic, as on the real one: each script carries out its part of the tree in the order of priorities, and
what a script refuses stays in the candidate while the rest is active.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lab.vyos.checks import refusal
from lab.vyos.files import Files
from lab.vyos.grammar import Def, grammar, tag_paths
from lab.vyos.proposal import Proposal, existing_interfaces
from lab.vyos.releases import RELEASES
from lab.vyos.trees import braces, graft, pack, pruned, put, set_text, unpack
from lisiere.configtree import ConfigSyntaxError, Node, Path, parse_braces

BOOT_FILE = "/config/config.boot"
ARCHIVE_LIMIT = 12
LOG_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of the commit archive."""

    at: float
    user: str
    via: str
    comment: str
    packed: bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """A timed commit that waits for its confirmation; `user` armed it."""

    user: str
    minutes: int
    armed_at: float


@dataclass(frozen=True, slots=True)
class CommitReport:
    """What became of a commit: the parts that are active now, and those that were refused with the reason."""

    applied: tuple[Path, ...]
    failed: tuple[tuple[Path, str], ...]

    def text(self) -> str:
        """What VyOS prints of it; nothing on success."""
        parts = (f"[ {' '.join(path)} ]\n{reason}\n\n[[{' '.join(path)}]] failed\n" for path, reason in self.failed)
        return "".join(parts) + ("Commit failed\n" if self.failed else "")


class Device:
    """The state of one appliance. Configurations rest packed; the running tree is kept only while sessions use it."""

    def __init__(
        self, name: str, *, release: str, factory: Node, home: str, macs: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.release = RELEASES[release]
        self.grammar: Def = grammar(release)
        self.tags = tag_paths(release)
        self.files = Files(home)
        self.macs = macs
        self.clock = clock
        self.log: deque[str] = deque(maxlen=LOG_LIMIT)
        self.pending: Pending | None = None
        self.is_committing = False
        self.users = 0
        self._tree: Node | None = None
        self._saved_running = b""
        self.files.write(BOOT_FILE, self._boot_text(factory).encode())
        self.revisions: list[Revision] = []
        self.running = b""
        self.boot()

    # ---- configurations ------------------------------------------------------------------------------------------

    def tree(self) -> Node:
        """The running configuration."""
        if self._tree is None:
            self._tree = unpack(self.running)
        return self._tree

    def running_set(self) -> str:
        """The running configuration in `set` commands."""
        return set_text(self.running)

    def saved_tree(self) -> Node:
        """What the next boot takes; nothing when the file cannot be read."""
        try:
            return pruned(parse_braces(self.files.read(BOOT_FILE).decode()), self.grammar)
        except (ConfigSyntaxError, OSError, UnicodeDecodeError):
            return Node()

    def is_saved(self) -> bool:
        """Whether the running configuration is the saved one."""
        return self._saved_running == self.running

    def hostname(self) -> str:
        """The configured host name."""
        leaf = self.tree().at(("system", "host-name"))
        return leaf.values[0] if leaf and leaf.values else "vyos"

    def save(self, path: str = BOOT_FILE) -> None:
        """Write the running configuration to a file; OSError when the disk is full."""
        self.files.write(path, self._boot_text(self.tree()).encode())
        if self.files.resolve(path) == BOOT_FILE:
            self._saved_running = self.running

    def forget_saved(self) -> None:
        """Empty the saved configuration."""
        self.files.write(BOOT_FILE, self._boot_text(Node()).encode())
        self._saved_running = b""

    def release_tree(self) -> None:
        """Forget the running tree when no session uses it; it is made again from the packed text."""
        if not self.users:
            self._tree = None

    def restore_boot_file(self, number: int) -> None:
        """Make a revision of the archive the configuration of the next boot."""
        self.files.write(BOOT_FILE, self._boot_text(unpack(self.revisions[number].packed)).encode())

    def _run(self, tree: Node) -> None:
        self._tree, self.running = tree, pack(tree)

    def _boot_text(self, tree: Node) -> str:
        return braces(tree, self.grammar) + self.release.footer()

    # ---- commits -------------------------------------------------------------------------------------------------

    def commit(
        self,
        candidate: Node,
        *,
        user: str,
        refusals: Mapping[Path, str],
        comment: str = "commit",
        via: str = "cli",
        is_timed: bool = False,
    ) -> CommitReport:
        """Carry out a candidate; `refusals` are reasons given from outside for parts of the tree to fail."""
        before = self.tree()
        owners = sorted(changed_owners(before, candidate, self.grammar), key=lambda one: (one[0], one[1]))
        applied: list[Path] = []
        failed: list[tuple[Path, str]] = []
        interfaces, missing = existing_interfaces(candidate), set[str]()
        for _, path in owners:
            proposal = Proposal(candidate, self.release.name, user, interfaces - missing)
            reason = _given(refusals, path) or refusal(proposal, path)
            if reason is None:
                applied.append(path)
            else:
                failed.append((path, reason))
                if path[0] == "interfaces" and before.at(path) is None:
                    missing.add(path[-1])
        self._run(_merged(before, candidate, applied) if failed else candidate)
        self.log.append(f"commit: user {user or 'local'} via {via}: {len(applied)} applied, {len(failed)} failed")
        if applied and not is_timed:
            self._archive(user, via, comment)
        return CommitReport(tuple(applied), tuple(failed))

    def arm(self, minutes: int, user: str) -> None:
        """Start the time of a commit that must be confirmed."""
        self.pending = Pending(user, minutes, self.clock())

    def confirm(self) -> None:
        """Keep what a timed commit did."""
        pending, self.pending = self.pending, None
        if pending and self.running != self.revisions[0].packed:
            self._archive(pending.user, "cli", "commit-confirm")

    def drop_pending(self) -> None:
        """Stop the time without a trace in the archive: what `confirm` does in the last minute."""
        self.pending = None

    def reload(self) -> None:
        """Go back to the last revision of the archive without a reboot (1.5)."""
        self.pending = None
        self.log.append("commit-confirm: reverting to previous config")
        self.running, self._tree = self.revisions[0].packed, None

    def boot(self) -> None:
        """Start with the saved configuration, after the address of every network card was noted in it."""
        self.pending, self.is_committing = None, False
        self.files.clear_volatile()
        self.booted_at = self.clock()
        tree = self.saved_tree()
        for name, mac in self.macs.items():
            if tree.at(("interfaces", "ethernet", name, "hw-id")) is None:
                tree = put(tree, ("interfaces", "ethernet", name, "hw-id"), mac)
        self._run(tree)
        self.files.write(BOOT_FILE, self._boot_text(tree).encode(), is_forced=True)
        self._saved_running = self.running
        if not self.revisions or self.revisions[0].packed != self.running:
            self._archive("root", "boot-config-loader" if self.revisions else "init", "commit")
        self._tree = None
        self.log.append(f"boot: {self.release.version} with {BOOT_FILE}")

    def _archive(self, user: str, via: str, comment: str) -> None:
        self.revisions.insert(0, Revision(time.time(), user, via, comment, self.running))
        del self.revisions[self._kept_revisions() :]

    def _kept_revisions(self) -> int:
        leaf = self.tree().at(("system", "config-management", "commit-revisions"))
        return min(ARCHIVE_LIMIT, max(1, int(leaf.values[0]))) if leaf and leaf.values else 1


def changed_owners(before: Node, after: Node, known: Def, path: Path = ()) -> Iterator[tuple[int, Path]]:
    """The scripts that a change concerns: priority and path."""
    for name in dict.fromkeys((*before.children, *after.children)):
        old, new = before.children.get(name), after.children.get(name)
        if old is new or old == new:
            continue
        here, node = (*path, name), known.children.get(name, known)
        if node.is_tag:
            yield from _changed_tags(old or Node(), new or Node(), node, here)
        elif node.owner is not None:
            yield node.owner, here
        else:
            below = list(changed_owners(old or Node(), new or Node(), node, here)) if node.children else []
            yield from below or [(0, here)]


def _changed_tags(before: Node, after: Node, known: Def, path: Path) -> Iterator[tuple[int, Path]]:
    for tag in dict.fromkeys((*before.children, *after.children)):
        old, new = before.children.get(tag), after.children.get(tag)
        if old is not new and old != new:
            yield known.owner or 0, (*path, tag)


def _merged(before: Node, candidate: Node, applied: list[Path]) -> Node:
    tree = before
    for path in applied:
        tree = graft(tree, path, candidate.at(path))
    return tree


def _given(refusals: Mapping[Path, str], path: Path) -> str | None:
    """The reason given for a part, wherever in or above it the sabotaged path stands."""
    for prefix, reason in refusals.items():
        depth = min(len(prefix), len(path))
        if prefix[:depth] == path[:depth]:
            return reason
    return None
