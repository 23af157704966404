"""What a request would do, worked out from the inventory before and after it; no appliance is asked."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

from lisiere.inventory.check_secrets import shared_keys
from lisiere.inventory.entries import Entry, entry_lines
from lisiere.inventory.files import FLOWS, SECRETS
from lisiere.inventory.loader import Loaded
from lisiere.model.effect import ApplianceEffect, Effect, FileEffect, PassageEffect, Said
from lisiere.model.fleet import Fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.intent import Family, SiteIntent, Tunnel
from lisiere.model.overlay import Overlay
from lisiere.model.request import ChangeWebAccess, Request, RotateKeys
from lisiere.model.words import Siren
from lisiere.policy.frozen import Policy, PolicyBook
from lisiere.policy.reach import Passage, difference
from lisiere.policy.site import resolve_sites
from lisiere.policy.telling import spoken
from lisiere.workflow.comparing import changes
from lisiere.workflow.intended import render_sites
from lisiere.workflow.requests.applying import Applied
from lisiere.workflow.requests.checking import rotated_keys
from lisiere.workflow.requests.edits import flow_entry
from lisiere.workflow.requests.reading import as_yaml
from lisiere.workflow.requests.sight import is_named_for
from lisiere.workflow.requests.warnings import warnings


def effect_of(applied: Applied, request: Request, *, extra: Path | None = None) -> Effect:
    """The effect of a request.

    Raises:
        RenderError: A template cannot render one of the appliances that change.
    """
    before, after = applied.before.fleet, applied.after.fleet
    territory = _territory(before, request)
    made, ended = _keys(before, after, request)
    replaced = rotated_keys(request, before.overlays[request.overlay]) if isinstance(request, RotateKeys) else ()
    appliances = tuple(_appliances(before, after, _touched(before, after, request), replaced, extra=extra))
    return Effect(
        territory=territory,
        request=as_yaml(request),
        files=tuple(_files(applied, territory)),
        appliances=appliances,
        keys_made=made,
        keys_ended=ended,
        keys_replaced=replaced,
        warnings=tuple(
            Said(sentence=one.template, facts=dict(one.facts))
            for one in warnings(request, before, after, appliances, made)
        ),
    )


def _territory(fleet: Fleet, request: Request) -> Siren:
    if isinstance(request, ChangeWebAccess):
        return fleet.appliances[request.site].territory
    return fleet.overlays[request.overlay].territory


def _touched(before: Fleet, after: Fleet, request: Request) -> list[str]:
    """The appliances that a request can concern: the site, or all members of the overlay, before or after."""
    if isinstance(request, ChangeWebAccess):
        return [request.site]
    overlays: Iterable[Overlay] = (before.overlays[request.overlay], after.overlays[request.overlay])
    return sorted({member.site for overlay in overlays for member in overlay.members})


def _files(applied: Applied, territory: Siren) -> Iterator[FileEffect]:
    for name, text in sorted(applied.files.items()):
        told = tuple(_entries(applied, name, territory) if name in {FLOWS, SECRETS} else _lines(applied, name, text))
        if told:
            yield FileEffect(file=name, lines=told)


def _lines(applied: Applied, name: str, text: str) -> Iterator[str]:
    found = unified_diff(applied.before.texts[name].splitlines(), text.splitlines(), lineterm="", n=0)
    return (line for line in found if not line.startswith(("---", "+++", "@@")))


def _entries(applied: Applied, name: str, territory: Siren) -> Iterator[str]:
    """What comes to a list that all territories share, and what goes; a line of its file may hold what is others'.

    Whether the declaration of a flow goes, whose name is not the territory's, tells who else uses it: that is not said.
    """
    old, new = (_of_list(loaded, name) for loaded in (applied.before, applied.after))
    for key in sorted(old.keys() - new.keys()):
        if name == SECRETS or is_named_for(key, territory):
            yield from (f"-{line}" for line in entry_lines(old[key]))
    for key in sorted(new.keys() - old.keys()):
        yield from (f"+{line}" for line in entry_lines(new[key]))


def _of_list(loaded: Loaded, name: str) -> Mapping[str, Entry]:
    if name == SECRETS:
        return {key: key for key in loaded.draft.secrets}
    return {key: flow_entry(item.value) for key, item in loaded.draft.flows.items.items()}


def _keys(before: Fleet, after: Fleet, request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(request, ChangeWebAccess):
        return (), ()
    old, new = ({key for key, _ in shared_keys(fleet.overlays[request.overlay])} for fleet in (before, after))
    return tuple(sorted(new - old)), tuple(sorted(old - new))


def _appliances(
    before: Fleet, after: Fleet, names: list[str], replaced: tuple[str, ...], *, extra: Path | None
) -> Iterator[ApplianceEffect]:
    """Each appliance whose configuration changes, or one of whose keys is replaced."""
    old_texts, new_texts = (render_sites(fleet, names, extra=extra) for fleet in (before, after))
    held = {end for key in replaced for end in key.rpartition("/")[2].split("--")}
    concerned = [name for name in names if old_texts[name] != new_texts[name] or name in held]
    old, new = (resolve_sites(fleet, concerned) for fleet in (before, after))
    book = PolicyBook()
    for name in concerned:
        yield _appliance(old[name], new[name], (old_texts[name], new_texts[name]), book, set(replaced), after)


def _appliance(
    old: SiteIntent, new: SiteIntent, texts: tuple[str, str], book: PolicyBook, replaced: set[str], fleet: Fleet
) -> ApplianceEffect:
    found = changes(running=texts[0], intended=texts[1])
    policies = book.policy(old), book.policy(new)
    reach = difference(*policies)
    before, after = _by_peer(old), _by_peer(new)
    return ApplianceEffect(
        host=new.name,
        title=new.title,
        before_sha256=sha256_of(texts[0]),
        after_sha256=sha256_of(texts[1]),
        difference=() if found is None else tuple(found.commands()),
        opened=_passages(reach.opened, policies[1], fleet),
        closed=_passages(reach.closed, policies[0], fleet),
        tunnels_opened=tuple(sorted(after.keys() - before.keys())),
        tunnels_closed=tuple(sorted(before.keys() - after.keys())),
        tunnels_changed=tuple(
            sorted(
                name
                for name in before.keys() & after.keys()
                if before[name] != after[name] or after[name].secret in replaced
            )
        ),
    )


def _passages(found: Iterable[Passage], policy: Policy, fleet: Fleet) -> tuple[PassageEffect, ...]:
    """Passages in words; sets of the inventory by their titles."""
    sets = fleet.address_sets
    said = spoken(found, policy, title=lambda name: sets[name].title if name in sets else name)
    return tuple(
        PassageEffect(**words._asdict(), families=tuple("IPv4" if one is Family.IPV4 else "IPv6" for one in families))
        for words, families in said.items()
    )


def _by_peer(intent: SiteIntent) -> Mapping[str, Tunnel]:
    return {f"{one.peer_title} ({one.peer})": one for one in intent.tunnels}
