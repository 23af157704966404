"""What VyOS's driver does beyond the contract, against a simulated appliance."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from napalm.base import NetworkDriver

from lisiere.drivers.registry import driver_class
from lisiere.drivers.vyos.footer import footer
from lisiere.errors import (
    ConfigRejectedError,
    DeviceError,
    HalfAppliedError,
    MisreadError,
    PendingCommitError,
    SessionLostError,
    UsageError,
)
from tests.drivers.vyos.appliance import lab_vyos
from tests.drivers.vyos.test_contract import VyOSHarness


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[VyOSHarness]:
    """A fresh appliance of the newer release."""
    with lab_vyos("1.5", tmp_path) as appliance:
        yield VyOSHarness(appliance, replace_with="load")


def test_another_release_than_expected_is_refused(harness: VyOSHarness) -> None:
    """Before anything is asked of it; without an expectation the driver goes by what it finds."""
    with pytest.raises(DeviceError, match=r"runs VyOS 1\.5-rolling.*, not 1\.4"):
        harness.driver(release="1.4").open()
    driver = harness.driver(release="")
    with pytest.raises(UsageError, match="not known before"):
        assert driver.guarantees
    with driver:
        assert not driver.guarantees.revert_reboots


def test_what_the_appliance_added_by_itself_survives_a_replacement(harness: VyOSHarness) -> None:
    """The MAC address that VyOS notes for each port is in no intended configuration."""
    own = [line for line in harness.running().splitlines() if " hw-id " in line]
    assert own
    with harness.session() as driver:
        driver.load_replace_candidate(config=harness.texts.replacement)
        assert "hw-id" not in driver.compare_config()
        driver.commit_config()
    assert set(own) <= set(harness.running().splitlines())


def test_what_runs_is_saved_before_a_timer_is_armed(harness: VyOSHarness) -> None:
    """So that a restart in between comes back to what ran, not to something older."""
    harness.appliance.change_without_saving("set system name-server '192.0.2.7'")
    before = harness.running()
    assert harness.startup() != before
    with harness.session() as driver:
        driver.load_replace_candidate(config=harness.texts.replacement)
        driver.commit_config(revert_in=600)
        assert harness.startup() == before
        driver.rollback()
    assert set(harness.running().splitlines()) == set(before.splitlines())


def test_a_commit_of_somebody_else_is_seen(harness: VyOSHarness) -> None:
    """It is neither confirmed nor overwritten."""
    harness.appliance.commit_by_somebody_else("set system name-server 192.0.2.99")
    during = harness.running()
    with harness.session() as driver:
        assert driver.has_pending_commit()
        driver.load_replace_candidate(config=harness.texts.replacement)
        with pytest.raises(PendingCommitError):
            driver.commit_config(revert_in=60)
        driver.discard_config()
        assert driver.has_pending_commit()
    assert harness.running() == during


def test_a_part_refused_by_the_appliance_alone_is_undone(harness: VyOSHarness) -> None:
    """Whatever the reason; all that became active and all that failed is told."""
    before = harness.running()
    harness.appliance.fail("firewall")
    with harness.session() as driver:
        driver.load_replace_candidate(config=harness.texts.replacement)
        with pytest.raises(HalfAppliedError, match="the old configuration is back") as caught:
            driver.commit_config(revert_in=60)
        assert caught.value.failed == ("firewall",)
        assert "set vpn ipsec authentication psk HUB secret 'secret:overlay/a--b'" in caught.value.applied
        assert not any("firewall" in line for line in caught.value.applied)
    assert set(harness.running().splitlines()) == set(before.splitlines())


@pytest.mark.parametrize("revert_in", [None, 60])
def test_a_part_that_cannot_be_undone_is_told(harness: VyOSHarness, revert_in: int | None) -> None:
    """What is active is named; a timer of ours goes on, and brings back what there was before."""
    before = set(harness.running().splitlines())
    harness.appliance.fail("firewall")
    harness.appliance.refuse_way_back()
    with harness.session() as driver:
        driver.load_replace_candidate(config=harness.texts.replacement)
        with pytest.raises(HalfAppliedError) as caught:
            driver.commit_config(revert_in=revert_in)
        assert not caught.value.restored
        assert "the old configuration is back" not in str(caught.value)
        assert "set system host-name 'renamed-01'" in caught.value.applied
        assert "hush" not in f"{caught.value} {caught.value.applied}"
        assert driver.has_pending_commit() == (revert_in is not None)
        assert driver.compare_config() == ""
    assert "set system host-name 'renamed-01'" in harness.running()
    deadline = time.monotonic() + 15
    while revert_in and set(harness.running().splitlines()) != before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_message_to_all_terminals_disturbs_nobody(harness: VyOSHarness) -> None:
    """It comes while nothing is asked, and is no part of what is read next."""
    with harness.session() as driver:
        before = driver.get_config(retrieve="running")
        for _ in range(3):
            harness.appliance.wall("\nBroadcast message from root@fw (pts/1):\n\nset the table\n")
            assert driver.get_config(retrieve="running") == before
            assert not driver.has_pending_commit()


@pytest.mark.parametrize("step", ["upload", "load", "save", "commit-confirm"])
def test_an_answer_that_never_comes_is_not_waited_for_forever(harness: VyOSHarness, step: str) -> None:
    """The session ends; what was not confirmed does not last."""
    before = set(harness.running().splitlines())

    def change(driver: NetworkDriver) -> None:
        driver.load_replace_candidate(config=harness.texts.replacement)
        driver.commit_config(revert_in=60)

    harness.appliance.hang_at(step)
    with harness.session(timeout_s=1.0, commit_timeout_s=1.0) as driver:
        with pytest.raises((MisreadError, SessionLostError)):
            change(driver)
        assert not driver.is_alive()["is_alive"]
    assert set(harness.running().splitlines()) == before
    with harness.session() as driver:
        assert not driver.has_pending_commit()


def test_a_full_disk_is_told(harness: VyOSHarness) -> None:
    """Nothing was changed; by commands the timed commit stops before it is armed."""
    before = harness.running()
    harness.appliance.fill_disk()
    with harness.session() as driver, pytest.raises(DeviceError, match="could not be uploaded"):
        driver.load_replace_candidate(config=harness.texts.replacement)
    with harness.session(replace_with="commands") as driver:
        driver.load_replace_candidate(config=harness.texts.replacement)
        with pytest.raises(DeviceError, match="did not save"):
            driver.commit_config(revert_in=60)
        assert not driver.has_pending_commit()
    assert harness.running() == before


def test_an_uploaded_file_is_private_whatever_happens(harness: VyOSHarness) -> None:
    """A session that is lost while it is loaded leaves it behind, readable by our account only."""
    harness.drop_at("load")
    with harness.session() as driver, pytest.raises(SessionLostError):
        driver.load_replace_candidate(config=harness.texts.replacement)
    assert list(harness.appliance.files().values()) == [0o600]


def test_the_way_a_file_is_written_is_the_way_vyos_writes_it() -> None:
    """Three lines, each of them ended."""
    lines = footer("1.4", "1.4.0").split("\n")
    assert lines[0] == "// Warning: Do not remove the following line."
    assert lines[1].startswith('// vyos-config-version: "bgp@5:')
    assert lines[1].endswith('webproxy@2"')
    assert lines[2:] == ["// Release version: 1.4.0", ""]


def test_getters_tell_what_is_there(harness: VyOSHarness) -> None:
    """The facts that compliance reads."""
    with harness.session() as driver:
        driver.load_replace_candidate(config=harness.texts.replacement)
        driver.commit_config()
        assert driver.get_facts()["hostname"] == "renamed-01"
        assert driver.get_interfaces()["eth1"]["description"] == "the office, first floor"
        assert driver.get_interfaces_ip()["eth1"] == {"ipv4": {"10.1.10.1": {"prefix_length": 24}}}
        assert list(driver.get_ntp_servers()) == ["192.0.2.123"]
        assert driver.get_users()[harness.username]["sshkeys"][0].startswith("ssh-ed25519 AAAA")
        answer = driver.cli(["show configuration commands"])["show configuration commands"]
        assert "secret:overlay/a--b" in answer
        assert "hush" not in answer


def test_ping_counts(harness: VyOSHarness) -> None:
    """What is not answered is lost; an argument that is no address is refused before it is sent."""
    with harness.session() as driver:
        result = driver.ping("192.0.2.1", count=3)["success"]
        assert (result["probes_sent"], result["packet_loss"]) == (3, 3 - len(result["results"]))
        with pytest.raises(UsageError, match="neither an address nor a name"):
            driver.ping("192.0.2.1; reboot")


def test_a_merge_may_delete(harness: VyOSHarness) -> None:
    """Lines are taken in their order."""
    with harness.session() as driver:
        driver.load_merge_candidate(config="set system name-server '192.0.2.54'\ndelete interfaces dummy\n")
        assert "delete interfaces dummy" in driver.compare_config()
        driver.commit_config()
        assert "dummy" not in harness.running()
        with pytest.raises(ConfigRejectedError):
            driver.load_merge_candidate(config="set firewall zone X default-action 'perhaps'")


def test_an_unknown_platform_is_told() -> None:
    """With the ones there are."""
    with pytest.raises(UsageError, match="'ios'; there are: debian, vyos"):
        driver_class("ios")
