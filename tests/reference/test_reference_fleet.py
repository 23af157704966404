"""The reference fleet: what it is made of, always the same bytes, and addresses that stay where they are."""

import copy
import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from lisiere.errors import InventoryError, UsageError
from lisiere.inventory.loader import load_fleet
from lisiere.model.fleet import Fleet
from lisiere.model.overlay import Overlay, Topology
from lisiere.model.site import WebAccessKind
from lisiere.model.vocabulary import RELEASES
from lisiere.model.words import Lifecycle, Platform, ProfileName, Release
from lisiere.policy.dates import ending
from lisiere.workflow.reference.larger import enlarged
from lisiere.workflow.reference.programme import REFERENCE_DATE
from lisiere.workflow.reference_fleet import generate, load_source, write
from tests.house.checkout import ROOT

SOURCE = ROOT / "data" / "somme-2026.json"
COMMITTED = ROOT / "inventory"

DIGEST = """
import hashlib, sys
from pathlib import Path
from lisiere.workflow.reference_fleet import generate, load_source
files = generate(load_source(Path(sys.argv[1])))
print(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())
"""


@cache
def fleet() -> Fleet:
    """The committed fleet, loaded and validated as any other inventory is."""
    return load_fleet(COMMITTED, as_of=REFERENCE_DATE)


def source() -> dict[str, Any]:
    """A copy of the public data that a test may change."""
    return copy.deepcopy(load_source(SOURCE))


@cache
def reference() -> Mapping[str, str]:
    """The reference fleet as the generator writes it from nothing."""
    return generate(load_source(SOURCE))


def hosts(files: Mapping[str, str]) -> dict[str, Any]:
    """Every host of a generated inventory."""
    texts = (text for name, text in files.items() if name.startswith("hosts/"))
    return {name: host for text in texts for name, host in yaml.load(text, yaml.CSafeLoader).items()}


def texts_in(directory: Path) -> dict[str, str]:
    """Every file of an inventory on disk."""
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def addresses(host: Mapping[str, Any]) -> tuple[Any, ...]:
    """All that a site is numbered with."""
    data = host["data"]
    segments = [(one["name"], one["ipv4"], one["ipv6"]) for one in data["segments"]]
    return host["hostname"], data["loopback"], data["uplink"], data["management"], segments


def test_the_committed_inventory_is_what_the_generator_writes() -> None:
    """Run `lisiere inventory generate` after a change of the generator; nothing else edits the reference fleet."""
    generated, committed = reference(), texts_in(COMMITTED)
    assert sorted(generated) == sorted(committed)
    assert [name for name in generated if generated[name] != committed[name]] == []


def test_an_inventory_that_exists_is_written_again_as_it_is() -> None:
    """Numbers that are read back are the numbers that were given."""
    assert generate(load_source(SOURCE), existing=COMMITTED) == texts_in(COMMITTED)


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_same_source_gives_the_same_bytes_elsewhere(seed: str, tmp_path: Path) -> None:
    """Another process, hash seed, folder, language and time zone change nothing."""
    here = hashlib.sha256(repr(sorted(reference().items())).encode()).hexdigest()
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "TZ": "Pacific/Apia"}
    command = [sys.executable, "-c", DIGEST, str(SOURCE)]
    there = subprocess.run(
        command, env=os.environ | environment, cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert there.stdout.strip() == here


def test_there_are_600_appliances_in_service_in_17_territories() -> None:
    """In believable proportions, and every territory has its share."""
    in_service = list(fleet().in_service())
    assert len(in_service) == 600
    assert Counter(one.name.split("-")[1] for one in in_service) == {
        "mairie": 260,
        "ecole": 190,
        "mediatheque": 50,
        "college": 45,
        "technique": 38,
        "siege": 17,
    }
    assert {one.territory for one in in_service} == set(fleet().territories)
    assert len(fleet().territories) == 17
    assert len(fleet().appliances) == 612


def test_the_fleet_has_one_of_everything() -> None:
    """Every profile on each release, every stage, web access, topology, family of a tunnel; both numbers of hubs."""
    sites, found = list(fleet().in_service()), list(fleet().overlays.values())
    assert {(one.profile, one.data.release) for one in sites} == {
        (profile, release) for profile in ProfileName for release in Release
    }
    assert all(one.data.release in RELEASES[one.platform] for one in fleet().appliances.values())
    assert {one.data.lifecycle for one in fleet().appliances.values()} == set(Lifecycle)
    assert {one.data.web_access.kind for one in sites} == set(WebAccessKind)
    assert {(one.topology, len(one.hubs)) for one in found} == {
        (Topology.HUB_SPOKE, 1),
        (Topology.HUB_SPOKE, 2),
        (Topology.MESH, 0),
    }
    assert {partner.address.version for one in found for partner in one.partners} == {4, 6}
    assert {one.crypto for one in found} == set(fleet().crypto)
    assert sum(len(one.data.exceptions) for one in sites) == 10
    assert any(one.data.web_access.bypass for one in sites)
    assert any(one.data.backup is not None for one in sites)


def test_two_territories_have_debian_appliances() -> None:
    """One has nothing else; in the other the seat is a VyOS appliance and the hub of an overlay of Debian ones."""
    of_territory: dict[str, Counter[str]] = {}
    for one in fleet().in_service():
        of_territory.setdefault(one.territory, Counter())[str(one.platform)] += 1
    mixed = {siren: dict(found) for siren, found in of_territory.items() if "debian" in found}
    assert mixed == {"200070951": {"debian": 36}, "248000747": {"debian": 34, "vyos": 1}}
    platforms = {
        name: [{str(fleet().appliances[site].platform) for site in sites} for sites in (one.hubs, _spokes(one))]
        for name, one in fleet().overlays.items()
        if one.territory in mixed and one.hubs
    }
    assert sorted(platforms.values(), key=str) == [[{"debian"}, {"debian"}], [{"vyos"}, {"debian"}]]


def _spokes(overlay: Overlay) -> list[str]:
    return [member.site for member in overlay.members if member.site not in overlay.hubs]


def test_every_appliance_can_be_told_to_run_one_platform() -> None:
    """What the embedded lab and the benchmarks ask for: the same fleet, all of it VyOS; addresses are the same."""
    alike, mixed = hosts(generate(load_source(SOURCE), platform=Platform.VYOS)), hosts(reference())
    assert {one["groups"][-1] for one in alike.values()} == {"platform-vyos"}
    assert {name: addresses(one) for name, one in alike.items()} == {
        name: addresses(one) for name, one in mixed.items()
    }


def test_the_tunnels_of_schools_end_at_the_academie() -> None:
    """Ten schools, each among the sites of the partner; none has guests, who may not enter a tunnel."""
    schools = {one.name for one in fleet().in_service() if one.data.web_access.kind is WebAccessKind.TUNNEL}
    partners = [partner for one in fleet().overlays.values() for partner in one.partners]
    served = [site for one in partners if one.name == fleet().operator.academie.tunnel_partner for site in one.sites]
    assert sorted(served) == sorted(schools)
    assert len(schools) == 10
    zones = {segment.zone.value for name in schools for segment in fleet().appliances[name].data.segments}
    assert zones == {"admin", "edu"}


def test_what_is_written_down_is_used() -> None:
    """No service, no crypto profile and no address set lies about; flows are checked when the fleet is loaded."""
    policies, sites = fleet().policies, list(fleet().in_service())
    layers = (policies.fleet, *policies.territories.values(), *policies.profiles.values())
    rules = [rule for layer in layers for rule in layer] + [x.rule for one in sites for x in one.data.exceptions]
    inside = [flow for one in fleet().overlays.values() for flow in (*one.flows, *_partner_flows(one.partners))]
    operator = fleet().operator
    services = {name for one in (*rules, *inside) for name in one.services} | {operator.backup.service}
    sets = {name for rule in rules for name in (*rule.source, *rule.destination) if ":" not in name}
    sets |= {bypass.destination for one in sites for bypass in one.data.web_access.bypass}
    sets |= {operator.backup.destination, operator.doh_resolvers, operator.academie.pac_host}
    assert services == set(fleet().services)
    assert sets == set(fleet().address_sets)


def _partner_flows(partners: Iterable[Any]) -> list[Any]:
    return [flow for partner in partners for flow in partner.flows]


def test_the_operators_number_is_nobodys() -> None:
    """SIREN numbers pass the Luhn check; this one fails it."""
    digits = [int(one) * (2 if place % 2 else 1) for place, one in enumerate(fleet().operator.siren)]
    assert sum(one if one < 10 else one - 9 for one in digits) % 10 != 0


def test_what_stands_outside_is_numbered_apart_from_the_fleet() -> None:
    """Address sets, servers, partners and pools have no address in common with a pool of the plan."""
    operator = fleet().operator
    pools = [getattr(operator.pools, name) for name in type(operator.pools).model_fields]
    outside = [prefix for one in fleet().address_sets.values() for prefix in one.prefixes]
    outside += [p for one in fleet().overlays.values() for partner in one.partners for p in partner.prefixes]
    outside += operator.management_prefixes
    pairs = [(one, other) for one in pools for other in outside] + list(combinations(pools, 2))
    assert [(a, b) for a, b in pairs if a.version == b.version and a.overlaps(b)] == []


def test_more_sites_leave_every_other_as_it_is(tmp_path: Path) -> None:
    """Ten more appliances: not one byte of the 612 others changes."""
    write(tmp_path, reference())
    before, after = hosts(texts_in(tmp_path)), hosts(generate(load_source(SOURCE), count=610, existing=tmp_path))
    assert len(after) == len(before) + 10
    assert {name: after[name] for name in before} == before


def test_a_commune_that_goes_moves_nobody(tmp_path: Path) -> None:
    """Sites that remain keep their addresses; new ones fill the gaps, and no address is given twice."""
    write(tmp_path, reference())
    before = hosts(texts_in(tmp_path))
    changed = source()
    communes = changed["epci"][10]["communes"]
    gone = sorted(communes, key=lambda one: -one["population"])[1]
    communes.remove(gone)
    after = hosts(generate(changed, existing=tmp_path))
    kept = before.keys() & after.keys()
    assert 590 < len(kept) < len(before)
    assert not any(name.startswith(gone["insee"]) for name in after)
    assert {name: addresses(after[name]) for name in kept} == {name: addresses(before[name]) for name in kept}
    assert len({host["hostname"] for host in after.values()}) == len(after)


def test_a_commune_and_a_body_that_come_move_nobody(tmp_path: Path) -> None:
    """A territory that sorts before all others takes a free number, not the first."""
    write(tmp_path, reference())
    before = hosts(texts_in(tmp_path))
    changed = source()
    town = {"insee": "80999", "siren": "218099999", "name": "Lisière-sur-Somme", "population": 5000, "postcodes": []}
    changed["epci"].append(
        {"siren": "200000001", "name": "CC de la Lisière", "kind": "CC", "communes_total": 1, "communes": [town]}
    )
    after = hosts(generate(changed, existing=tmp_path))
    assert "80999-siege-01" in after
    kept = before.keys() & after.keys()
    assert {name: addresses(after[name]) for name in kept} == {name: addresses(before[name]) for name in kept}


@pytest.mark.parametrize("count", [17, 40, 150, 900])
def test_fleets_of_other_sizes_are_accepted_too(count: int, tmp_path: Path) -> None:
    """From a seat for each territory to half as many again; only what they use is declared."""
    write(tmp_path, generate(load_source(SOURCE), count=count))
    assert len(list(load_fleet(tmp_path, as_of=REFERENCE_DATE).in_service())) == count


@pytest.mark.parametrize("count", [1, 60, 2500])
def test_a_fleet_for_measuring_has_any_size(count: int, tmp_path: Path) -> None:
    """In bodies that the address plan has room for, and with every kind of site that the real fleet has."""
    write(tmp_path, generate(enlarged(load_source(SOURCE), count), count=count))
    fleet = load_fleet(tmp_path, as_of=REFERENCE_DATE)
    assert len(list(fleet.in_service())) == count
    assert max(Counter(one.territory for one in fleet.appliances.values()).values()) <= 140
    assert count < 60 or {one.profile for one in fleet.in_service()} == set(ProfileName)
    assert count < 60 or fleet.overlays


def test_a_fleet_for_measuring_ends_with_the_address_plan() -> None:
    """64 territories of 244 sites are its end."""
    with pytest.raises(UsageError, match="no room"):
        enlarged(load_source(SOURCE), 16_000)


def test_the_fleet_is_accepted_until_the_programme_ends() -> None:
    """Nothing in it expires before 2029; then what was dated has ended, each end is named, and all else goes on."""
    last, after = (load_fleet(COMMITTED, as_of=day) for day in (date(2028, 12, 31), date(2029, 1, 1)))
    assert len(last.appliances) == len(after.appliances) == 612
    assert not [one for one in ending(last) if "ended on" in one.message]
    found = [one for one in ending(after) if "ended on" in one.message]
    assert len(found) >= 6
    assert all("2028-12-31" in one.message for one in found)


def test_writing_again_changes_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A second run finds all as it should be; files of a territory that is gone go, files of others stay."""
    files = generate(load_source(SOURCE), count=40)
    first = write(tmp_path, files)
    assert first.changed == tuple(sorted(files))
    (tmp_path / "hosts" / "999999999-nowhere.yaml").write_text("---\n")
    (tmp_path / "README.md").write_text("ours\n")
    second = write(tmp_path, files)
    assert (second.changed, second.removed) == ((), ("hosts/999999999-nowhere.yaml",))
    assert texts_in(tmp_path) == {**files, "README.md": "ours\n"}


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """One clear message, no file in half and nothing left aside."""
    (tmp_path / "secrets.yaml").mkdir()
    (tmp_path / "secrets.yaml" / "in-the-way").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path, {"crypto.yaml": "---\nnew\n", "secrets.yaml": "---\n"})
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    with pytest.raises(UsageError, match="cannot be written"):
        write(SOURCE / "below-a-file", {"crypto.yaml": "---\n"})


@pytest.mark.parametrize(("count", "message"), [(16, "at least one"), (6000, "too many sites in territory")])
def test_a_fleet_that_cannot_be_is_refused(count: int, message: str) -> None:
    """Fewer appliances than territories, or more than the address plan has numbers."""
    with pytest.raises(UsageError, match=message):
        generate(load_source(SOURCE), count=count)


def test_a_source_that_is_none_is_refused(tmp_path: Path) -> None:
    """Not there, no JSON, no object, or with mistakes: each is named."""
    (tmp_path / "text.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    for name in ("missing.json", "text.json", "list.json"):
        with pytest.raises(UsageError, match=name):
            load_source(tmp_path / name)
    broken = source()
    broken["epci"][0]["communes"][0]["population"] = -1
    broken["epci"][1]["kind"] = "XX"
    with pytest.raises(InventoryError) as caught:
        generate(broken)
    assert len(caught.value.mistakes) == 2


def test_an_inventory_of_another_plan_is_refused_with_its_lines(tmp_path: Path) -> None:
    """Numbers are not guessed from addresses that are none of ours."""
    write(tmp_path, generate(load_source(SOURCE), count=40))
    path = tmp_path / "hosts" / "200069672-ternois.yaml"
    lines = path.read_text().splitlines()
    wrong = next(number for number, line in enumerate(lines) if line.strip().startswith("ipv4: 10.48."))
    lines[wrong] = "      ipv4: 192.0.2.7"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InventoryError, match=rf"ternois\.yaml:{wrong + 1}: 192\.0\.2\.7 is outside 10\.48\.0\.0/16"):
        generate(load_source(SOURCE), count=40, existing=tmp_path)
