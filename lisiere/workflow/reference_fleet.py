"""The reference fleet: 600 appliances made from public data, always the same bytes for the same source."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.errors import UsageError
from lisiere.model.overlay import Overlay
from lisiere.model.site import SiteData
from lisiere.model.traffic import PolicyLayers
from lisiere.model.words import HostName, Platform, Siren
from lisiere.workflow.reference import hosts, numbers, overlays, programme
from lisiere.workflow.reference.choice import Site, choose_sites
from lisiere.workflow.reference.flows import flows
from lisiere.workflow.reference.networks import address_sets, services
from lisiere.workflow.reference.operator import SERVICE_ACCOUNT, operator
from lisiere.workflow.reference.policies import policies
from lisiere.workflow.reference.source import Body, Source, read_source, validate_source
from lisiere.workflow.reference.yaml_text import Plain, document, plain

DEFAULT_COUNT = 600
PER_TERRITORY = ("hosts", "overlays")
"""Folders that hold a file for each territory and nothing else."""


@dataclass(frozen=True, slots=True)
class Written:
    """What writing an inventory did: file names relative to it."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def load_source(path: Path) -> dict[str, object]:
    """The content of a source file such as `data/somme-2026.json`.

    Raises:
        UsageError: The file cannot be read, or holds no JSON object.
    """
    return read_source(path)


def generate(
    source: Mapping[str, object],
    *,
    count: int = DEFAULT_COUNT,
    existing: Path | None = None,
    platform: Platform | None = None,
) -> dict[str, str]:
    """The text of every file of the reference inventory, by its name relative to the inventory.

    Args:
        source: Bodies and communes, as `load_source` gives them.
        count: Appliances in service; the retired ones come on top.
        existing: An inventory whose territories and appliances keep their numbers; it need not exist yet.
        platform: What every appliance runs; by default what the programme says of each.

    Raises:
        UsageError: No fleet of that size can be made.
        InventoryError: The source or the existing inventory is not what it should be.
    """
    valid = validate_source(source)
    sites = choose_sites(valid, count)
    known = numbers.read_numbers(existing) if existing is not None else numbers.Numbers()
    numbered = numbers.number_sites(sites, known)
    bodies = {body.siren: body for body in valid.epci}
    places = {body.siren: place for place, body in enumerate(valid.ranked)}
    runs = {site.name: platform or programme.platform(site) for site in sites}
    data = {
        site.name: hosts.site_data(site, numbered[site.name], places[site.territory], runs[site.name]) for site in sites
    }
    found = {siren: _overlays(bodies[siren], sites, place) for siren, place in sorted(places.items())}
    layers = policies(tuple(places), {site.profile for site in sites if not site.is_retired})
    used = _used_flows(layers, data.values(), [one for several in found.values() for one in several])
    files = {
        "defaults.yaml": document({"username": SERVICE_ACCOUNT, "port": 22, "data": {}}),
        "groups.yaml": document(_groups(valid, numbered, sites, sorted(set(runs.values())))),
        "operator.yaml": document({"operator": plain(operator())}),
        "networks.yaml": document({"networks": plain(address_sets())}),
        "services.yaml": document({"services": plain(services())}),
        "flows.yaml": document({"flows": plain(flows(used))}),
        "policies.yaml": document({"policies": plain(layers)}),
        "crypto.yaml": document({"crypto": plain(overlays.crypto_profiles())}),
        "secrets.yaml": document(
            {"secrets": overlays.secrets([one for several in found.values() for one in several])},
        ),
    }
    for siren, body in sorted(bodies.items()):
        files[f"hosts/{siren}-{body.slug}.yaml"] = document(_hosts(siren, sites, data, runs))
        if found[siren]:
            files[f"overlays/{siren}-{body.slug}.yaml"] = document({"overlays": plain(found[siren])})
    return dict(sorted(files.items()))


def write(directory: Path, files: Mapping[str, str]) -> Written:
    """Write an inventory: everything aside first, then file by file into place; files of territories that are gone go.

    Raises:
        UsageError: The directory cannot be written; every file in it is whole, an old one or a new one.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
    except OSError as exc:
        raise UsageError(f"{directory}: cannot be written: {exc.strerror}") from exc
    try:
        changed = tuple(name for name, text in sorted(files.items()) if not _holds(directory / name, text))
        for name in changed:
            _write_durably(aside / name, files[name])
        for name in changed:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(aside / name, directory / name)
        removed = tuple(_stale(directory, files))
        for name in removed:
            (directory / name).unlink()
    except OSError as exc:
        raise UsageError(f"{directory}: cannot be written: {exc.strerror}") from exc
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Written(changed, tuple(sorted(set(files) - set(changed))), removed)


def _overlays(body: Body, sites: Sequence[Site], place: int) -> tuple[Overlay, ...]:
    here = [site for site in sites if site.territory == body.siren and not site.is_retired]
    return overlays.overlays(body, here, place)


def _groups(
    source: Source,
    numbered: Mapping[HostName, numbers.Number],
    sites: Sequence[Site],
    platforms: Sequence[Platform],
) -> Plain:
    territory_numbers = {site.territory: numbered[site.name].territory for site in sites}
    territories = {
        f"epci-{body.siren}": {"data": {"territory": plain(hosts.territory(body, territory_numbers[body.siren]))}}
        for body in sorted(source.epci, key=lambda one: one.siren)
    }
    kinds = {f"profile-{one.name}": {"data": {"profile": plain(one)}} for one in hosts.profiles()}
    return {**territories, **kinds, **{f"platform-{one}": {"platform": one.value} for one in platforms}}


def _hosts(
    siren: Siren, sites: Sequence[Site], data: Mapping[HostName, SiteData], runs: Mapping[HostName, Platform]
) -> Plain:
    here = sorted((site for site in sites if site.territory == siren), key=lambda one: one.name)
    return {
        site.name: {
            "hostname": str(data[site.name].loopback.ipv4),
            "groups": [f"epci-{siren}", f"profile-{site.profile}", f"platform-{runs[site.name]}"],
            "data": plain(data[site.name]),
        }
        for site in here
    }


def _used_flows(layers: PolicyLayers, sites: Iterable[SiteData], found: Sequence[Overlay]) -> frozenset[str]:
    rules = [*layers.fleet]
    rules += [rule for several in (*layers.territories.values(), *layers.profiles.values()) for rule in several]
    rules += [one.rule for site in sites for one in site.exceptions]
    inside = [flow for overlay in found for flow in overlay.flows]
    inside += [flow for overlay in found for partner in overlay.partners for flow in partner.flows]
    return frozenset({rule.flow for rule in rules if rule.flow} | {one.flow for one in inside})


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _write_durably(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _stale(directory: Path, files: Mapping[str, str]) -> Iterator[str]:
    for folder in PER_TERRITORY:
        for path in sorted((directory / folder).glob("[0-9]" * 9 + "-*.yaml")):
            name = f"{folder}/{path.name}"
            if name not in files:
                yield name
