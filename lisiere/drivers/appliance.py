"""What the NAPALM drivers of all platforms share: their options, their session, and texts on the way to the device."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Literal, Protocol, Self, TypedDict, TypeVar

from napalm.base import NetworkDriver
from napalm.base import models as napalm_models

from lisiere.drivers.base import FINGERPRINT, Concealer, Guarantees, Sight
from lisiere.drivers.ssh import Endpoint
from lisiere.errors import DeviceError, SessionLostError, UsageError


class Transport(Protocol):
    """What is asked of a connection, whatever is spoken over it."""

    round_trips: int

    def is_open(self) -> bool:
        """Whether it stands, as far as is known without asking."""
        ...

    def disconnect(self) -> None:
        """Hang up."""
        ...


class Pushing(Protocol):
    """What is asked of a platform's session; a driver asks more of its own."""

    @property
    def transport(self) -> Transport:
        """The connection."""
        ...

    @property
    def holds_candidate(self) -> bool:
        """Whether something that was loaded may still be there."""
        ...

    def discard(self) -> None:
        """Drop the candidate."""
        ...


Session = TypeVar("Session", bound=Pushing)


class OptionalArgs(TypedDict, total=False):
    """What `optional_args` may hold; `host_key` and `secrets` must be there."""

    name: str
    port: int
    key_file: str
    host_key: str
    secrets: Concealer
    release: str
    timeout_s: float
    commit_timeout_s: float


class ApplianceDriver(NetworkDriver, Generic[Session]):  # type: ignore[misc]
    """One appliance over SSH.

    Args:
        hostname: Address to connect to.
        username: An account that may change the configuration.
        password: Its password, unless `key_file` is given.
        timeout: Seconds to wait for an answer; commits may take longer.
        optional_args: See the platform's `OptionalArgs`. `name` is the appliance's in messages; `release` is compared
            with the device; `commit_timeout_s` is how long a step that changes it may take.
    """

    system: ClassVar[str]
    """The platform as its makers write it."""
    promises: ClassVar[Mapping[str, Guarantees]]
    """By release: what it does by itself."""
    option_names: ClassVar[frozenset[str]] = OptionalArgs.__optional_keys__
    """What `optional_args` may hold."""
    commit_timeout_default_s: ClassVar[float]
    show_tunnels: ClassVar[str]
    """The operational command that tells which tunnels are up."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: OptionalArgs | None = None,
    ) -> None:
        given: OptionalArgs = optional_args or {}
        name = given.get("name", hostname)
        if unknown := sorted(given.keys() - self.option_names):
            raise UsageError(f"{name}: unknown optional_args {', '.join(unknown)}")
        if "secrets" not in given:
            raise UsageError(f"{name}: optional_args lacks 'secrets', the keeper that conceals what is read")
        self.hostname, self.username, self.password, self.timeout = hostname, username, password, timeout
        self.endpoint = Endpoint(
            name=name,
            address=hostname,
            port=given.get("port", 22),
            host_key=given.get("host_key", ""),
            username=username,
            password=password or "",
            key_file=given.get("key_file", ""),
            timeout_s=given.get("timeout_s", float(timeout)),
        )
        self.release = given.get("release", "")
        self.commit_timeout_s = given.get("commit_timeout_s", self.commit_timeout_default_s)
        if self.release and self.release not in self.promises:
            known = ", ".join(self.promises)
            raise UsageError(f"{name}: no {self.system} release {self.release!r}; there are: {known}")
        self._push: Session | None = None

    # ---- the session ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Drop the candidate, if any, and hang up."""
        push, self._push = self._push, None
        if push is None:
            return
        transport = push.transport
        try:
            if transport.is_open() and push.holds_candidate:
                push.discard()
        except DeviceError:
            pass  # A candidate that is left alone becomes nothing: it goes with the session, or is forgotten.
        finally:
            transport.disconnect()

    def is_alive(self) -> napalm_models.AliveDict:
        """Whether the session stands, as far as is known without asking."""
        return {"is_alive": self._push is not None and self._push.transport.is_open()}

    @property
    def guarantees(self) -> Guarantees:
        """What this appliance's release does by itself; known once it is told or the session is open."""
        if not self.release:
            raise UsageError(f"{self.endpoint.name}: its release is not known before the session is open")
        return self.promises[self.release]

    @property
    def round_trips(self) -> int:
        """How often this session waited for an answer; for measuring."""
        return self._pushing.transport.round_trips

    def discard_config(self) -> None:
        """Drop the candidate."""
        self._pushing.discard()

    def forget_before(self) -> None:
        """Remove what the appliance keeps of configurations before this one, where the platform lets that be done."""

    # ---- asking --------------------------------------------------------------------------------------------------

    def get_ntp_peers(self) -> dict[str, napalm_models.NTPPeerDict]:
        """Appliances have servers only."""
        return {}

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, object]]:
        """Answers to operational commands, secrets concealed."""
        if encoding != "text":
            raise UsageError(f"{self.endpoint.name}: cli gives text only, not {encoding!r}")
        return dict(self.look(commands).answers)

    @abstractmethod
    def look(self, commands: Sequence[str] = (), addresses: Sequence[str] = (), *, prove: Sequence[str] = ()) -> Sight:
        """Answers to operational commands and to one ping for each address, all in one round trip.

        Args:
            commands: What is asked.
            addresses: What is pinged.
            prove: Tunnels whose state is found out before it is told, where the platform can: one that is down, or
                that lives by a key which has changed since, is begun anew beside what there is of it.
        """

    # ---- NAPALM's plumbing ---------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self.close()
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.endpoint.name!r})"

    # ---- inside --------------------------------------------------------------------------------------------------

    @property
    def _pushing(self) -> Session:
        if self._push is None:
            raise SessionLostError(self.endpoint.name, "there is no open session")
        return self._push

    def _given(self, filename: str | None, config: str | None) -> str:
        """The text given, fit to be sent once its references are replaced."""
        if filename:
            try:
                config = Path(filename).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as exc:
                raise UsageError(f"{filename}: cannot be read: {exc}") from exc
        config = config or ""
        if FINGERPRINT.search(config):
            raise UsageError(
                f"{self.endpoint.name}: the configuration holds fingerprints of secrets (masked:…), which cannot be"
                " sent; give these secrets names and refer to them"
            )
        return config
