"""Drift: a reason for every deviation, and never the value of a secret."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Conformity, DriftReason
from lisiere.workflow import drift
from lisiere.workflow.status import drift_of, overview, status_of
from tests.records import empty_records
from tests.store.samples import NOON, minutes

if TYPE_CHECKING:
    from lisiere.store.records import Records

HOST = "80021-mairie-01"
INTENDED = """\
set firewall ipv4 name wan-self rule 10 action 'accept'
set interfaces ethernet eth0 address '192.0.2.1/24'
set service ntp server ntp1.example
set system host-name '80021-mairie-01'
set system name-server '9.9.9.9'
set system name-server '149.112.112.112'
set vpn ipsec authentication psk hub secret 'secret:overlay/hub'
"""


@pytest.fixture
def records(tmp_path: Path) -> Iterator["Records"]:
    """Fresh records."""
    with empty_records(tmp_path / "records.sqlite3") as opened:
        yield opened


@pytest.mark.parametrize(
    ("old", "new", "reason", "path"),
    [
        ("set service ntp server ntp1.example\n", "", "missing", "service"),
        ("'192.0.2.1/24'", "'192.0.2.9/24'", "changed", "interfaces ethernet eth0 address"),
        ("set service ntp", "set service ssh port '22'\nset service ntp", "extra", "service ssh"),
        ("'9.9.9.9'\nset system name-server '149", "'149", "changed", "system name-server"),
        ("'secret:overlay/hub'", "'masked:0123456789ab'", "secret differs", "vpn ipsec authentication psk hub secret"),
        ("'secret:overlay/hub'", "'Hunter2hunter'", "secret differs", "vpn ipsec authentication psk hub secret"),
        ("set system host-name '80021-mairie-01'", "set system host-name 'x", "unparsable", ""),
    ],
)
def test_a_deviation_has_a_reason_and_a_place(old: str, new: str, reason: str, path: str) -> None:
    """One slip, one deviation, and no value of a secret in it."""
    running = INTENDED.replace(old, new)
    assert running != INTENDED
    found = drift.read(HOST, intended=INTENDED, running=running, at=NOON)
    assert (found.running_sha256, found.intended_sha256) == (sha256_of(running), sha256_of(INTENDED))
    (one,) = found.deviations
    assert one.reason is DriftReason(reason)
    assert one.path == path
    assert "Hunter2" not in found.model_dump_json()


def test_a_branch_that_is_missing_is_one_deviation() -> None:
    """What is gone as a whole is named as a whole, at the highest place; a line lost in what stays is named alone."""
    rules = "".join(f"set firewall rule {n} action 'drop'\nset firewall rule {n} log\n" for n in (10, 20, 30))
    running = "set firewall rule 20 action 'drop'\nset firewall rule 30 log\nset firewall rule 30 action 'drop'\n"
    found = drift.read(HOST, intended=rules, running=running, at=NOON).deviations
    assert [(one.path, one.reason) for one in found] == [
        ("firewall rule 10", DriftReason.MISSING),
        ("firewall rule 20 log", DriftReason.MISSING),
    ]
    (whole,) = drift.read(HOST, intended=rules, running="", at=NOON).deviations
    assert (whole.path, whole.running) == ("firewall", "")


def test_a_long_deviation_is_cut() -> None:
    """A foreign branch of a thousand lines, or a value without end, is named, not copied."""
    foreign = "".join(f"set foreign thing {n} value 'x'\n" for n in range(1000))
    endless = INTENDED.replace("host-name '80021-mairie-01'", f"host-name '{'x' * 5000}'")
    for running, path in ((INTENDED + foreign, "foreign"), (endless, "system host-name")):
        (one,) = drift.read(HOST, intended=INTENDED, running=running, at=NOON).deviations
        assert one.path == path
        assert 0 < len(one.running) <= 500


def test_an_order_that_differs_is_told_apart() -> None:
    """The same values, another order."""
    first, second = "set system name-server '9.9.9.9'\n", "set system name-server '149.112.112.112'\n"
    running = INTENDED.replace(first + second, second + first)
    (one,) = drift.read(HOST, intended=INTENDED, running=running, at=NOON).deviations
    assert one.reason is DriftReason.REORDERED


def test_what_an_appliance_writes_by_itself_is_no_drift() -> None:
    """Nor is the same configuration in another order of lines."""
    running = "".join(reversed(INTENDED.splitlines(keepends=True)[:4])) + "".join(INTENDED.splitlines(True)[4:])
    running += "set interfaces ethernet eth0 hw-id '52:54:00:00:00:01'\n"
    assert drift.read(HOST, intended=INTENDED, running=running, at=NOON).deviations == ()


def test_drift_is_kept_and_counted(records: "Records") -> None:
    """From a look at the appliances to the lines of `status` and `drift`."""
    names = ["a-1", "b-1", "c-1"]
    touched = INTENDED.replace("192.0.2.1", "192.0.2.9").replace("'9.9.9.9'", "'8.8.8.8'")
    for minute in (0, 5):
        records.record_readings(
            [
                drift.read("a-1", intended=INTENDED, running=INTENDED, at=minutes(minute)),
                drift.read("c-1", intended=INTENDED, running=touched, at=minutes(minute)),
            ]
        )
    statuses = status_of(records, names)
    assert [(one.host, one.conformity) for one in statuses] == [
        ("c-1", Conformity.DRIFTED),
        ("b-1", Conformity.UNREAD),
        ("a-1", Conformity.CONFORMS),
    ]
    found = drift_of(records, names)
    assert [(one.host, one.path, one.entered_at) for one in found] == [
        ("c-1", "interfaces ethernet eth0 address", minutes(0)),
        ("c-1", "system name-server", minutes(0)),
    ]
    assert drift_of(records, names, reasons=[DriftReason.EXTRA]) == ()
    assert drift_of(records, ["a-1"]) == ()
    seen = overview(statuses, found)
    assert (seen.appliances, seen.conform, seen.drifted, seen.unread) == (3, 1, 1, 1)
    assert seen.deviations == {DriftReason.CHANGED: 2}
