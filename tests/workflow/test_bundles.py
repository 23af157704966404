"""Configurations made of files: compared, judged and looked at line by line."""

from datetime import UTC, datetime

import pytest

from lisiere import bundle
from lisiere.bundle import File
from lisiere.configtree import ConfigSyntaxError
from lisiere.model.plan import DriftReason
from lisiere.workflow import budgets, comparing, drift
from nornir_tasks.planning import deleted_share

AT = datetime(2026, 11, 25, tzinfo=UTC)
RULES = """flush ruleset
table inet lisiere {
	chain input {
		tcp dport 22 accept
		tcp dport 80 accept
	}
	chain forward {
		tcp dport 80 accept
	}
}
"""
SWANCTL = """connections {
	schools-a {
		remote_addrs = 203.0.113.6
		rekey_time = 28800s
		children {
			schools-a {
				local_ts = 10.1.0.0/16
			}
		}
	}
	schools-b {
		remote_addrs = 203.0.113.7
	}
}
secrets {
	ike-schools-a {
		secret = "secret:overlay/a"
	}
}
"""


def text(**changes: str | None) -> str:
    """A bundle of two files, some of them changed (None: left out); `_` in a name stands for a slash."""
    files = {"nftables.conf": RULES, "swanctl/swanctl.conf": SWANCTL}
    files |= {name.replace("_", "/") + ("" if "." in name else ".conf"): one for name, one in changes.items() if one}
    gone = {name + ".conf" for name, one in changes.items() if one is None}
    return bundle.write(File(path, "0600", one) for path, one in files.items() if path not in gone)


def reasons(intended: str, running: str) -> list[tuple[DriftReason, str, str, str]]:
    """The deviations of a running text, in short."""
    found = drift.read("a", intended=intended, running=running, at=AT).deviations
    return [(one.reason, one.path, one.intended, one.running) for one in found]


def test_the_same_files_say_the_same() -> None:
    """And nothing else does: order and blanks count in files."""
    assert comparing.is_same(running=text(), intended=text())
    assert comparing.compare(running=text(), intended=text()).is_empty
    assert reasons(text(), text()) == []
    other = text(nftables=RULES.replace("80", "443"))
    assert not comparing.is_same(running=other, intended=text())
    assert not comparing.compare(running=other, intended=text()).is_empty


def test_a_difference_is_a_unified_one() -> None:
    """File by file, so that it can be read and applied; the share counts what goes."""
    found = comparing.changes(running=text(), intended=text(nftables=RULES.replace("22", "2222")))
    assert found is not None
    assert found.commands()[:2] == ("--- nftables.conf", "+++ nftables.conf")
    assert "-\t\ttcp dport 22 accept" in found.commands()
    assert "+\t\ttcp dport 2222 accept" in found.commands()
    lines = RULES.count("\n") + SWANCTL.count("\n")
    assert found.deleted_share == pytest.approx(1 / lines)
    assert deleted_share(text(), "\n".join(found.commands())) == pytest.approx(1 / lines)
    without = comparing.changes(running=text(), intended=bundle.write([File("nftables.conf", "0600", RULES)]))
    assert without is not None
    assert without.deleted_share == pytest.approx(SWANCTL.count("\n") / lines)


def test_a_mode_is_part_of_a_file() -> None:
    """Who may read it is not a detail."""
    open_to_all = text().replace("swanctl.conf 0600", "swanctl.conf 0644")
    found = comparing.changes(running=open_to_all, intended=text())
    assert found is not None
    assert found.commands() == ("=== swanctl/swanctl.conf: mode 0644 becomes 0600",)
    assert reasons(text(), open_to_all) == [(DriftReason.CHANGED, "swanctl/swanctl.conf mode", "0600", "0644")]


def test_deviations_have_a_reason_and_a_place() -> None:
    """Missing, extra, changed and reordered; by file and section."""
    place = "nftables.conf table inet lisiere chain input tcp"
    first = "tcp dport 22 accept"
    assert reasons(text(), text(nftables=RULES.replace(f"\t\t{first}\n", ""))) == [
        (DriftReason.MISSING, place, first, "")
    ]
    assert reasons(text(nftables=RULES.replace(f"\t\t{first}\n", "")), text()) == [
        (DriftReason.EXTRA, place, "", first)
    ]
    changed = text(nftables=RULES.replace("22", "23"))
    assert reasons(text(), changed) == [(DriftReason.CHANGED, place, first, "tcp dport 23 accept")]
    second = "\t\ttcp dport 80 accept\n"
    swapped = RULES.replace(f"\t\t{first}\n{second}", f"{second}\t\t{first}\n", 1)
    (one,) = reasons(text(), text(nftables=swapped))
    assert one[:2] == (DriftReason.REORDERED, "nftables.conf table inet lisiere chain input")


def test_files_that_are_not_there_or_not_meant_are_told() -> None:
    """As a whole."""
    only = bundle.write([File("nftables.conf", "0600", RULES)])
    assert [one[:2] for one in reasons(text(), only)] == [(DriftReason.MISSING, "swanctl/swanctl.conf")]
    assert [one[:2] for one in reasons(only, text())] == [(DriftReason.EXTRA, "swanctl/swanctl.conf")]


def test_a_secret_that_differs_is_shown_on_neither_side() -> None:
    """The running side is a fingerprint, or nothing at all."""
    masked = text().replace("secret:overlay/a", "masked:0123456789ab")
    (one,) = reasons(text(), masked)
    assert one[0] is DriftReason.SECRET
    assert "masked:0123456789ab" in one[3]
    (leaked,) = reasons(text(), text().replace("secret:overlay/a", "in-clear"))
    assert leaked[0] is DriftReason.SECRET
    assert "in-clear" not in leaked[3]


def test_what_is_in_force_beside_the_files_is_a_deviation() -> None:
    """Never the intended configuration, and never sent back."""
    told = "lacks: hub version 2\nadds: table inet lisiere / chain input: tcp dport 23 accept\n"
    running = bundle.write([*bundle.parse(text()), File("effective/nftables.txt", "0644", told)])
    assert not comparing.is_same(running=running, intended=text())
    assert comparing.without_own(running) == text()
    assert {one[0] for one in reasons(text(), running)} == {DriftReason.MISSING, DriftReason.EXTRA}
    found = comparing.changes(running=running, intended=text())
    assert found is not None
    assert found.deleted_share == 0.0
    assert not comparing.is_saved(running=text(), saved=bundle.write([File("nftables.conf", "0600", RULES)]))
    assert comparing.is_saved(running=running, saved=text())


def test_an_appliance_on_the_bench_is_fresh() -> None:
    """It has nothing to lose."""
    assert budgets.is_fresh(bundle.write([File("nftables.conf", "0600", RULES)]))
    assert not budgets.is_fresh(text())


def test_what_is_no_bundle_is_told() -> None:
    """A running text of another platform, or cut."""
    assert [one[0] for one in reasons(text(), "set system host-name 'a'\n")] == [DriftReason.UNPARSABLE]
    with pytest.raises(ConfigSyntaxError):
        comparing.changes(running="set system host-name 'a'\n", intended=text())
