"""What can be answered where a request is asked for in a dialogue: the own names of the fleet, with their titles."""

from collections.abc import Iterable, Mapping

from lisiere.model.overlay import Overlay
from lisiere.model.request import RequestKind
from lisiere.model.site import SCHOOL_WEB_ACCESS
from lisiere.model.words import Lifecycle
from lisiere.policy.layers import ANY
from lisiere.workflow.requests.sight import Sight

Choices = dict[str, str]
"""Names that can be given, each with what people call it."""


def choices(field: str, answers: Mapping[str, str], sight: Sight) -> Choices:
    """What can be answered to a question in the light of the answers before it; empty where that is free."""
    if field == "overlay":
        return {one.name: one.title for one in sight.fleet.overlays.values() if sight.includes(one.territory)}
    if field == "services":
        return {one.name: one.title for _, one in sorted(sight.fleet.services.items())}
    kind, overlay = answers.get("kind", ""), sight.fleet.overlays.get(answers.get("overlay", ""))
    if field in {"site", "segments", "web_access"}:
        return _about_sites(field, kind, answers, overlay, sight)
    if overlay is None or not sight.includes(overlay.territory):
        return {}
    return _inside(field, kind, overlay, sight)


def _about_sites(field: str, kind: str, answers: Mapping[str, str], overlay: Overlay | None, sight: Sight) -> Choices:
    sites = {one.name: one for one in sight.fleet.in_service() if sight.includes(one.territory)}
    if field == "site":
        members = set() if overlay is None else {one.site for one in overlay.members}
        if kind == RequestKind.CHANGE_WEB_ACCESS:
            return {name: one.data.site for name, one in sites.items() if one.data.web_access.kind in SCHOOL_WEB_ACCESS}
        is_inside = kind == RequestKind.REMOVE_MEMBER
        return {name: one.data.site for name, one in sites.items() if (name in members) is is_inside}
    site = sites.get(answers.get("site", ""))
    if site is None or site.data.lifecycle is Lifecycle.RETIRED:
        return {}
    if field == "segments":
        return {one.name: f"{one.zone}, {one.ipv4.network}" for one in site.data.segments}
    allowed = sight.fleet.profiles[site.profile].web_access
    return {str(one): "" for one in allowed if one in SCHOOL_WEB_ACCESS and one is not site.data.web_access.kind}


def _inside(field: str, kind: str, overlay: Overlay, sight: Sight) -> Choices:
    members = [one.site for one in overlay.members]
    if field in {"from", "to"}:
        return {ANY: ""} | _titled(members, sight)
    if field == "partner.sites":
        return _titled(members, sight)
    if field == "ends":
        return _titled(members, sight) | {one.name: one.title for one in overlay.partners}
    if field == "partner" and kind == RequestKind.REMOVE_PARTNER:
        return {one.name: one.title for one in overlay.partners}
    if field == "flow" and kind == RequestKind.CLOSE_FLOW:
        return {one.flow: sight.fleet.flows[one.flow].title for one in overlay.flows}
    if field == "hub" and kind == RequestKind.CHANGE_HUB:
        return _titled(overlay.hubs, sight)
    if field in {"hub", "successor"}:
        return _titled((name for name in members if name not in overlay.hubs), sight)
    return {}


def _titled(names: Iterable[str], sight: Sight) -> Choices:
    return {name: sight.fleet.appliances[name].data.site for name in names}
