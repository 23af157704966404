"""A configuration session: one candidate, what may be done to it, and the texts that VyOS answers with."""

from collections.abc import Mapping, Sequence

from lab.vyos import compare, marks
from lab.vyos.device import BOOT_FILE, CommitReport, Device
from lab.vyos.grammar import Def
from lab.vyos.trees import drop, pruned, put, unpack
from lisiere.configtree import ConfigSyntaxError, Node, Path, difference, format_set, parse_braces

CLEAN = "No configuration changes to commit"


class Refusal(Exception):  # noqa: N818 - an answer of the appliance, no error of ours
    """A command that the appliance does not carry out; its text is the answer."""


class ConfigSession:
    """What one `configure` holds until it is left."""

    def __init__(self, device: Device, user: str) -> None:
        self.device, self.user = device, user
        self.level: Path = ()
        device.users += 1
        self._base = self._candidate = device.tree()
        self.is_untouched = True

    def close(self) -> None:
        """Leave; the candidate is gone."""
        self.device.users -= 1
        self._base = self._candidate = Node()
        self.device.release_tree()

    @property
    def candidate(self) -> Node:
        """The candidate, on top of what others committed meanwhile."""
        active = self.device.tree()
        if active is not self._base:
            changed = self._candidate is not self._base and self._candidate != self._base
            self._candidate = (
                _replayed(active, difference(self._base, self._candidate).commands()) if changed else active
            )
            self._base = active
        return self._candidate

    @property
    def is_modified(self) -> bool:
        """Whether there is anything to commit."""
        candidate = self.candidate
        return candidate is not self._base and candidate != self._base

    # ---- editing -------------------------------------------------------------------------------------------------

    def set(self, words: Sequence[str]) -> str:
        """`set`: the answer is empty when it was done."""
        path, leaf, value = self._resolve((*self.level, *words), "Set")
        node = self.candidate.at(path)
        if node is not None and (value is None or value in node.values):
            return f"\n  Configuration path: [{' '.join((*self.level, *words))}] already exists\n\n"
        self._candidate = put(self.candidate, path, value, collect=leaf.is_multi)
        return ""

    def delete(self, words: Sequence[str]) -> str:
        """`delete`: the answer is empty when it was done."""
        path, _, value = self._resolve((*self.level, *words), "Delete")
        node = self.candidate.at(path)
        if node is None or not path:
            return "\n  Nothing to delete (the specified node does not exist)\n\n"
        if value is not None and value not in node.values:
            return "\n  Nothing to delete (the specified value does not exist)\n\n"
        self._candidate = _deleted(self.candidate, path, value, self.device.tags)
        return ""

    def edit(self, words: Sequence[str]) -> str:
        """`edit`: descend to a node."""
        path, leaf, value = self._resolve((*self.level, *words), "Edit")
        if value is not None or leaf.is_leaf:
            raise Refusal('\n  The "edit" command cannot be issued at this path\n\n')
        self.level = path
        return ""

    def _resolve(self, words: Sequence[str], verb: str) -> tuple[Path, Def, str | None]:
        """The path, its node of the grammar and the value that the words mean."""
        node, at = self.device.grammar, 0
        while at < len(words):
            child = node.children.get(words[at]) if not node.is_leaf else None
            if child is None:
                shown = " ".join((*words[:at], f"[{words[at]}]"))
                raise Refusal(f"\n  Configuration path: {shown} is not valid\n  {verb} failed\n\n")
            at += 1
            node = child
            if node.is_tag or (node.is_leaf and not node.is_valueless):
                if at == len(words):
                    if verb == "Set":
                        raise Refusal(
                            f"\n  Configuration path: [{' '.join(words)}] requires a value\n  {verb} failed\n\n"
                        )
                    return tuple(words), node, None
                if verb != "Delete":
                    self._check(node, words[at], verb)
                at += 1
                if node.is_leaf:
                    if at < len(words):
                        shown = " ".join((*words[:at], f"[{words[at]}]"))
                        raise Refusal(f"\n  Configuration path: {shown} is not valid\n  {verb} failed\n\n")
                    return tuple(words[:-1]), node, words[-1]
        return tuple(words), node, None

    def _check(self, node: Def, value: str, verb: str) -> None:
        for quote, name in (("'", "single"), ('"', "double")):
            if quote in value:
                raise Refusal(
                    f"\n  Cannot use the '{quote}' ({name} quote) character in a value string\n"
                    f"  Value validation failed\n  {verb} failed\n\n"
                )
        if (node.is_tag and (not value or any(char.isspace() for char in value))) or not node.accepts(value):
            said = node.complaint(value) if node.kinds else "Invalid name"
            raise Refusal(f"\n  {said}\n\n  Invalid value\n  Value validation failed\n  {verb} failed\n\n")

    # ---- looking -------------------------------------------------------------------------------------------------

    def show(self, words: Sequence[str]) -> str:
        """`show`: the candidate with marks before what changed."""
        path, _, _ = self._resolve((*self.level, *words), "Show")
        text = marks.show(self._base_now().at(path), self.candidate.at(path), path, self.device.tags)
        return text or "Configuration under specified path is empty\n"

    def compare(self, words: Sequence[str]) -> str:
        """`compare [saved | N [M]] [commands]`."""
        words = list(words)
        is_commands = "commands" in words
        rest = [word for word in words if word != "commands"]
        before, after, message = self._compared(rest)
        if is_commands:
            return compare.commands(before, after) + "\n"
        return (compare.blocks(before, after, grammar=self.device.grammar, level=self.level) or message) + "\n"

    def _compared(self, words: Sequence[str]) -> tuple[Node, Node, str]:
        if words == ["saved"]:
            return self.device.saved_tree(), self.candidate, "No changes between working and saved configurations.\n"
        numbers = [int(word) for word in words if word.isdigit()]
        if not numbers:
            candidate = self.candidate
            return self._base, candidate, "No changes between working and active configurations.\n"
        first = self.revision(numbers[0])
        if len(numbers) == 1:
            text = f"No changes between working and revision {numbers[0]} configurations.\n"
            return first, self.candidate, text
        text = f"No changes between revisions {numbers[1]} and {numbers[0]} configurations.\n"
        return self.revision(numbers[1]), first, text

    def revision(self, number: int) -> Node:
        """A revision of the archive."""
        if not 0 <= number < len(self.device.revisions):
            raise Refusal(f"Invalid revision number {number}\n")
        return unpack(self.device.revisions[number].packed)

    def _base_now(self) -> Node:
        _ = self.candidate
        return self._base

    # ---- whole candidates ----------------------------------------------------------------------------------------

    def discard(self) -> str:
        """`discard`: back to the running configuration."""
        was_modified = self.is_modified
        self._candidate = self._base
        return "Changes have been discarded\n" if was_modified else "No changes have been discarded\n"

    def load(self, path: str = BOOT_FILE, *, lost: Path = ()) -> str:
        """`load`: replace the candidate by a file. Unknown nodes (and `lost`) are dropped and bad values accepted."""
        if self.is_modified:
            raise Refusal(
                "Cannot load: configuration modified.\nCommit or discard the changes before loading a config file.\n"
            )
        text = self._read(path)
        said = f"Loading configuration from '{path}'\n"
        try:
            tree = parse_braces(text)
        except ConfigSyntaxError:
            raise Refusal(f"{said}Failed to parse specified config file\n") from None
        if "vyos-config-version" not in text:
            self.device.log.append(
                f"load: {path} has no version footer, every migration script was run on it (migrated)"
            )
        self._candidate = pruned(tree, self.device.grammar)
        if lost and self._candidate.at(lost) is not None:
            self._candidate = drop(self._candidate, lost)
        if self._candidate == self._base:
            self._candidate = self._base
            return f"{said}No configuration changes to commit.\n"
        return f"{said}Load complete. Use 'commit' to make changes effective.\n"

    def load_revision(self, number: int) -> str:
        """`rollback-soft`: replace the candidate by a revision."""
        if not 0 <= number < len(self.device.revisions):
            raise Refusal(f"Invalid revision number {number}: must be 0 < rev < {len(self.device.revisions)}\n")
        self._candidate = self.revision(number)
        return 'Rollback diff has been applied.\nUse "compare" to review the changes or "commit" to apply them.\n'

    def merge(self, path: str) -> str:
        """`merge`: play the `set` lines of a file that differ; bad ones are refused one by one."""
        try:
            tree = parse_braces(self._read(path))
        except ConfigSyntaxError:
            raise Refusal("Failed to parse specified config file\n") from None
        held = set(format_set(self.candidate).splitlines())
        said = ""
        for line in format_set(tree).splitlines():
            if line not in held:
                said += self._merge_line(line)
        done = "Merge complete. Use 'commit' to make changes effective." if self.is_modified else f"{CLEAN}."
        return f"{said}{done}\n"

    def _merge_line(self, line: str) -> str:
        level, self.level = self.level, ()
        try:
            play(line, self)
        except Refusal:
            return f"[Errno 1] failed to run command: /opt/vyatta/sbin/my_{line}\nreturned: \nexit code: 1\n"
        finally:
            self.level = level
        return ""

    def _read(self, path: str) -> str:
        files = self.device.files
        for place in (path, f"/config/{path}"):
            if files.exists(place):
                return files.read(place).decode(errors="replace")
        raise Refusal(f"No such file '{path}'\n")

    # ---- commits -------------------------------------------------------------------------------------------------

    def commit(self, *, refusals: Mapping[Path, str], comment: str = "", is_timed: bool = False) -> CommitReport:
        """Carry the candidate out; what failed stays in it."""
        candidate = self.candidate
        report = self.device.commit(
            candidate, user=self.user, comment=comment or "commit", refusals=refusals, is_timed=is_timed
        )
        self._base = self.device.tree()
        self._candidate = candidate if report.failed else self._base
        return report


def _replayed(tree: Node, commands: Sequence[str]) -> Node:
    """A tree after the commands of a difference."""
    held = [tree]
    for command in commands:
        verb, _, rest = command.partition(" ")
        head, quote, tail = rest.partition("'")
        path, value = tuple(head.split()), tail[:-1] if quote else None
        node = held[0].at(path)
        if verb == "set":
            if node is None or value is None or value not in node.values:
                held[0] = put(held[0], path, value, collect=True)
        elif node is not None and (value is None or value in node.values):
            held[0] = drop(held[0], path, value)
    return held[0]


def _deleted(tree: Node, path: Path, value: str | None, tags: frozenset[Path]) -> Node:
    """Without a node; a tag node goes with the last of its names."""
    tree = drop(tree, path, value)
    above = path[:-1]
    starred = compare.starred(path, tags)
    if starred[-1] == "*":
        node = tree.at(above)
        if node is not None and not node.children:
            return drop(tree, above)
    return tree


def play(line: str, session: ConfigSession) -> str:
    """Carry out one `set` or `delete` line as it stands in a text; Refusal when VyOS does not."""
    verb, _, rest = line.partition(" ")
    head, quote, tail = rest.partition("'")
    words = [*head.split(), *([tail.rstrip().removesuffix("'")] if quote else [])]
    return session.set(words) if verb == "set" else session.delete(words)
