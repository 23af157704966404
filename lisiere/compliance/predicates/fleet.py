"""Predicates about the fleet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from lisiere.compliance.predicates.base import FleetPredicate
from lisiere.compliance.subject import Setting
from lisiere.model.finding import FLEET
from lisiere.model.intent import SiteIntent, Tunnel
from lisiere.model.overlay import Topology
from lisiere.model.phrases import Part
from lisiere.model.site import SCHOOL_WEB_ACCESS
from lisiere.model.words import SCHOOL_PROFILES, Slug

Found = Mapping[str, Sequence[str]]
Intents = Mapping[str, SiteIntent]


class RetentionWithin(FleetPredicate):
    """A class of log is kept long enough, and not too long."""

    is_about_fleet: ClassVar[bool] = True
    log_class: Slug
    minimum_days: int | None = Field(default=None, ge=1)
    maximum_days: int | None = Field(default=None, ge=1)

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """What is wrong with the operator's retention."""
        found = [one for one in setting.fleet.operator.retention if one.log_class == self.log_class]
        if not found:
            return {FLEET: [Part.RETENTION_MISSING(name=self.log_class)]}
        told = []
        if self.minimum_days is not None and found[0].minimum_days < self.minimum_days:
            kept = found[0].minimum_days
            told.append(Part.KEPT_TOO_SHORT(name=self.log_class, count=kept, limit=self.minimum_days))
        if self.maximum_days is not None and found[0].maximum_days > self.maximum_days:
            kept = found[0].maximum_days
            told.append(Part.KEPT_TOO_LONG(name=self.log_class, count=kept, limit=self.maximum_days))
        return {FLEET: told}


class FlowsReviewed(FleetPredicate):
    """Every declared flow was reviewed in time."""

    is_about_fleet: ClassVar[bool] = True

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """The flows whose review is late."""
        late = (one for one in setting.fleet.flows.values() if one.review_by < setting.as_of)
        return {FLEET: [Part.FLOW_REVIEW_LATE(flow=one.id, day=one.review_by) for one in late]}


class CollectorsAtLeast(FleetPredicate):
    """Logs go to several collectors."""

    is_about_fleet: ClassVar[bool] = True
    count: int = Field(ge=1)

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """How many there are instead."""
        count = len(setting.fleet.operator.collectors)
        return {FLEET: [] if count >= self.count else [Part.COLLECTORS(count=count, limit=self.count)]}


class KeysNotShared(FleetPredicate):
    """No two tunnels share a key, and no two sites a certificate."""

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """The keys that serve twice, at each appliance that has them."""
        uses: dict[str, set[frozenset[str]]] = defaultdict(set)
        holders: dict[str, set[str]] = defaultdict(set)
        for name, intent in intents.items():
            for tunnel in intent.tunnels:
                holders[tunnel.secret].add(name)
                pair = (tunnel.local_identity, tunnel.remote_identity, f"overlay {tunnel.overlay}")
                uses[tunnel.secret].add(frozenset(pair) if tunnel.authentication == "psk" else frozenset({name}))
        found: dict[str, list[str]] = defaultdict(list)
        for key in sorted(uses):
            if len(uses[key]) > 1:
                for name in holders[key]:
                    found[name].append(Part.KEY_SHARED(key=key, count=len(uses[key])))
        return found


class TunnelEndsAgree(FleetPredicate):
    """Both ends of a tunnel have the same policy."""

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """The tunnels whose ends differ, at both of them; ends that are not looked at are left out."""
        ends: dict[tuple[str, str, str], Tunnel] = {}
        for name, intent in intents.items():
            ends.update({(tunnel.overlay, name, tunnel.peer): tunnel for tunnel in intent.tunnels})
        found: dict[str, list[str]] = defaultdict(list)
        for (overlay, name, peer), one in ends.items():
            other = ends.get((overlay, peer, name))
            if other is not None and (told := _differ(one, other, peer)):
                found[name].append(told)
        return found


def _differ(one: Tunnel, other: Tunnel, peer: str) -> str:
    if one.crypto != other.crypto:
        return Part.ENDS_DIFFER_CRYPTO(name=one.name, crypto=one.crypto.name, other=other.crypto.name, peer=peer)
    if one.authentication != other.authentication or one.secret != other.secret:
        return Part.ENDS_DIFFER_AUTHENTICATION(name=one.name, peer=peer)
    if set(one.local_prefixes) != set(other.remote_prefixes) or set(one.remote_prefixes) != set(other.local_prefixes):
        return Part.ENDS_DIFFER_SELECTORS(name=one.name, peer=peer)
    return ""


class HubsInPairs(FleetPredicate):
    """Overlays with many members have two hubs."""

    members_at_least: int = Field(ge=2)

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """The hubs that nobody stands in for."""
        lonely = [
            one
            for one in setting.fleet.overlays.values()
            if one.topology is Topology.HUB_SPOKE and len(one.hubs) == 1 and len(one.members) >= self.members_at_least
        ]
        found: dict[str, list[str]] = defaultdict(list)
        for one in lonely:
            found[one.hubs[0]].append(Part.HUB_ALONE(overlay=one.name, count=len(one.members)))
        return found


class PartnersDated(FleetPredicate):
    """The agreement with each external partner has an end that has not passed, and is not too far away."""

    days_at_most: int = Field(ge=1)

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """The partners for whom it has, at their sites."""
        latest = setting.as_of + timedelta(days=self.days_at_most)
        found: dict[str, list[str]] = defaultdict(list)
        for overlay in setting.fleet.overlays.values():
            for partner in overlay.partners:
                if not setting.as_of <= partner.until <= latest:
                    for site in partner.sites:
                        told = Part.PARTNER_ENDS(name=partner.name, overlay=overlay.name, day=partner.until)
                        found[site].append(told)
        return found


class SchoolsHaveWebAccess(FleetPredicate):
    """Every school has one of the kinds of web access that schools may have."""

    def ask(self, intents: Intents, setting: Setting) -> Found:
        """The schools that have none of them."""
        schools = (one for one in setting.fleet.in_service() if one.profile in SCHOOL_PROFILES)
        return {
            one.name: [Part.WEB_ACCESS(kind=one.data.web_access.kind)]
            for one in schools
            if one.data.web_access.kind not in SCHOOL_WEB_ACCESS
        }
