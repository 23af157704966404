"""NAPALM's contract for VyOS. Texts in and out are set lines with references in place of secrets."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from napalm.base import models as napalm_models

from lisiere.drivers import appliance
from lisiere.drivers.appliance import ApplianceDriver
from lisiere.drivers.base import Guarantees, Sight
from lisiere.drivers.vyos import getters, parse
from lisiere.drivers.vyos.dialogue import COMMIT_TIMEOUT_S, LEAST_MINUTES, Dialogue
from lisiere.drivers.vyos.parse import Version
from lisiere.drivers.vyos.push import Push
from lisiere.drivers.vyos.transport import VyOSTransport
from lisiere.drivers.vyos.veil import Veil
from lisiere.errors import DeviceError, MisreadError, UsageError

ReplaceWith = Literal["load", "commands"]
Parsed = TypeVar("Parsed")

GUARANTEES = {
    "1.4": Guarantees(
        atomic_replace=False,
        native_timed_revert=True,
        revert_reboots=True,
        restart_reverts=True,
        shortest_revert_s=60 * LEAST_MINUTES,
    ),
    "1.5": Guarantees(
        atomic_replace=False,
        native_timed_revert=True,
        revert_reboots=False,
        restart_reverts=True,
        shortest_revert_s=60 * LEAST_MINUTES,
    ),
}
"""What each release does by itself. A restart reverts because the old configuration is saved before a timer starts."""


class OptionalArgs(appliance.OptionalArgs, total=False):
    """What `optional_args` may hold; `replace_with` says how a whole configuration is brought in."""

    replace_with: ReplaceWith


class VyOSDriver(ApplianceDriver[Push]):
    """One VyOS appliance over SSH; the account has administrator rights."""

    system = "VyOS"
    promises = GUARANTEES
    option_names = OptionalArgs.__optional_keys__
    commit_timeout_default_s = COMMIT_TIMEOUT_S
    show_tunnels = "show vpn ipsec sa"

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: OptionalArgs | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        options: OptionalArgs = optional_args or {}
        self.replace_with: ReplaceWith = options.get("replace_with", "load")
        if self.replace_with not in ("load", "commands"):
            raise UsageError(f"{self.endpoint.name}: replace_with is 'load' or 'commands', not {self.replace_with!r}")
        self._veil = Veil(self.endpoint.name, options["secrets"])

    # ---- the session ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and look whether the appliance runs the release that is expected."""
        transport = VyOSTransport(self.endpoint)
        try:
            session = Dialogue(transport, commit_timeout_s=self.commit_timeout_s)
            self._check_release(session.version)
        except BaseException:
            transport.disconnect()
            raise
        self.release, self._push = session.version.release, Push(session, self._veil)

    # ---- changing ------------------------------------------------------------------------------------------------

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Make a whole configuration the candidate, and check that the device holds all of it.

        Raises:
            ConfigRejectedError: The device refused it; running configuration unchanged, candidate discarded.
            SilentLossError: The device dropped statements; running configuration unchanged, candidate discarded.
        """
        self._pushing.replace(self._clear(filename, config), by_commands=self.replace_with == "commands")

    def preview_replace(self, config: str) -> str:
        """The difference that a whole configuration would make, as the device shows it; nothing is left behind.

        The same as to load it, compare and discard, in one round trip after the file is there. Raises the same.
        """
        by_commands = self.replace_with == "commands"
        return "\n".join(self._veil.changes(self._pushing.preview(self._clear(None, config), by_commands=by_commands)))

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Change the candidate by `set` and `delete` lines.

        Raises:
            ConfigRejectedError: A line was refused; running configuration unchanged, candidate discarded.
            SilentLossError: The device dropped a line without refusing it; the same state.
        """
        self._pushing.merge(self._clear(filename, config))

    def compare_config(self) -> str:
        """The difference between candidate and running configuration as the device shows it.

        Lines that begin with `set` or `delete`; empty when the candidate would change nothing.
        """
        return "\n".join(self._veil.changes(self._pushing.changes))

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Make the candidate the running configuration. Without changes, nothing is done and no timer is armed.

        Args:
            message: Comment for the device's journal; a timed commit takes none.
            revert_in: Seconds after which the device goes back by itself unless `confirm_commit` is called; rounded up
                to whole minutes, at least `guarantees.shortest_revert_s`. Without it the new configuration is saved.

        Raises:
            PendingCommitError: Another timed commit waits for confirmation; nothing was done.
            ConfigRejectedError: Nothing of it became active; the candidate was discarded.
            HalfAppliedError: Parts became active; says whether the old configuration is back.
        """
        self._pushing.commit(message, revert_in)

    def confirm_commit(self) -> None:
        """Keep the configuration of a pending timed commit, and save it.

        Raises:
            DeviceError: No commit waits for confirmation: it was confirmed, or the device went back by itself.
        """
        self._pushing.confirm()

    def save_config(self) -> None:
        """Make the running configuration the one that the next start takes. DeviceError: it was not saved."""
        self._session.save()

    def has_pending_commit(self) -> bool:
        """Whether a timed commit, of ours or of anybody, waits for its confirmation."""
        return self._session.is_pending()

    def rollback(self) -> None:
        """Go back to what was before the last commit.

        That is the saved configuration while a timed commit is pending, whose timer is then stopped; else revision 1.
        """
        self._pushing.roll_back()

    # ---- reading -------------------------------------------------------------------------------------------------

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,
        sanitized: bool = False,
        format: str = "text",  # noqa: A002 - NAPALM's word
    ) -> napalm_models.ConfigDict:
        """Configurations in set lines; secrets are always concealed, so `sanitized` and `full` change nothing.

        Reading the running or the saved configuration opens no configuration session.
        """
        del full, sanitized, format
        found: napalm_models.ConfigDict = {"running": "", "candidate": "", "startup": ""}
        if retrieve in ("running", "candidate", "all"):
            self._pushing.read_running()
        if retrieve in ("running", "all"):
            found["running"] = self._veil.lines(self._pushing.running.lines)
        if retrieve in ("candidate", "all") and self._session.is_configuring:
            found["candidate"] = self._veil.lines(self._pushing.candidate_lines())
        if retrieve in ("startup", "all"):
            found["startup"] = self._veil.lines(self._session.saved().lines)
        return found

    def get_facts(self) -> napalm_models.FactsDict:
        """What the appliance is: NAPALM's facts."""
        running = list(self._pushing.read_running().statements)
        uptime = self._parsed(parse.uptime_s, "show system uptime")
        rows = self._parsed(parse.interfaces, "show interfaces")
        return getters.facts(self._session.version, running, uptime, rows)

    def get_interfaces(self) -> dict[str, napalm_models.InterfaceDict]:
        """The interfaces and their state. Speed and last change are not told by VyOS: -1."""
        return getters.interfaces(self._parsed(parse.interfaces, "show interfaces"))

    def get_interfaces_ip(self) -> dict[str, napalm_models.InterfacesIPDict]:
        """The addresses in use, by interface and family."""
        return getters.interfaces_ip(self._parsed(parse.interfaces, "show interfaces"))

    def get_ntp_servers(self) -> dict[str, napalm_models.NTPServerDict]:
        """The NTP servers in the running configuration."""
        return {server: {} for server in parse.ntp_servers(list(self._pushing.read_running().statements))}

    def get_users(self) -> dict[str, napalm_models.UsersDict]:
        """The local users. Every one may configure (level 15); the password is what stands for it, never the hash."""
        running = [self._veil.path(path) for path in self._pushing.read_running().statements]
        return getters.users(running)

    def ping(
        self,
        destination: str,
        source: str = "",
        ttl: int = 255,
        timeout: int = 2,
        size: int = 100,
        count: int = 5,
        vrf: str = "",
        source_interface: str = "",
    ) -> napalm_models.PingResultDict:
        """Ping from the appliance."""
        line = getters.ping_command(destination, source, ttl, size, count, vrf, source_interface)
        (answer,) = self._session.run_all([line], timeout_s=self._patience_s(pings=count, timeout_s=timeout))
        return getters.ping_answer(answer)

    def look(self, commands: Sequence[str] = (), addresses: Sequence[str] = (), *, prove: Sequence[str] = ()) -> Sight:
        """Answers to operational commands and to one ping for each address, all in one round trip; proves nothing."""
        del prove
        pings = [getters.ping_command(address, "", 255, 100, 1, "", "") for address in addresses]
        if not commands and not pings:
            return Sight({}, frozenset())
        waited_s = self._patience_s(pings=len(pings), timeout_s=1)
        answers = self._session.run_all([*commands, *pings], timeout_s=waited_s)
        told = {command: self._told(answer) for command, answer in zip(commands, answers, strict=False)}
        heard = zip(addresses, answers[len(commands) :], strict=True)
        return Sight(told, frozenset(address for address, answer in heard if getters.is_answered(answer)))

    # ---- inside --------------------------------------------------------------------------------------------------

    @property
    def _session(self) -> Dialogue:
        return self._pushing.session

    def _check_release(self, found: Version) -> None:
        if found.release in GUARANTEES and self.release in ("", found.release):
            return
        expected = self.release or " or ".join(GUARANTEES)
        raise DeviceError(self.endpoint.name, f"runs VyOS {found.version}, not {expected}; nothing was changed")

    def _clear(self, filename: str | None, config: str | None) -> str:
        """The text given, its references replaced by values."""
        return self._veil.reveal(self._given(filename, config))

    def _told(self, answer: str) -> str:
        """An answer of the device without the secrets that it may repeat."""
        return self._veil.sentence(self._veil.lines(answer))

    def _patience_s(self, *, pings: int, timeout_s: int) -> float:
        """How long to wait for an answer that waits for pings."""
        return self.endpoint.timeout_s + pings * (timeout_s + 1)

    def _parsed(self, read: Callable[[str], Parsed], command: str) -> Parsed:
        try:
            return read(self._session.run_all([command])[0])
        except ValueError as exc:
            raise MisreadError(self.endpoint.name, str(exc)) from exc
