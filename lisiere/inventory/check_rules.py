"""Checks of rules: what they name exists, ids are unique where they meet, and nothing opens the way to an appliance."""

from collections.abc import Iterable, Iterator, Sequence

from lisiere.inventory.draft import Draft, PlacedRule
from lisiere.inventory.notes import Notebook, Place, did_you_mean
from lisiere.model.words import Action, Zone
from lisiere.policy.drafts import STRIDE

PROTECTED = frozenset({Zone.SELF, Zone.MGMT})
"""Zones that nothing but each other may reach by a written rule: the appliance itself, and those who manage it."""


def check(draft: Draft, notes: Notebook) -> None:
    """Note what is wrong with rules, and services that nobody declares."""
    _check_ids(draft, notes)
    segments = SegmentNames(draft)
    for one in draft.rules():
        for side, names in (("source", one.rule.source), ("destination", one.rule.destination)):
            for index, name in enumerate(names):
                _check_name(name, one, one.place.at(side, index), draft, segments, notes)
        _check_zones(one, notes)
        _check_size(one, draft, notes)
    for services, place in _services(draft):
        for index, name in enumerate(services):
            draft.services.find(name, place.at("services", index), kind="service", notes=notes)


class SegmentNames:
    """Names of segments, by where a rule may mean them."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._found: dict[tuple[str, str], set[str]] = {}
        for host in draft.nornir.each():
            one = host.value
            names = {segment.name for segment in one.data.segments}
            for key in (("", ""), ("territory", one.territory), ("profile", one.profile), ("host", one.name)):
                self._found.setdefault(key, set()).update(names)

    def known(self, one: PlacedRule) -> set[str] | None:
        """Segments that sites in the scope of a rule have; None when that cannot be told."""
        scope = one.scope
        if scope.host is not None:
            return self._found[("host", scope.host.value.name)]
        nornir = self._draft.nornir
        is_known = scope.territory in (None, *nornir.territories.known) and scope.profile in (
            None,
            *nornir.profiles.known,
        )
        if not nornir.hosts.is_sound or not is_known:
            return None
        if scope.territory is not None:
            return self._found.get(("territory", scope.territory), set())
        return self._found.get(("", "") if scope.profile is None else ("profile", scope.profile), set())


def _check_name(
    name: str, one: PlacedRule, place: Place, draft: Draft, segments: SegmentNames, notes: Notebook
) -> None:
    kind, colon, rest = name.partition(":")
    if not colon:
        draft.address_sets.find(name, place, kind="address set", notes=notes)
    elif kind == "segment":
        known = segments.known(one)
        if known is not None and rest not in known:
            advice = did_you_mean(rest, known) or "name a segment of a site that the rule is for"
            notes.add(place, f"rule {one.rule.id}: no site that it is for has a segment {rest!r}", advice)
    elif kind == "overlay":
        _check_overlay(rest, one, place, draft, notes)
    else:
        notes.add(place, f"rule {one.rule.id}: {name!r} is neither a set nor segment:… nor overlay:…", "correct it")


def _check_overlay(name: str, one: PlacedRule, place: Place, draft: Draft, notes: Notebook) -> None:
    overlay = draft.overlays.find(name, place, kind="overlay", notes=notes)
    if overlay is None:
        return
    scope = one.scope
    if scope.territory is not None and overlay.territory != scope.territory:
        message = f"rule {one.rule.id}: overlay {name} is of territory {overlay.territory}, not of {scope.territory}"
        notes.add(place, message, "name an overlay of the rule's own territory")
    if scope.host is not None and scope.host.value.name not in {member.site for member in overlay.members}:
        message = f"rule {one.rule.id}: {scope.host.value.name} is no member of overlay {name}"
        notes.add(place, message, "add the site to the overlay, or name another")


def _check_zones(one: PlacedRule, notes: Notebook) -> None:
    """Only derived rules open the way to an appliance and its management; a written one never does."""
    rule = one.rule
    if rule.action is not Action.ALLOW:
        return
    for index, zone in enumerate(rule.to_zones):
        openers = [source for source in rule.from_zones if source not in PROTECTED]
        if zone in PROTECTED and openers:
            message = f"rule {rule.id}: opens {zone} to {', '.join(openers)}"
            notes.add(one.place.at("to", index), message, "what a site needs of its appliance is derived; remove it")


def _check_size(one: PlacedRule, draft: Draft, notes: Notebook) -> None:
    rule = one.rule
    count = max(1, len(rule.source)) * max(1, len(rule.destination)) * max(1, _entries(rule.services, draft))
    if count > STRIDE:
        message = f"rule {rule.id}: expands to {count} rules of a device, more than {STRIDE}"
        notes.add(one.place, message, "split it, or gather its addresses in one set")


def _entries(services: Iterable[str], draft: Draft) -> int:
    items = (draft.services.items.get(name) for name in services)
    return len({entry for item in items if item for entry in item.value.entries})


def _services(draft: Draft) -> Iterator[tuple[Sequence[str], Place]]:
    """The services that each rule and each flow of an overlay names."""
    for one in draft.rules():
        yield one.rule.services, one.place
    for flow, place in draft.overlay_flows():
        yield flow.services, place


def _check_ids(draft: Draft, notes: Notebook) -> None:
    """Ids are unique over all shared layers; a site's exceptions also differ from these and from each other."""
    shared: dict[str, Place] = {}
    own: set[tuple[str, str]] = set()
    for one in draft.rules():
        host = one.scope.host
        key = (host.value.name, one.rule.id) if host else ("", one.rule.id)
        if one.rule.id in shared or key in own:
            notes.add(one.place.at("id"), f"two rules have the id {one.rule.id}", "give one of the two another id")
        own.add(key)
        if host is None:
            shared.setdefault(one.rule.id, one.place)
