"""Checks of a site by itself: names, profile, VLANs, web access, backup, exceptions and their ends."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from lisiere.inventory.draft import Draft, is_misplaced, siren_of
from lisiere.inventory.nornir_shape import Host
from lisiere.inventory.notes import Notebook, Place
from lisiere.model.site import SCHOOL_WEB_ACCESS, Profile
from lisiere.model.vocabulary import RELEASES
from lisiere.model.words import LAN_ZONES, SCHOOL_PROFILES, Lifecycle

DOMAIN_NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def check(draft: Draft, notes: Notebook) -> None:
    """Note what is wrong with each site alone, and with the profiles."""
    for item in draft.nornir.profiles.items.values():
        _check_profile(item.value, item.place, notes)
    for host in draft.nornir.each():
        _check_identity(host, notes)
        _check_segments(host, draft, notes)
        _check_web_access(host, draft, notes)
        _check_backup(host, notes)


def _check_profile(profile: Profile, place: Place, notes: Notebook) -> None:
    for index, zone in enumerate(profile.zones):
        if zone not in LAN_ZONES:
            message = f"profile {profile.name}: no segment can be in zone {zone}"
            notes.add(place.at("zones", index), message, f"choose among {', '.join(sorted(LAN_ZONES))}")
    if profile.name not in SCHOOL_PROFILES:
        return
    for index, kind in enumerate(profile.web_access):
        if kind not in SCHOOL_WEB_ACCESS:
            message = f"profile {profile.name}: web access {kind} does not pass a school's filter"
            notes.add(place.at("web_access", index), message, f"choose among {', '.join(sorted(SCHOOL_WEB_ACCESS))}")


def _check_identity(host: Host, notes: Notebook) -> None:
    one, data = host.value, host.value.data
    if not one.name.startswith(f"{data.insee.lower()}-"):
        message = f"host {one.name}: the name does not begin with the INSEE code {data.insee}"
        notes.add(host.at("insee"), message, f"name it {data.insee.lower()}-<kind>-<number> or correct the code")
    if not _is_reached_at(one.hostname, str(data.loopback.ipv4)):
        message = f"host {one.name}: hostname {one.hostname} is neither a name nor its loopback {data.loopback.ipv4}"
        notes.add(host.chain.attribute_place("hostname"), message, "make it the loopback's IPv4 address")
    if data.release not in RELEASES[one.platform]:
        message = f"host {one.name}: {one.platform} has no release {data.release}"
        notes.add(host.at("release"), message, f"choose among {', '.join(sorted(RELEASES[one.platform]))}")
    if data.lifecycle is Lifecycle.ACTIVE and data.host_key is None:
        message = f"host {one.name}: is active and has no host_key"
        notes.add(host.at("lifecycle"), message, "enrol it and pin its public host key, or plan it first")
    if is_misplaced(host):
        siren = siren_of(host.place.file)
        message = f"host {one.name}: is of territory {one.territory}, this file is that of {siren}"
        notes.add(host.place, message, f"move it to the file hosts/{one.territory}-….yaml or correct its groups")


def _is_reached_at(hostname: str, loopback: str) -> bool:
    try:
        return str(ip_address(hostname)) == loopback
    except ValueError:
        is_number = hostname.replace(".", "").isdecimal()
        return not is_number and DOMAIN_NAME.fullmatch(hostname) is not None


def _check_segments(host: Host, draft: Draft, notes: Notebook) -> None:
    data, name = host.value.data, host.value.name
    profile = draft.nornir.profiles.items.get(host.value.profile)
    for index, label in _repeated([segment.name for segment in data.segments]):
        notes.add(host.at("segments", index, "name"), f"host {name}: two segments are named {label}", "rename one")
    for index, vlan in _repeated([segment.vlan for segment in data.segments]):
        message = f"host {name}: VLAN {vlan} is used twice"
        notes.add(host.at("segments", index, "vlan"), message, "give each segment a VLAN of its own")
    for index, segment in enumerate(data.segments):
        allowed = set(profile.value.zones) & LAN_ZONES if profile else LAN_ZONES
        if segment.zone not in allowed:
            message = f"host {name}: segment {segment.name} is in zone {segment.zone}, which its profile has not"
            notes.add(host.at("segments", index, "zone"), message, f"choose among {', '.join(sorted(allowed))}")


def _repeated(values: Sequence[str | int]) -> Iterator[tuple[int, str | int]]:
    """(index, value) of everything that stood before already."""
    seen: set[str | int] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)


def _check_web_access(host: Host, draft: Draft, notes: Notebook) -> None:
    one = host.value
    web = one.data.web_access
    profile = draft.nornir.profiles.items.get(one.profile)
    if profile is not None and web.kind not in profile.value.web_access:
        message = f"host {one.name}: web access {web.kind} is not one that profile {one.profile} allows"
        allowed = ", ".join(sorted(profile.value.web_access))
        notes.add(host.at("web_access", "kind"), message, f"choose among {allowed}")
    for index, bypass in enumerate(web.bypass):
        place = host.at("web_access", "bypass", index, "destination")
        draft.address_sets.find(bypass.destination, place, kind="address set", notes=notes)


def _check_backup(host: Host, notes: Notebook) -> None:
    name, data = host.value.name, host.value.data
    if data.backup is None:
        return
    if data.backup.segment not in {segment.name for segment in data.segments}:
        message = f"host {name}: backs up segment {data.backup.segment}, which it has not"
        notes.add(host.at("backup", "segment"), message, "name one of its segments")
    if data.backup.rate_mbit > data.uplink_mbit:
        message = f"host {name}: the backup's {data.backup.rate_mbit} Mbit/s exceed the uplink's {data.uplink_mbit}"
        notes.add(host.at("backup", "rate_mbit"), message, "lower the rate")
