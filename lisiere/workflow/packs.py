"""Rule packs from their folders: mistakes with file and line; a pack with one is refused, the others serve."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ryaml
from pydantic import JsonValue

from lisiere.compliance.engine import Prepared
from lisiere.compliance.places import built_in
from lisiere.compliance.predicates.base import FleetPredicate, IntentPredicate
from lisiere.compliance.predicates.registry import INTENT, OVER_FLEET
from lisiere.errors import Mistake
from lisiere.inventory.notes import Notebook, Place, did_you_mean
from lisiere.inventory.reading import UNREAD, Reader
from lisiere.inventory.sections import top_level, validated
from lisiere.model.rule_pack import GettersCheck, PackRule, PredicateCheck, RulePack, Source

GETTERS = frozenset({"get_facts", "get_interfaces", "get_interfaces_ip", "get_ntp_servers", "get_users"})
"""The getters that drivers of all platforms have."""

_REPEATED_GROUP = re.compile(r"\)[*+{]")
_REPEATED = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\d*\})")


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs that serve, their rules by id, and what is wrong with those that do not.

    `sha256` is the hash of the files that serve, validation files too: which rules an audit asked can be told later.
    """

    packs: tuple[RulePack, ...]
    rules: Mapping[str, Prepared]
    mistakes: tuple[Mistake, ...]
    sha256: str

    @property
    def is_whole(self) -> bool:
        """Whether no pack was refused, so that the absence of a rule says something."""
        return not self.mistakes

    def source(self, rule: PackRule) -> tuple[tuple[Source, str], ...]:
        """The documents that a rule cites, each with the number in it."""
        pack = next(one for one in self.packs if rule in one.rules)
        return tuple((pack.source(citation), citation.number) for citation in rule.sources)


def load_packs(own: Path | None = None) -> Packs:
    """Read the packs that come with Lisière, then those of a folder of one's own."""
    loader = _Loader()
    for folder in (built_in(), own):
        if folder is not None:
            loader.read_folder(folder)
    return Packs(
        packs=tuple(loader.packs),
        rules=loader.rules,
        mistakes=tuple(sorted(loader.mistakes)),
        sha256=loader.digest.hexdigest(),
    )


class _Loader:
    """Reads folders one after the other; what an earlier file calls itself, no later one may."""

    def __init__(self) -> None:
        self.packs: list[RulePack] = []
        self.rules: dict[str, Prepared] = {}
        self.mistakes: list[Mistake] = []
        self.digest = hashlib.sha256()

    def read_folder(self, folder: Path) -> None:
        """Read every pack of a folder."""
        if not folder.is_dir():
            self.mistakes.append(Mistake(str(folder), 0, "there is no folder of rule packs here"))
            return
        notes = Notebook(folder)
        names = Reader(folder, notes).names(".")
        self.mistakes += notes.mistakes({})
        for name in names:
            self._read(folder, Path(name).name)

    def _read(self, folder: Path, name: str) -> None:
        notes = Notebook(folder)
        reader = Reader(folder, notes)
        pack, prepared = self._checked(folder, name, reader, notes)
        mistakes = notes.mistakes(reader.texts)
        self.mistakes += mistakes
        if mistakes or pack is None:
            return
        self.packs.append(pack)
        self.rules.update({one.rule.id: one for one in prepared})
        self.digest.update(reader.texts[name].encode())
        for one in prepared:
            if isinstance(one.rule.check, GettersCheck) and one.rule.check.file is not None:
                self.digest.update(json.dumps(one.expected, sort_keys=True, default=str).encode())

    def _checked(
        self, folder: Path, name: str, reader: Reader, notes: Notebook
    ) -> tuple[RulePack | None, tuple[Prepared, ...]]:
        content, place = top_level(reader, name, "pack", notes), Place(name, ("pack",))
        if content is UNREAD:
            return None, ()
        pack = validated(RulePack, content, place, thing="pack", notes=notes)
        if pack is None:
            return None, ()
        if any(pack.id == one.id for one in self.packs):
            notes.add(place.at("id"), f"another pack has the id {pack.id!r}", "give one of the two another id")
        self._check_sources(pack, place, notes)
        self._check_ids(pack, place, notes)
        found = (
            _prepared(rule, place.at("rules", index, "check"), folder, notes) for index, rule in enumerate(pack.rules)
        )
        return pack, tuple(found)

    def _check_sources(self, pack: RulePack, place: Place, notes: Notebook) -> None:
        known = [one.id for one in pack.sources]
        for index, source in enumerate(known):
            if source in known[:index]:
                notes.add(place.at("sources", index, "id"), f"source {source!r} stands twice", "keep one of the two")
        for number, rule in enumerate(pack.rules):
            for index, citation in enumerate(rule.sources):
                if citation.document not in known:
                    advice = did_you_mean(citation.document, known) or "declare it under sources of this pack"
                    where = place.at("rules", number, "sources", index, "document")
                    notes.add(where, f"rule {rule.id}: unknown source {citation.document!r}", advice)

    def _check_ids(self, pack: RulePack, place: Place, notes: Notebook) -> None:
        seen: set[str] = set()
        for number, rule in enumerate(pack.rules):
            if rule.id in seen or rule.id in self.rules:
                where = "this pack" if rule.id in seen else "another pack"
                notes.add(
                    place.at("rules", number, "id"), f"{where} has a rule {rule.id!r} already", "rename one of them"
                )
            seen.add(rule.id)
        for number, rule in enumerate(pack.rules):
            if rule.replaces is not None and rule.replaces not in seen | self.rules.keys():
                message = f"rule {rule.id} replaces {rule.replaces!r}, which is no rule"
                notes.add(
                    place.at("rules", number, "replaces"), message, did_you_mean(rule.replaces, seen | set(self.rules))
                )


def _prepared(rule: PackRule, place: Place, folder: Path, notes: Notebook) -> Prepared:
    """A rule with its predicate, or with what its validation file expects."""
    if isinstance(rule.check, PredicateCheck):
        return Prepared(rule, predicate=_predicate(rule.id, rule.check, place, notes))
    if isinstance(rule.check, GettersCheck):
        return Prepared(rule, expected=_expected(rule.id, rule.check, place, folder, notes))
    return Prepared(rule)


def _predicate(
    rule: str, check: PredicateCheck, place: Place, notes: Notebook
) -> IntentPredicate | FleetPredicate | None:
    known: Mapping[str, type[IntentPredicate | FleetPredicate]] = INTENT if check.kind == "intent" else OVER_FLEET
    found = known.get(check.predicate)
    if found is None:
        advice = did_you_mean(check.predicate, known) or f"there are: {', '.join(known)}"
        notes.add(place.at("predicate"), f"rule {rule}: unknown predicate {check.predicate!r}", advice)
        return None
    return validated(found, check.parameters, place.at("with"), thing=f"rule {rule}", notes=notes)


def _expected(
    rule: str, check: GettersCheck, place: Place, folder: Path, notes: Notebook
) -> tuple[Mapping[str, JsonValue], ...]:
    """What getters must tell, in the shape of NAPALM's validation files."""
    content: object = check.expected
    where = place.at("validate")
    if check.file is not None:
        where = place.at("file")
        try:
            content = ryaml.loads((folder / check.file).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
        except (OSError, ValueError):
            notes.add(where, f"rule {rule}: {check.file} cannot be read as YAML", "name a file beside the pack")
            return ()
    if not isinstance(content, Sequence) or not all(isinstance(one, dict) for one in content):
        notes.add(where, f"rule {rule}: a validation file is a list of getters", "write `- get_facts:` and so on")
        return ()
    for one in content:
        for getter in one:
            if getter not in GETTERS:
                notes.add(where, f"rule {rule}: unknown getter {getter!r}", did_you_mean(getter, GETTERS))
    for text in _texts(content):
        advice = "NAPALM's engine may never end with it; it looks for a text anywhere, so no `.*` is needed at the ends"
        if _REPEATED_GROUP.search(text):
            notes.add(where, f"rule {rule}: the expression {text[:40]!r} repeats a group", advice)
        elif len(_REPEATED.findall(text)) > 1:
            notes.add(where, f"rule {rule}: the expression {text[:40]!r} repeats more than once", advice)
    return tuple(content)


def _texts(content: object) -> Iterator[str]:
    """Every text in plain values."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from (*_texts(key), *_texts(value))
    elif isinstance(content, Sequence):
        for value in content:
            yield from _texts(value)
