"""Predicates about a site: its tunnels' algorithms, its web access, its release, what was granted to it."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from lisiere.compliance.predicates.base import IntentPredicate, Told
from lisiere.compliance.subject import Setting, Subject
from lisiere.model.crypto import ALGORITHMS
from lisiere.model.intent import Tunnel
from lisiere.model.phrases import Part
from lisiere.model.site import WebAccessKind
from lisiere.model.words import Slug


def _known(name: str) -> str:
    if name not in ALGORITHMS:
        raise ValueError(f"{name!r} is no algorithm; there are {', '.join(sorted(ALGORITHMS))}")
    return name


Algorithm = Annotated[str, AfterValidator(_known)]
"""An algorithm by its name in crypto.yaml; a word that is none would be looked for in vain for ever."""


class AlgorithmsEnd(IntentPredicate):
    """No tunnel uses an algorithm after its last day."""

    ends: dict[Algorithm, date] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The algorithms that have ended, by tunnel; not concerned without tunnels."""
        if not subject.intent.tunnels:
            return None
        return [
            Part.ALGORITHM_ENDED(name=tunnel.name, algorithm=one, day=self.ends[one])
            for tunnel in subject.intent.tunnels
            for one in tunnel.crypto.algorithms()
            if one in self.ends and setting.as_of > self.ends[one]
        ]


class TunnelsUse(IntentPredicate):
    """Every tunnel uses one of some algorithms."""

    one_of: tuple[Algorithm, ...] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The tunnels that use none of them; not concerned without tunnels."""
        tunnels = subject.intent.tunnels
        return [Part.ALGORITHM_NONE(name=one.name) for one in tunnels if not self._fits(one)] if tunnels else None

    def _fits(self, tunnel: Tunnel) -> bool:
        return bool(set(self.one_of) & set(tunnel.crypto.algorithms()))


class WebAccessIs(IntentPredicate):
    """A site's web access is one of some kinds."""

    kinds: tuple[WebAccessKind, ...] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The kind that it is instead."""
        kind = subject.intent.web.kind
        return [] if kind in self.kinds else [Part.WEB_ACCESS(kind=kind)]


class ProxyAnnounced(IntentPredicate):
    """Browsers are told of the proxy by DHCP on every segment whose users go through it."""

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The segments where they are not; not concerned where nothing is to be told."""
        web = subject.intent.web
        if web.pac is None and web.pac_url is None:
            return None
        inside = {one.name.removeprefix("segment-") for one in subject.intent.interfaces if one.zone in web.zones}
        silent = [one.name for one in subject.intent.dhcp if one.name in inside and not one.pac_url]
        return [Part.PROXY_UNTOLD(name=name) for name in silent]


class FilterCategories(IntentPredicate):
    """The filter of the appliance blocks some categories."""

    categories: tuple[Slug, ...] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The categories that it lets through; not concerned where the appliance filters nothing."""
        proxy = subject.intent.web.proxy
        if proxy is None or proxy.filtering is None:
            return None
        blocked = proxy.filtering.blocked_categories
        return [Part.CATEGORY_OPEN(category=one) for one in self.categories if one not in blocked]


class ReleaseSupported(IntentPredicate):
    """The release of the platform is maintained on that day."""

    ends: dict[str, date] = Field(min_length=1)

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """Since when it is not, or that nobody knows."""
        release = f"{subject.appliance.platform}-{subject.appliance.data.release}"
        end = self.ends.get(release)
        if end is None:
            return [Part.SUPPORT_UNKNOWN(release=release)]
        return [Part.SUPPORT_ENDED(release=release, day=end)] if setting.as_of > end else []


class HostKeyPinned(IntentPredicate):
    """The host key of the appliance is known beforehand."""

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """That it is not."""
        return [] if subject.appliance.data.host_key else [Part.HOST_KEY_MISSING()]


class GrantsDated(IntentPredicate):
    """What was granted to a site alone ends, and not too far away."""

    days_at_most: int = Field(ge=1)

    ended: ClassVar[Part]
    lasts: ClassVar[Part]

    def _late(self, granted: Iterable[tuple[str, date]], setting: Setting) -> Told:
        latest = setting.as_of + timedelta(days=self.days_at_most)
        told = []
        for name, until in granted:
            if until < setting.as_of:
                told.append(self.ended(name=name, day=until))
            elif until > latest:
                told.append(self.lasts(name=name, day=until, limit=self.days_at_most))
        return told


class BypassesDated(GrantsDated):
    """Each bypass of the web filter ends, and not too far away."""

    ended: ClassVar[Part] = Part.BYPASS_ENDED
    lasts: ClassVar[Part] = Part.BYPASS_LASTS

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The bypasses that do not; not concerned without any."""
        found = subject.appliance.data.web_access.bypass
        return self._late(((one.destination, one.until) for one in found), setting) if found else None


class ExceptionsDated(GrantsDated):
    """Each exception of a site ends, and not too far away."""

    ended: ClassVar[Part] = Part.EXCEPTION_ENDED
    lasts: ClassVar[Part] = Part.EXCEPTION_LASTS

    def ask(self, subject: Subject, setting: Setting) -> Told:
        """The exceptions that do not; not concerned without any."""
        found = subject.appliance.data.exceptions
        return self._late(((one.rule.id, one.until) for one in found), setting) if found else None
