"""A request applied to the texts of an inventory: which files change, and to what. Nothing is written here."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date
from functools import partial
from types import MappingProxyType

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from lisiere.inventory.check_secrets import shared_keys
from lisiere.inventory.draft import Draft
from lisiere.inventory.editing import rewrite, rewrite_entry
from lisiere.inventory.entries import edit_entries
from lisiere.inventory.files import FLOWS, SECRETS
from lisiere.inventory.loader import Loaded
from lisiere.model.overlay import Overlay, Partner
from lisiere.model.request import (
    AddHub,
    AddMember,
    AddPartner,
    ChangeHub,
    ChangeWebAccess,
    CloseFlow,
    OpenFlow,
    OverlayRequest,
    RemoveMember,
    RemovePartner,
    Request,
    RotateKeys,
)
from lisiere.model.traffic import Flow
from lisiere.policy.derived import WELL_KNOWN_FLOWS


def edited(loaded: Loaded, request: Request) -> dict[str, str]:
    """The texts of the files that a request changes, by name; the inventory is not looked at again.

    The request was checked: what it names is there.
    """
    if isinstance(request, RotateKeys):
        return {}
    found = _web_access(loaded, request) if isinstance(request, ChangeWebAccess) else _overlay(loaded, request)
    return {name: text for name, text in found.items() if text != loaded.texts[name]}


def _overlay(loaded: Loaded, request: OverlayRequest) -> dict[str, str]:
    place = loaded.draft.overlays.items[request.overlay].place
    index = int(place.path[-1])
    found = {place.file: rewrite(loaded.texts[place.file], partial(_in_overlay, index=index, request=request))}
    after = Overlay.model_validate(_overlay_values(found[place.file], index))
    return found | _secrets(loaded, request.overlay, after) | _flows(loaded, request, after)


def _overlay_values(text: str, index: int) -> object:
    import yaml

    from lisiere.inventory.positions import Loader

    return yaml.load(text, Loader=Loader)["overlays"][index]  # noqa: S506 - one of the safe loaders


def _web_access(loaded: Loaded, request: ChangeWebAccess) -> dict[str, str]:
    """The kind at the host itself; where a group gives it, the host gets what the group says with another kind."""
    host = loaded.draft.nornir.host(request.site)
    file, inherited = host.place.file, host.chain.data.get("web_access")

    def change(tree: CommentedMap) -> None:
        data = tree[request.site].setdefault("data", CommentedMap())
        own = data.setdefault("web_access", deepcopy(inherited) if isinstance(inherited, dict) else {})
        own["kind"] = request.web_access.value

    return {file: rewrite_entry(loaded.texts[file], request.site, change)}


def _in_overlay(tree: CommentedMap, *, index: int, request: OverlayRequest) -> None:
    overlay = tree["overlays"][index]
    _EDITS[type(request)](overlay, request)


def _add_member(overlay: CommentedMap, request: AddMember) -> None:
    overlay["members"].append(CommentedMap({"site": _word(request.site), "segments": _listed(request.segments)}))


def _remove_member(overlay: CommentedMap, request: RemoveMember) -> None:
    _remove(overlay, "members", "site", request.site)


def _open_flow(overlay: CommentedMap, request: OpenFlow) -> None:
    entry = CommentedMap({"flow": _word(request.flow), "services": _listed(request.services)})
    entry["from"], entry["to"] = _ends(request.from_members), _ends(request.to_members)
    _append(overlay, "flows", entry, after="members")


def _close_flow(overlay: CommentedMap, request: CloseFlow) -> None:
    _remove(overlay, "flows", "flow", request.flow)


def _add_partner(overlay: CommentedMap, request: AddPartner) -> None:
    _append(overlay, "partners", _partner(request.partner), after="authentication")


def _remove_partner(overlay: CommentedMap, request: RemovePartner) -> None:
    _remove(overlay, "partners", "name", request.partner)


def _change_hub(overlay: CommentedMap, request: ChangeHub) -> None:
    overlay["hubs"][overlay["hubs"].index(request.hub)] = _word(request.successor)


def _add_hub(overlay: CommentedMap, request: AddHub) -> None:
    overlay["hubs"].append(_word(request.hub))


_EDITS: Mapping[type[OverlayRequest], Callable[..., None]] = MappingProxyType(
    {
        AddMember: _add_member,
        RemoveMember: _remove_member,
        OpenFlow: _open_flow,
        CloseFlow: _close_flow,
        AddPartner: _add_partner,
        RemovePartner: _remove_partner,
        ChangeHub: _change_hub,
        AddHub: _add_hub,
    },
)


def _partner(partner: Partner) -> CommentedMap:
    values = CommentedMap()
    for name in ("name", "title", "contact", "address", "identity"):
        values[name] = _word(str(getattr(partner, name)))
    values["prefixes"] = _listed(tuple(map(str, partner.prefixes)))
    values["sites"] = _listed(partner.sites)
    values["flows"] = CommentedSeq(
        CommentedMap(
            {
                "flow": _word(one.flow),
                "services": _listed(one.services),
                "from": _ends(one.from_members),
                "to": _ends(one.to_members),
            },
        )
        for one in partner.flows
    )
    values["until"] = partner.until
    return values


def _flows(loaded: Loaded, request: Request, after: Overlay) -> dict[str, str]:
    """Flows declared with what uses them, and gone with the last that did: no flow is without a rule."""
    new = _declared(request)
    gone = {
        name
        for name in named(loaded.fleet.overlays[after.name]) - named(after) - set(WELL_KNOWN_FLOWS)
        if name not in _used_elsewhere(loaded.draft, after.name)
    }
    if not new and not gone:
        return {}

    entries = {flow.id: flow_entry(flow) for flow in new}
    return {FLOWS: edit_entries(loaded.texts[FLOWS], "flows", gone=gone, new=entries)}


def _declared(request: Request) -> tuple[Flow, ...]:
    if isinstance(request, AddPartner):
        return request.declares
    if not isinstance(request, OpenFlow):
        return ()
    return (
        Flow(
            id=request.flow,
            title=request.title,
            owner=request.owner,
            reason=request.purpose,
            legal_basis=request.legal_basis,
            review_by=request.until,
            until=request.until,
        ),
    )


def flow_entry(flow: Flow) -> dict[str, object]:
    """A flow as an entry of its file."""
    values: dict[str, object] = {"id": _word(flow.id)}
    for name in ("title", "owner", "reason", "legal_basis"):
        values[name] = _word(str(getattr(flow, name)))
    values["review_by"] = date.fromordinal(flow.review_by.toordinal())  # an object of its own: no YAML anchor
    if flow.until is not None:
        values["until"] = flow.until
    return values


def named(overlay: Overlay) -> set[str]:
    """The flows that an overlay or one of its partners allows."""
    return {one.flow for one in (*overlay.flows, *(flow for partner in overlay.partners for flow in partner.flows))}


def _used_elsewhere(draft: Draft, overlay: str) -> set[str]:
    found = {one.rule.flow for one in draft.rules() if one.rule.flow is not None}
    for name, item in draft.overlays.items.items():
        if name != overlay:
            found |= named(item.value)
    return found


def _secrets(loaded: Loaded, name: str, after: Overlay) -> dict[str, str]:
    """The names of the keys of tunnels that come and go; values are made by who applies the request."""
    old = {key for key, _ in shared_keys(loaded.fleet.overlays[name])}
    new = {key for key, _ in shared_keys(after)}
    if old == new:
        return {}

    coming = {name: name for name in new - old}
    return {SECRETS: edit_entries(loaded.texts[SECRETS], "secrets", gone=old - new, new=coming)}


def _append(tree: CommentedMap, key: str, item: object, *, after: str) -> None:
    if key not in tree:
        tree.insert(list(tree).index(after) + 1, key, CommentedSeq())
    tree[key].append(item)


def _remove(tree: CommentedMap, key: str, label: str, name: str) -> None:
    """Take the entries of a name out of a list; a list that is then empty goes too."""
    for at in reversed([at for at, one in enumerate(tree[key]) if one[label] == name]):
        del tree[key][at]
    if not tree[key]:
        del tree[key]


def _ends(names: tuple[str, ...]) -> object:
    return _word(names[0]) if len(names) == 1 else _listed(names)


def _listed(words: tuple[str, ...]) -> CommentedSeq:
    return CommentedSeq(map(_word, words))


def _word(text: str) -> str:
    """Text as the inventory's files write it: plain, or in double quotes where it could be read as something else."""
    import ryaml
    import yaml

    from lisiere.inventory.positions import Loader

    if not _is_one_word(text):
        return text
    line = f"- {text}"
    by_reader: object = ryaml.loads(line)  # type: ignore[attr-defined]
    is_plain = yaml.load(line, Loader=Loader) == [text] == by_reader  # noqa: S506 - a safe loader
    return text if is_plain else DoubleQuotedScalarString(text)


def _is_one_word(text: str) -> bool:
    return text.replace("-", "").replace(".", "").replace(":", "").replace("/", "").isalnum()
