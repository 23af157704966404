"""The contract of every driver. A platform subclasses `DriverContract`; a `Harness` says what it runs against."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from napalm.base import NetworkDriver

from lisiere.drivers.base import Guarantees
from lisiere.drivers.registry import driver_class
from lisiere.errors import (
    ConfigRejectedError,
    DeviceError,
    HalfAppliedError,
    HostKeyError,
    LoginRefusedError,
    PendingCommitError,
    SecretError,
    SessionLostError,
    SilentLossError,
    UnreachableError,
    UsageError,
)
from lisiere.secrets.keeper import SecretKeeper

SECRETS = {"overlay/a--b": "hush-first-value", "overlay/a--c": "hush-second-value", "users/ops": "$6$hush$thirdvalue"}
OTHER_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFtT0eIQ9lXhXH5eT4K0c0eWl0Rr5k0dY6p1V0y0a1bC"


class Known:
    """A store of secrets in memory."""

    def get(self, name: str) -> str:
        """The value."""
        return SECRETS[name]

    def names(self) -> frozenset[str]:
        """All names."""
        return frozenset(SECRETS)


KEEPER = SecretKeeper(Known(), fingerprint_key=b"a key for tests only")


@dataclass(frozen=True, slots=True)
class Texts:
    """Configurations to work with, references in place of secrets."""

    replacement: str
    """A whole configuration that the appliance takes; it refers to a secret."""
    mark: str
    """A line of it that the appliance does not hold before."""
    merge: str
    """Lines to merge into what runs at first, one of them referring to a secret; `merged` is one of them, read back."""
    merged: str
    bad_merge: str
    """Lines of which the appliance refuses one, which holds `bad_word`."""
    bad_word: str
    lossy: str
    """The replacement with `lost`, a line that the appliance drops without a word when a file is loaded."""
    lost: str
    refused: str
    """A whole configuration that the appliance refuses at commit, and nothing of it becomes active."""
    half: str
    """A whole configuration of which the appliance commits a part, with `half_applied` in it, and refuses the rest."""
    half_applied: str
    reason: str
    """What the appliance says about the refused part."""


class Harness(ABC):
    """One appliance under test."""

    platform: str
    username: str
    address: str
    port: int
    host_key: str
    texts: Texts
    guarantees: Guarantees
    revert_s: float
    """How long a timed revert of `revert_in_s` takes here, by the clock of the test."""
    revert_in_s = 60
    """What a commit is told that is left to revert."""

    @abstractmethod
    def options(self) -> dict[str, object]:
        """What else the driver is told."""

    @abstractmethod
    def running(self) -> str:
        """What really runs, secrets in clear, one statement a line."""

    @abstractmethod
    def startup(self) -> str:
        """What the next start would take, likewise."""

    def statements(self, text: str) -> list[str]:
        """A configuration in pieces that can be compared: each once, whatever its place."""
        return text.splitlines()

    def shown(self, line: str) -> str:
        """A line that a difference adds, as the difference shows it."""
        return line

    @abstractmethod
    def refuse_login(self) -> None:
        """Refuse the next login."""

    @abstractmethod
    def drop_at(self, step: str) -> None:
        """Drop the session the next time it comes to a step of `steps`."""

    commands: list[str]
    """Operational commands that answer the same when asked twice; one of them shows a secret."""

    steps: dict[str, Callable[[NetworkDriver], object]]
    """Steps at which a session can be dropped, and what a driver does to come there, given a loaded candidate."""

    @abstractmethod
    def leftovers(self) -> list[str]:
        """Files of ours that are still on the appliance."""

    def driver(self, **changes: object) -> NetworkDriver:
        """A driver for the appliance, not yet open."""
        told: dict[str, object] = {
            "port": self.port,
            "host_key": self.host_key,
            "secrets": KEEPER,
            "name": "under-test",
        }
        arguments: dict[str, Any] = {"username": self.username, "password": "", "timeout": 10}
        arguments |= {key: changes.pop(key) for key in tuple(changes) if key in arguments}
        options = told | self.options() | changes
        return driver_class(self.platform)(self.address, optional_args=options, **arguments)

    @contextmanager
    def session(self, **changes: object) -> Iterator[NetworkDriver]:
        """An open session."""
        driver = self.driver(**changes)
        driver.open()
        try:
            yield driver
        finally:
            driver.close()


def wait_for(harness: Harness, before: set[str]) -> None:
    """Wait until what ran before runs again and the appliance answers: a revert may restart it."""
    deadline = time.monotonic() + harness.revert_s + 15
    while time.monotonic() < deadline:
        if set(harness.running().splitlines()) == before:
            with suppress(UnreachableError, SessionLostError), harness.session():
                return
        time.sleep(0.05)
    raise AssertionError("what ran before is not back in time")


def running_of(driver: NetworkDriver) -> str:
    """What the driver reads as running."""
    return str(driver.get_config(retrieve="running")["running"])


def clear(line: str) -> str:
    """A line with its references replaced."""
    return KEEPER.reveal(line)


class DriverContract:
    """What every driver does. Subclasses give a fixture `harness` with a fresh appliance for each test."""

    # ---- sessions ------------------------------------------------------------------------------------------------

    def test_a_session_opens_and_closes(self, harness: Harness) -> None:
        """Alive in between; closing twice is fine."""
        driver = harness.driver()
        assert not driver.is_alive()["is_alive"]
        driver.open()
        assert driver.is_alive()["is_alive"]
        driver.close()
        driver.close()
        assert not driver.is_alive()["is_alive"]
        with pytest.raises(SessionLostError):
            driver.get_config()

    def test_another_host_key_is_refused(self, harness: Harness) -> None:
        """A pinned key that is not the one shown, and none at all."""
        for key in (OTHER_HOST_KEY, ""):
            with pytest.raises(HostKeyError):
                harness.driver(host_key=key).open()

    def test_a_refused_login_is_told(self, harness: Harness) -> None:
        """An account that it does not know, and one that it knows."""
        with pytest.raises(LoginRefusedError, match="nobody"):
            harness.driver(username="nobody").open()
        harness.refuse_login()
        with pytest.raises(LoginRefusedError):
            harness.driver().open()

    def test_nobody_there_is_told(self, harness: Harness) -> None:
        """A port where nothing listens."""
        with pytest.raises(UnreachableError):
            harness.driver(port=1, timeout_s=2.0).open()

    def test_wrong_arguments_are_refused(self, harness: Harness) -> None:
        """Before anything is sent."""
        with pytest.raises(UsageError, match="colour"):
            harness.driver(colour="red")
        with pytest.raises(UsageError, match=r"0\.1"):
            harness.driver(release="0.1")

    # ---- reading -------------------------------------------------------------------------------------------------

    def test_reading_changes_nothing(self, harness: Harness) -> None:
        """Every getter is called; what runs and what is saved stay byte for byte."""
        before = harness.running(), harness.startup()
        with harness.session() as driver:
            config = driver.get_config()
            assert config["running"]
            assert config["startup"]
            assert config["candidate"] == ""
            facts = driver.get_facts()
            assert facts["vendor"]
            assert facts["os_version"]
            assert facts["uptime"] >= 0
            assert set(facts["interface_list"]) == set(driver.get_interfaces())
            for families in driver.get_interfaces_ip().values():
                assert families.keys() <= {"ipv4", "ipv6"}
            assert isinstance(driver.get_ntp_servers(), dict)
            assert harness.username in driver.get_users()
            assert not driver.has_pending_commit()
            assert driver.compare_config() == ""
        assert (harness.running(), harness.startup()) == before

    def test_what_runs_is_read_whole(self, harness: Harness) -> None:
        """Every statement once, and no secret in clear."""
        with harness.session() as driver:
            read = harness.statements(running_of(driver))
        assert len(read) == len(harness.statements(harness.running()))
        assert len(set(read)) == len(read)

    def test_fifty_sessions_at_once_read_the_same(self, harness: Harness) -> None:
        """No answer is taken for another."""

        def read(_: int) -> str:
            with harness.session() as driver:
                return running_of(driver)

        with ThreadPoolExecutor(50) as pool:
            assert len(set(pool.map(read, range(50)))) == 1

    # ---- the candidate -------------------------------------------------------------------------------------------

    def test_a_candidate_changes_nothing_until_committed(self, harness: Harness) -> None:
        """It is compared, discarded, and forgotten with its session; the file it came in is gone."""
        before = harness.running()
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            assert harness.texts.mark in driver.compare_config()
            assert harness.texts.mark in driver.get_config(retrieve="candidate")["candidate"]
            driver.discard_config()
            assert driver.compare_config() == ""
            driver.load_replace_candidate(config=harness.texts.replacement)
        assert harness.running() == before
        assert harness.leftovers() == []

    def test_a_preview_is_the_difference_and_leaves_nothing(self, harness: Harness) -> None:
        """The same as to load, compare and discard; what cannot be loaded is refused in the same words."""
        before = harness.running()
        with harness.session() as driver:
            shown = driver.preview_replace(harness.texts.replacement)
            assert (driver.compare_config(), driver.get_config(retrieve="candidate")["candidate"]) == ("", "")
            driver.commit_config()
            driver.load_replace_candidate(config=harness.texts.replacement)
            assert driver.compare_config() == shown
            driver.discard_config()
            with pytest.raises((SilentLossError, ConfigRejectedError)):
                driver.preview_replace(harness.texts.lossy)
            with pytest.raises((UsageError, DeviceError)):
                driver.preview_replace("no configuration")
            assert running_of(driver)
        assert harness.running() == before
        assert harness.leftovers() == []

    def test_what_was_asked_along_is_true_when_it_is_told(self, harness: Harness) -> None:
        """Whatever happens in the session in between; and nothing that was asked along is told twice."""
        with harness.session() as driver:
            before = running_of(driver)
            assert not driver.has_pending_commit()
            driver.load_replace_candidate(config=harness.texts.replacement)
            driver.commit_config(revert_in=60)
            assert driver.has_pending_commit()
            assert harness.texts.mark in running_of(driver)
            driver.rollback()
            assert not driver.has_pending_commit()
            assert set(running_of(driver).splitlines()) == set(before.splitlines())
            with harness.session() as other:
                other.load_replace_candidate(config=harness.texts.replacement)
                other.commit_config(revert_in=60)
                assert [driver.has_pending_commit() for _ in range(2)][1]
                running_of(driver)
                assert harness.texts.mark in running_of(driver)
                other.confirm_commit()
                assert harness.texts.mark in running_of(other)

    def test_a_look_tells_what_each_question_alone_tells(self, harness: Harness) -> None:
        """Commands and pings at once; secrets concealed; nothing asked is nothing told."""
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            driver.commit_config()
            seen = driver.look(harness.commands, ["192.0.2.1", "no-such-host.invalid"])
            assert dict(seen.answers) == driver.cli(harness.commands)
            assert KEEPER.leaks("".join(seen.answers.values())) == ()
            answered = driver.ping("192.0.2.1", count=1).get("success", {"packet_loss": 1})["packet_loss"] == 0
            assert seen.reachable == ({"192.0.2.1"} if answered else set())
            assert driver.look().answers == {}
            with pytest.raises(UsageError):
                driver.look(addresses=["192.0.2.1; reboot"])

    def test_replacing_makes_it_what_was_meant(self, harness: Harness) -> None:
        """Saved too; the second time nothing is left to change, and committing that does nothing."""
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            driver.commit_config(message="a reason 'with' \"quotes\"\nand lines")
            assert driver.compare_config() == ""
        meant = {clear(line) for line in harness.texts.replacement.splitlines() if line}
        assert meant - set(harness.running().splitlines()) == set()
        assert set(harness.startup().splitlines()) == set(harness.running().splitlines())
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            assert driver.compare_config() == ""
            driver.commit_config(revert_in=60)
            assert not driver.has_pending_commit()

    def test_a_file_is_as_good_as_a_text(self, harness: Harness, tmp_path: Any) -> None:
        """A missing file is told."""
        path = tmp_path / "candidate.conf"
        path.write_text(harness.texts.replacement)
        with harness.session() as driver:
            driver.load_replace_candidate(filename=str(path))
            assert harness.texts.mark in driver.compare_config()
            with pytest.raises(UsageError, match=r"none\.conf"):
                driver.load_merge_candidate(filename=str(tmp_path / "none.conf"))

    def test_merging_adds(self, harness: Harness) -> None:
        """What was there stays."""
        before = set(harness.running().splitlines())
        with harness.session() as driver:
            driver.load_merge_candidate(config=harness.texts.merge)
            assert harness.shown(harness.texts.merged) in driver.compare_config().splitlines()
            driver.commit_config()
            assert harness.texts.merged in running_of(driver).splitlines()
        assert before < set(harness.running().splitlines())

    def test_a_refused_line_is_named(self, harness: Harness) -> None:
        """The candidate is dropped as a whole."""
        before = harness.running()
        with harness.session() as driver:
            with pytest.raises(ConfigRejectedError) as caught:
                driver.load_merge_candidate(config=harness.texts.bad_merge)
            assert harness.texts.bad_word in caught.value.line
            assert "hush" not in str(caught.value)
            assert driver.compare_config() == ""
            driver.commit_config()
        assert harness.running() == before

    def test_a_silent_loss_is_noticed(self, harness: Harness) -> None:
        """The statement is named, the candidate dropped."""
        before = harness.running()
        with harness.session() as driver:
            with pytest.raises((SilentLossError, ConfigRejectedError)) as caught:
                driver.load_replace_candidate(config=harness.texts.lossy)
            error = caught.value
            named = error.missing if isinstance(error, SilentLossError) else [vars(error)["line"]]
            assert list(named) == [harness.texts.lost]
            assert driver.compare_config() == ""
        assert harness.running() == before
        assert harness.leftovers() == []

    @pytest.mark.parametrize("text", ["", "\n\n", "no configuration", "set a 'b"])
    def test_what_is_no_configuration_is_not_sent(self, harness: Harness, text: str) -> None:
        """An empty text above all: it would empty the appliance."""
        with harness.session() as driver:
            with pytest.raises((UsageError, DeviceError)):
                driver.load_replace_candidate(config=text)
            assert driver.compare_config() == ""

    # ---- secrets -------------------------------------------------------------------------------------------------

    def test_secrets_go_out_and_never_come_back(self, harness: Harness) -> None:
        """The appliance holds the value; every text that leaves the driver holds the reference."""
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            texts = [driver.compare_config(), driver.get_config(retrieve="candidate")["candidate"]]
            driver.commit_config()
            texts += [*driver.get_config().values(), str(driver.get_users()), repr(driver), repr(vars(driver))]
        assert "hush-first-value" in harness.running()
        assert [KEEPER.leaks(text) for text in texts] == [()] * len(texts)
        assert all("hush" not in text for text in texts)
        assert "secret:overlay/a--b" in texts[0]

    def test_a_secret_without_a_value_stops_before_anything_is_sent(self, harness: Harness) -> None:
        """So does a fingerprint, which stands for a value that is not known."""
        with harness.session() as driver:
            for text, error in (("secret:overlay/none", SecretError), ("masked:0123456789ab", UsageError)):
                told = harness.texts.replacement.replace("secret:overlay/a--b", text)
                with pytest.raises(error):
                    driver.load_replace_candidate(config=told)
            assert driver.compare_config() == ""

    # ---- commits that fail ---------------------------------------------------------------------------------------

    @pytest.mark.parametrize("revert_in", [None, 60])
    def test_a_refused_commit_leaves_what_ran(self, harness: Harness, revert_in: int | None) -> None:
        """The reason is the appliance's own; nothing is left armed."""
        before = harness.running()
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.refused)
            with pytest.raises(ConfigRejectedError, match=harness.texts.reason):
                driver.commit_config(revert_in=revert_in)
            assert driver.compare_config() == ""
            assert not driver.has_pending_commit()
        assert harness.running() == before

    @pytest.mark.parametrize("revert_in", [None, 60])
    def test_a_commit_in_part_is_undone(self, harness: Harness, revert_in: int | None) -> None:
        """What became active is named, and the old configuration is back, byte for byte."""
        before = harness.running()
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.half)
            with pytest.raises(HalfAppliedError, match=harness.texts.reason) as caught:
                driver.commit_config(revert_in=revert_in)
            assert caught.value.restored
            assert any(harness.texts.half_applied in line for line in caught.value.applied)
            assert caught.value.failed
            assert "hush" not in f"{caught.value} {caught.value.applied}"
            assert not driver.has_pending_commit()
        assert set(harness.running().splitlines()) == set(before.splitlines())

    # ---- timed commits -------------------------------------------------------------------------------------------

    def test_a_timed_commit_reverts_by_itself(self, harness: Harness) -> None:
        """Unless it is confirmed in time; then nothing is left to confirm."""
        before = set(harness.running().splitlines())
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            driver.commit_config(revert_in=harness.revert_in_s)
            assert driver.has_pending_commit()
        assert clear(harness.texts.mark) in harness.running()
        wait_for(harness, before)
        with harness.session() as driver:
            assert not driver.has_pending_commit()
            with pytest.raises(DeviceError, match="no commit waits"):
                driver.confirm_commit()

    def test_a_timed_commit_is_confirmed_over_a_new_session(self, harness: Harness) -> None:
        """It stays after the time, and after a restart."""
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            driver.commit_config(revert_in=harness.revert_in_s)
        with harness.session() as driver:
            assert driver.has_pending_commit()
            driver.confirm_commit()
            assert not driver.has_pending_commit()
        time.sleep(harness.revert_s + 0.5)
        assert clear(harness.texts.mark) in harness.running()
        assert set(harness.startup().splitlines()) == set(harness.running().splitlines())

    def test_a_second_commit_waits_for_the_first(self, harness: Harness) -> None:
        """Whoever armed it: another session sees it and is refused."""
        with harness.session() as first:
            first.load_replace_candidate(config=harness.texts.replacement)
            first.commit_config(revert_in=60)
            during = harness.running()
            with harness.session() as second:
                assert second.has_pending_commit()
                second.load_merge_candidate(config=harness.texts.merge)
                for revert_in in (None, 60):
                    with pytest.raises(PendingCommitError):
                        second.commit_config(revert_in=revert_in)
            assert harness.running() == during
            first.confirm_commit()

    def test_a_pending_commit_is_rolled_back(self, harness: Harness) -> None:
        """Over a new session; its timer is stopped."""
        before = set(harness.running().splitlines())
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            driver.commit_config(revert_in=60)
        with harness.session() as driver:
            driver.rollback()
            assert not driver.has_pending_commit()
        assert set(harness.running().splitlines()) == before == set(harness.startup().splitlines())

    def test_the_last_commit_is_rolled_back(self, harness: Harness) -> None:
        """Saved as well."""
        before = set(harness.running().splitlines())
        with harness.session() as driver:
            driver.load_replace_candidate(config=harness.texts.replacement)
            driver.commit_config()
            assert set(harness.running().splitlines()) != before
            driver.rollback()
        assert set(harness.running().splitlines()) == before == set(harness.startup().splitlines())

    def test_the_guarantees_are_declared(self, harness: Harness) -> None:
        """Known as soon as the session is open."""
        with harness.session() as driver:
            assert driver.guarantees == harness.guarantees

    # ---- lost sessions -------------------------------------------------------------------------------------------

    def test_a_session_dropped_at_any_step_is_told(self, harness: Harness) -> None:
        """The appliance is reached again afterwards, and a commit that was not confirmed does not last."""
        before = set(harness.running().splitlines())
        assert harness.steps
        for step, act in harness.steps.items():
            with harness.session() as driver:
                driver.load_replace_candidate(config=harness.texts.replacement)
                driver.discard_config()
                harness.drop_at(step)
                with pytest.raises(SessionLostError):
                    act(driver)
                assert not driver.is_alive()["is_alive"], step
            wait_for(harness, before)
            with harness.session() as driver:
                assert running_of(driver)
