"""The configuration of one played VyOS appliance: running, saved, candidates, and commits with a timer. No I/O."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from lab.played import checks, tree
from lab.played.faults import Faults
from lab.played.grammar import PathError, Place, grammar, place, tags
from lisiere.configtree import ConfigSyntaxError, Node, difference, format_braces, parse_braces, parse_set, set_lines

VERSIONS = {"1.4": "1.4.0", "1.5": "1.5-rolling-202410210007"}
REVISIONS = 5


class Timer(Protocol):
    """What a scheduled revert can do."""

    def cancel(self) -> None:
        """Call it off."""


Schedule = Callable[[float, Callable[[], None]], Timer]
"""`schedule(seconds, action)`."""


@dataclass(slots=True)
class Pending:
    """A timed commit that waits for its confirmation."""

    before: Node
    minutes: int
    timer: Timer


@dataclass(slots=True)
class Session:
    """What one configuration session holds; `base` is the running configuration that the candidate was made from."""

    candidate: Node
    base: Node

    @property
    def is_modified(self) -> bool:
        """Whether the candidate differs from what it was made from."""
        return self.candidate is not self.base and self.candidate != self.base


@dataclass(slots=True)
class Device:
    """One appliance. `on_reboot` and `on_cut` tell the network side; texts are VyOS's own words."""

    name: str
    release: str
    running: Node
    schedule: Schedule
    minute_s: float = 60.0
    faults: Faults = field(default_factory=Faults)
    on_reboot: Callable[[], None] = lambda: None
    on_cut: Callable[[bool], None] = lambda _: None
    counters: Counter[str] = field(default_factory=Counter)
    files: dict[str, bytes] = field(default_factory=dict)
    saved: Node = field(init=False)
    revisions: deque[Node] = field(init=False)
    pending: Pending | None = None
    is_vpn_down: bool = False
    reboots: int = 0

    def __post_init__(self) -> None:
        self.saved = self.running
        self.revisions = deque([self.running], maxlen=REVISIONS)

    @classmethod
    def from_set(cls, name: str, release: str, text: str, **options: object) -> "Device":
        """An appliance that starts with a `set` text."""
        running = tree.in_order(tree.known_part(parse_set(text), grammar(release)))
        return cls(name=name, release=release, running=running, **options)  # type: ignore[arg-type]

    # ---- reading -------------------------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """The version that `show version` tells."""
        return VERSIONS[self.release]

    def commands(self, node: Node | None = None) -> str:
        """`show configuration commands`."""
        return "\n".join(set_lines(tree.in_order(node or self.running)))

    def braces(self, node: Node | None = None) -> str:
        """`show configuration`."""
        return format_braces(tree.in_order(node or self.running), tags=tags(self.release)).rstrip("\n")

    def config_boot(self) -> str:
        """The saved configuration as /config/config.boot holds it."""
        return (
            f"{self.braces(self.saved)}\n\n// Warning: Do not remove the following line.\n"
            f'// vyos-config-version: "system@27:firewall@15"\n// Release version: {self.version}\n'
        )

    # ---- candidates ----------------------------------------------------------------------------------------------

    def session(self) -> Session:
        """A new configuration session."""
        return Session(self.running, self.running)

    def set(self, session: Session, words: list[str]) -> str:
        """`set`: "" or what VyOS says."""
        try:
            found = place(grammar(self.release), words)
        except PathError as exc:
            return f"\n  {str(exc).strip()}\n".replace("\nSet failed", "\n  Set failed")
        if self._holds(session.candidate, found):
            shown = " ".join([*found.path, *([found.value] if found.value is not None else [])])
            return f"\n  Configuration path: [{shown}] already exists\n"
        session.candidate = tree.with_set(session.candidate, found.path, found.value, is_multi=found.rule.is_multi)
        return ""

    def delete(self, session: Session, words: list[str]) -> str:
        """`delete`: "" or what VyOS says."""
        try:
            found = place(grammar(self.release), words, is_delete=True, check_values=False)
        except PathError as exc:
            return f"\n  {str(exc).strip()}\n".replace("Set failed", "Delete failed")
        after = tree.with_delete(session.candidate, found.path, found.value)
        if after is None:
            what = "value" if found.value is not None else "node"
            return f"\n  Nothing to delete (the specified {what} does not exist)\n"
        session.candidate = after
        return ""

    def load(self, session: Session, path: str) -> str:
        """`load`: what is unknown vanishes without a word."""
        if session.is_modified:
            return "Cannot load: configuration modified.\nUse 'commit' to commit or 'discard' to discard changes."
        data = self.config_boot().encode() if path == "/config/config.boot" else self.files.get(path)
        if data is None:
            return f"Invalid config file {path}: No such file or directory" if path else "No config file"
        try:
            text = data.decode()
            candidate = tree.in_order(tree.known_part(parse_braces(text), grammar(self.release)))
        except (ConfigSyntaxError, UnicodeDecodeError) as exc:
            return f"Failed to parse config file: {exc}"
        if self.faults.load_drops:
            lost = tuple(self.faults.load_drops.split())
            candidate = tree.with_delete(candidate, lost, None) or candidate
        self.counters["loads"] += 1
        note = "" if "vyos-config-version" in text else "Migrating configuration...\n"
        if candidate == self.running:
            return f"{note}Loading configuration from '{path}'\n\nNo configuration changes to commit"
        session.candidate = candidate
        return f"{note}Loading configuration from '{path}'\n\nLoad complete. Use 'commit' to make changes effective."

    def merge(self, session: Session, path: str) -> str:
        """`merge`: plays the `set` lines of a file; bad ones are refused."""
        data = self.files.get(path)
        if data is None:
            return f"Cannot open file {path}"
        answers = [self.set(session, split_words(line)[1:]) for line in set_lines(parse_braces(data.decode()))]
        refused = [answer.strip() for answer in answers if answer and "already exists" not in answer]
        return "\n".join([*refused, "Merge complete. Use 'commit' to make changes effective."])

    def rollback_soft(self, session: Session, number: int) -> str:
        """`rollback-soft N`: the revision becomes the candidate."""
        if not 0 <= number < len(self.revisions):
            return f"Invalid revision number {number}: must be 0 < rev < {len(self.revisions)}"
        session.candidate = self.revisions[number]
        return 'Rollback diff has been applied.\nUse "compare" to review the changes or "commit" to apply them.'

    def compare(self, session: Session, *, against: Node | None = None) -> str:
        """`compare`, also against another configuration than the running one."""
        text = tree.comparison(against or self.running, session.candidate, grammar(self.release))
        return text or "No changes between working and active configurations."

    def compare_commands(self, session: Session) -> str:
        """`compare commands`."""
        found = difference(self.running, session.candidate)
        return "\n" + "\n".join(found.commands()) if not found.is_empty else CLEAN_COMMANDS

    # ---- commits -------------------------------------------------------------------------------------------------

    def commit(self, session: Session, *, is_archived: bool = True) -> str:
        """`commit`: parts that succeed are active even when others fail."""
        if not session.is_modified or session.candidate == self.running:
            return "No configuration changes to commit"
        self.counters["commits"] += 1
        goal, active, answers = session.candidate, self.running, []
        for path, check in checks.PARTS:
            if goal.at(path) == active.at(path):
                continue
            title = " ".join(path)
            reasons = self._reasons(title, goal, check)
            if reasons:
                answers.append(f"[ {title} ]\n{reasons[0]}\n\n[[{title}]] failed")
            elif _is_nested(path):
                active = _adopt_except_nested(active, goal, path)
            else:
                active = tree.with_subtree(active, path, goal.at(path))
        if not answers:
            active = goal
        self.running = active
        session.base = active
        if active == goal:
            session.candidate = active
        self._after_commit(is_archived=is_archived and not answers)
        return "\n".join([*answers, "Commit failed"]) if answers else ""

    def commit_confirm(self, session: Session, minutes: int) -> str:
        """`commit-confirm`, after the question was answered with yes."""
        if self.pending is not None:
            return "Another confirm is pending"
        if not session.is_modified:
            return "No configuration changes to commit"
        before = self.running
        timer = self.schedule(minutes * self.minute_s, self.revert)
        self.pending = Pending(before, minutes, timer)
        what = "reboot" if self.release == "1.4" else "reload"
        answer = self.commit(session, is_archived=False)
        return f"Initialized commit-confirm; {minutes} minutes to confirm before {what}\n{answer}".rstrip("\n")

    def confirm(self) -> str:
        """`confirm`."""
        if self.pending is None:
            return "No confirm pending"
        self.pending.timer.cancel()
        self.pending = None
        self.revisions.appendleft(self.running)
        return f"{'Reboot' if self.release == '1.4' else 'Reload'} timer stopped"

    def revert(self) -> None:
        """What happens when the timer of a pending commit ends."""
        pending, self.pending = self.pending, None
        if pending is None:
            return
        self.counters["reverts"] += 1
        if self.release == "1.4":
            self.reboot()
            return
        self.running = pending.before
        self._mend()

    def save(self) -> str:
        """`save`: nothing when it worked."""
        if self.faults.disk_full:
            return "Error: [Errno 28] No space left on device: '/config/config.boot'"
        self.counters["saves"] += 1
        self.saved = self.running
        return ""

    def reboot(self) -> None:
        """Start again with the saved configuration; sessions and timers are gone."""
        if self.pending is not None:
            self.pending.timer.cancel()
            self.pending = None
        self.running = self.saved
        self.reboots += 1
        self.files.clear()
        self._mend()
        self.on_reboot()

    def change_by_hand(self, commands: Iterable[str]) -> None:
        """What a local administrator would do: `set` and `delete` lines, commit, save.

        Raises:
            ValueError: A line was refused; nothing was changed.
        """
        session = self.session()
        for line in commands:
            verb, *words = split_words(line)
            answer = self.set(session, words) if verb == "set" else self.delete(session, words)
            if answer:
                raise ValueError(f"{line}: {' '.join(answer.split())}")
        answer = self.commit(session)
        if answer:
            raise ValueError(" ".join(answer.split()))
        self.save()

    def _reasons(self, title: str, goal: Node, check: Callable[[Node], Iterable[str]]) -> list[str]:
        if self.faults.refuse_commit or self.faults.half_commit == title:
            return ["refused by the lab"]
        return list(check(goal)) if goal.at(tuple(title.split())) is not None else []

    def _after_commit(self, *, is_archived: bool) -> None:
        if is_archived:
            self.revisions.appendleft(self.running)
        if self.faults.vpn_down_after_commit:
            self.is_vpn_down = True
        if self.faults.cut_by_commit:
            self.on_cut(True)

    def _mend(self) -> None:
        self.is_vpn_down = False
        self.on_cut(False)

    @staticmethod
    def _holds(candidate: Node, found: Place) -> bool:
        node = candidate.at(found.path)
        return node is not None and (found.value is None or found.value in node.values)


CLEAN_COMMANDS = "No changes between working and active configurations."


def split_words(line: str) -> list[str]:
    """The words of a command as the shell takes them; raises ValueError for quotes that are not closed."""
    import shlex

    return shlex.split(line)


def _is_nested(path: tuple[str, ...]) -> bool:
    return any(other != path and other[: len(path)] == path for other, _ in checks.PARTS)


def _adopt_except_nested(active: Node, goal: Node, path: tuple[str, ...]) -> Node:
    """Take a part over, but for the parts below it that are handled by themselves."""
    result = tree.with_subtree(active, path, goal.at(path))
    for other, _ in checks.PARTS:
        if other != path and other[: len(path)] == path:
            result = tree.with_subtree(result, other, active.at(other))
    return result
