"""NAPALM's contract for Debian appliances. Texts in and out are bundles with references in place of secrets."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from napalm.base import models as napalm_models

from lisiere import bundle
from lisiere.configtree import ConfigSyntaxError
from lisiere.drivers.appliance import ApplianceDriver, OptionalArgs
from lisiere.drivers.base import Guarantees, Sight
from lisiere.drivers.debian import bootstrap, parse, pings
from lisiere.drivers.debian.push import Push
from lisiere.drivers.debian.transport import EdgeTransport
from lisiere.drivers.debian.veil import Veil
from lisiere.errors import DeviceError, MisreadError, UsageError

Parsed = TypeVar("Parsed")

COMMIT_TIMEOUT_S = 300.0
"""How long an appliance may take to check, load and settle a configuration, unless told otherwise."""
PROVING_S = 90
"""How much longer it may take to answer when it has to begin many tunnels anew, none of which answers."""
GUARANTEES = {
    "12": Guarantees(
        atomic_replace=False,
        native_timed_revert=True,
        revert_reboots=False,
        restart_reverts=True,
        shortest_revert_s=5,
    ),
}
"""What each release does by itself. Files are switched all at once; the programs that read them load one by one."""
TOPICS = {f"show {topic}": topic for topic in ("config", "ruleset", "tunnels", "version")}
"""Operational commands, and what the script calls them."""


class DebianDriver(ApplianceDriver[Push]):
    """One Debian appliance over SSH; the account may run the appliance's script, and nothing else as root."""

    system = "Debian"
    promises = GUARANTEES
    commit_timeout_default_s = COMMIT_TIMEOUT_S
    show_tunnels = "show tunnels"

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: OptionalArgs | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        self._veil = Veil(self.endpoint.name, (optional_args or {})["secrets"])

    # ---- the session ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, and look whether the appliance is what is expected and holds the script that was shipped."""
        transport = EdgeTransport(self.endpoint)
        try:
            push = Push(transport, self._veil, timeout_s=self.commit_timeout_s)
            found = push.greet()
            self._check(found)
        except BaseException:
            transport.disconnect()
            raise
        self.release, self._version, self._push = found.release, found.version, push

    # ---- changing ------------------------------------------------------------------------------------------------

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Put a whole configuration on the appliance, and have it checked by the programs that will read it.

        Raises:
            ConfigRejectedError: A program refused its file, or takes it for something else than it says; running
                configuration unchanged, candidate discarded.
        """
        self._pushing.stage(self._clear(filename, config))

    def preview_replace(self, config: str) -> str:
        """The difference that a whole configuration would make, as the device shows it; nothing is left behind."""
        return self._veil.text(self._pushing.preview(self._clear(None, config)))

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Replace or add some files of what runs; raises the same as to replace all."""
        push = self._pushing
        push.stage(parse.merged(push.read_running(), self._clear(filename, config)))

    def compare_config(self) -> str:
        """The unified difference of candidate and running configuration; empty when nothing would change."""
        return self._veil.text(self._pushing.difference)

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Make the candidate the running configuration. Without changes, nothing is done and no timer is armed.

        Args:
            message: Of no use here.
            revert_in: Seconds after which the device goes back by itself unless `confirm_commit` is called, at least
                `guarantees.shortest_revert_s`. Without it the new configuration is kept at once.

        Raises:
            PendingCommitError: Another timed commit waits for confirmation; nothing was done.
            ConfigRejectedError: Nothing of it became active; the candidate was discarded.
            HalfAppliedError: Parts became active; says whether the old configuration is back.
        """
        del message
        shortest_s = self.guarantees.shortest_revert_s
        self._pushing.commit(None if revert_in is None else max(revert_in, shortest_s))

    def confirm_commit(self) -> None:
        """Keep the configuration of a pending timed commit; over a new connection, should this one have committed it.

        Raises:
            DeviceError: No commit waits for confirmation: it was confirmed, or the device went back by itself.
        """
        self._pushing.confirm()

    def save_config(self) -> None:
        """What is kept is saved: there is nothing to do."""

    def has_pending_commit(self) -> bool:
        """Whether a timed commit, of ours or of anybody, waits for its confirmation."""
        return self._pushing.is_pending()

    def rollback(self) -> None:
        """Go back to what was before the last commit: the pending one, whose timer is then stopped, or a kept one."""
        self._pushing.roll_back()

    def forget_before(self) -> None:
        """Remove the generations before the confirmed one; there is nothing to roll back to any more.

        Raises:
            PendingCommitError: A timed commit waits for its confirmation; nothing was removed.
        """
        self._pushing.forget()

    # ---- reading -------------------------------------------------------------------------------------------------

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,
        sanitized: bool = False,
        format: str = "text",  # noqa: A002 - NAPALM's word
    ) -> napalm_models.ConfigDict:
        """Configurations as bundles; secrets are always concealed, so `sanitized` and `full` change nothing.

        What runs but does not go by the files is told below `effective/` in the running one.
        """
        del full, sanitized, format
        found: napalm_models.ConfigDict = {"running": "", "candidate": "", "startup": ""}
        push = self._pushing
        if retrieve in ("running", "all"):
            found["running"] = self._veil.text(push.read_running())
        if retrieve in ("candidate", "all"):
            found["candidate"] = self._veil.text(push.candidate)
        if retrieve in ("startup", "all"):
            found["startup"] = self._veil.text(push.read_confirmed())
        return found

    def get_facts(self) -> napalm_models.FactsDict:
        """What the appliance is: NAPALM's facts."""
        domain = parse.domain(self._pushing.read_running())
        return self._asked(lambda answer: parse.facts(answer, version=self._version, domain=domain))

    def get_interfaces(self) -> dict[str, napalm_models.InterfaceDict]:
        """The interfaces and their state. Speed and last change are not told: -1."""
        return self._asked(parse.interfaces)

    def get_interfaces_ip(self) -> dict[str, napalm_models.InterfacesIPDict]:
        """The addresses in use, by interface and family."""
        return self._asked(parse.interfaces_ip)

    def get_ntp_servers(self) -> dict[str, napalm_models.NTPServerDict]:
        """The NTP servers in the running configuration."""
        return {server: {} for server in parse.ntp_servers(self._pushing.read_running())}

    def get_users(self) -> dict[str, napalm_models.UsersDict]:
        """The accounts that have keys. There are no passwords."""
        return parse.users(self._veil.text(self._pushing.read_running()))

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
        if vrf:
            raise UsageError(f"{self.endpoint.name}: there are no VRF on it")
        words = pings.words(destination, source or source_interface, ttl, timeout, size, count)
        _, (answer,) = self._look([], [words], count * (timeout + 1))
        return pings.answer(answer)

    def look(self, commands: Sequence[str] = (), addresses: Sequence[str] = (), *, prove: Sequence[str] = ()) -> Sight:
        """Answers to operational commands and to one ping for each address, all in one round trip.

        Behind the state of a tunnel that was to be proven and did not come up stands a `TunnelFault`.
        """
        if not commands and not addresses:
            return Sight({}, frozenset())
        if unknown := [command for command in commands if command not in TOPICS]:
            known = ", ".join(TOPICS)
            raise UsageError(f"{self.endpoint.name}: does not know the command {unknown[0]!r}; there are: {known}")
        asked = [pings.words(address, "", 64, 1, 56, 1) for address in addresses]
        waits_s = 2 + (PROVING_S if prove else 0)
        answers, heard = self._look([TOPICS[one] for one in commands], asked, waits_s, prove)
        told = {command: self._told(answers.get(TOPICS[command], "")) for command in commands}
        reached = (address for address, answer in zip(addresses, heard, strict=True) if pings.is_answered(answer))
        return Sight(told, frozenset(reached))

    # ---- inside --------------------------------------------------------------------------------------------------

    def _check(self, found: parse.Greeting) -> None:
        if found.system != "debian" or found.release not in GUARANTEES or self.release not in ("", found.release):
            expected = self.release or " or ".join(GUARANTEES)
            raise DeviceError(
                self.endpoint.name, f"runs {found.system} {found.release}, not debian {expected}; nothing was changed"
            )
        if found.script != bootstrap.digest():
            raise DeviceError(
                self.endpoint.name,
                f"holds another {bootstrap.SCRIPT} than the one that belongs to this Lisière; install it anew",
            )

    def _clear(self, filename: str | None, config: str | None) -> str:
        """The bundle given, its references replaced by values."""
        config = self._given(filename, config)
        try:
            if not bundle.parse(config):
                raise UsageError(f"{self.endpoint.name}: the configuration to load is empty; nothing was sent")
        except ConfigSyntaxError as exc:
            raise UsageError(f"{self.endpoint.name}: the configuration to load cannot be read: {exc}") from exc
        return self._veil.reveal(config)

    def _told(self, answer: str) -> str:
        """An answer of the device without the secrets that it may repeat."""
        return self._veil.sentence(self._veil.text(answer))

    def _asked(self, read: Callable[[parse.Answer], Parsed]) -> Parsed:
        answer = self._pushing.ask("facts")
        try:
            return read(answer)
        except ValueError as exc:
            raise MisreadError(self.endpoint.name, str(exc)) from exc

    def _look(
        self, topics: Sequence[str], asked: Sequence[Sequence[str]], waits_s: int, prove: Sequence[str] = ()
    ) -> tuple[dict[str, str], list[str]]:
        wanted = json.dumps({"show": list(topics), "prove": list(prove), "pings": [list(words) for words in asked]})
        answer = self._pushing.ask("look", text=wanted, timeout_s=self.endpoint.timeout_s + waits_s)
        answers, heard = answer.get("answers"), answer.get("pings")
        if not isinstance(answers, dict) or not isinstance(heard, list) or len(heard) != len(asked):
            raise MisreadError(self.endpoint.name, "the answer to look is not what was asked for")
        return {str(topic): str(text) for topic, text in answers.items()}, [str(text) for text in heard]
