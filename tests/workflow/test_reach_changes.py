"""What a plan opens and closes, from the two texts that it was frozen with."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.model.fleet import Fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import PlannedChange
from lisiere.model.traffic import Rule
from lisiere.policy.frozen import Policy, PolicyBook
from lisiere.policy.reach import difference
from lisiere.policy.site import resolve_sites
from lisiere.render.renderer import render
from lisiere.render.vyos_reading import PolicyReader
from lisiere.workflow.reach_changes import ReachChange, reach_changes
from tests.records import empty_records
from tests.render.fleet import HALL, small_fleet

if TYPE_CHECKING:
    from lisiere.store.records import Records


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Fresh records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened


def test_texts_of_the_reference_fleet_mean_what_their_intents_mean(fleet: Fleet) -> None:
    """Hubs, spokes, partners and every profile: not one packet passes on one side only."""
    names = sorted(one.name for one in fleet.in_service())[::12]
    reader, book = PolicyReader(), PolicyBook()
    for intent in resolve_sites(fleet, names).values():
        written = reader.read(render(intent))
        assert isinstance(written, Policy), intent.name
        assert difference(book.policy(intent), written).is_empty, intent.name
    assert len(names) == 50


@cache
def before() -> str:
    """What the town hall runs."""
    return render(resolve_sites(small_fleet(), [HALL])[HALL])


@cache
def after() -> str:
    """What it is to run: one more need, and one service less of another."""
    fleet = small_fleet()
    rules = fleet.policies.profiles["town-hall"]
    fresh = Rule.model_validate(
        {
            "id": "tried",
            "from": "admin",
            "to": "wan",
            "destination": "exams",
            "services": "https",
            "action": "allow",
            "flow": "web-access",
        },
    )
    profiles = {**fleet.policies.profiles, "town-hall": (*rules, fresh)}
    policies = fleet.policies.model_copy(update={"profiles": profiles})
    changed = fleet.model_copy(update={"policies": policies})
    return render(resolve_sites(changed, [HALL])[HALL])


def change_of(records: "Records", running: str, intended: str) -> ReachChange:
    """What of a planned change is told."""
    for text in (running, intended):
        records.put_configuration(text)
    return reach_changes(records, [planned(running, intended)])[HALL]


def planned(running: str, intended: str) -> PlannedChange:
    """A change as a plan holds it."""
    return PlannedChange(
        host=HALL,
        wave=1,
        intended_sha256=sha256_of(intended),
        running_sha256=sha256_of(running),
        difference="set firewall",
        deleted_share=0.0,
    )


def test_a_need_that_comes_is_newly_reachable_and_one_that_goes_no_longer(records: "Records") -> None:
    """Named by its set, in the family that the set has."""
    line = "admin to wan: any -> exams, tcp/443 (IPv4)"
    assert change_of(records, before(), after()) == ReachChange(opened=(line,))
    assert change_of(records, after(), before()) == ReachChange(closed=(line,))


def test_a_change_beside_the_firewall_opens_and_closes_nothing(records: "Records") -> None:
    """Known to be the same, which is not the same as unknown."""
    assert change_of(records, before(), f"{before()}set system domain-name 'example.org'\n") == ReachChange()


@pytest.mark.parametrize(
    ("gone", "come", "part"),
    [
        ("set firewall zone GUEST interface 'eth1.50'", "set firewall zone ADMIN interface 'eth1.50'", "zone members"),
        (
            "set interfaces ethernet eth1 vif 50 address '10.16.26.1/24'",
            "set interfaces ethernet eth1 vif 10 address '10.16.26.1/24'",
            "interfaces",
        ),
        ("", "set nat destination rule 10 translation address '10.16.24.9'", "nat"),
        ("set vpn ipsec site-to-site peer ", "", "vpn"),
        ("set protocols static ", "", "protocols"),
        ("", "set policy route by-hand rule 10 set table '10'", "policy"),
    ],
)
def test_more_than_rules_is_never_the_same(records: "Records", gone: str, come: str, part: str) -> None:
    """A moved interface, a hand-made translation, tunnels that are not there: unknown, with or without other rules."""
    lines = before().splitlines(keepends=True)
    kept = [line for line in lines if not gone or not line.startswith(gone)]
    assert bool(gone) == (len(kept) < len(lines))
    running = "".join([*kept, f"{come}\n" if come else ""])
    unknown = f"more than rules changes: {part}"
    assert change_of(records, running, before()) == ReachChange(unknown=unknown)
    line = "admin to wan: any -> exams, tcp/443 (IPv4)"
    assert change_of(records, running, after()) == ReachChange(opened=(line,), unknown=unknown)


def test_what_only_describes_opens_and_closes_nothing(records: "Records") -> None:
    """Titles, and what an appliance writes by itself."""
    running = before().replace("description 'segment offices'", "description 'by hand'")
    assert running != before()
    running += "set interfaces ethernet eth0 hw-id '00:53:00:00:00:01'\n"
    assert change_of(records, running, before()) == ReachChange()


def test_rules_that_are_written_otherwise_and_mean_the_same_open_and_close_nothing(records: "Records") -> None:
    """A rule gets another number: the text differs, what passes does not."""
    numbers = sorted(
        {line.split()[6] for line in after().splitlines() if line.startswith("set firewall ipv4 name ADMIN-WAN rule ")},
        key=int,
    )
    last, spare = numbers[-1], str(int(numbers[-1]) + 1)
    stem = "set firewall ipv4 name ADMIN-WAN rule"
    moved = after().replace(f"{stem} {last} ", f"{stem} {spare} ")
    assert moved != after()
    assert change_of(records, after(), moved) == ReachChange()


@pytest.mark.parametrize(
    ("running", "reason"),
    [
        ("set system host-name 'factory'\n", "no firewall zones"),
        ("@@ file nft.conf 0644\ntable inet x\n", "cannot be read back"),
        ("", "cannot be read back"),
        ("set firewall zone\n", "no firewall zones"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_not_unchanged(records: "Records", running: str, reason: str) -> None:
    """With the reason."""
    found = change_of(records, running, after())
    assert reason in found.unknown
    assert not found.opened
    assert not found.closed


def test_a_text_that_is_not_on_record_is_unknown(records: "Records") -> None:
    """A preview keeps no intended texts."""
    records.put_configuration(before())
    found = reach_changes(records, [planned(before(), after())])
    assert "not on record" in found[HALL].unknown
