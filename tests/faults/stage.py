"""The stage of the fault matrix: small appliances, an old and a new configuration, and a plan between them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lab.fleet import Handle, Lab, LabAppliance, running_lab
from lisiere.model.plan import Plan
from lisiere.model.site import Appliance
from lisiere.model.words import Release
from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper
from nornir_tasks.fleet import Access, Endpoint
from nornir_tasks.rollout import Caution, Rollout, Watch
from nornir_tasks.verifying import Probes
from tests.fleets import vyos_fleet

if TYPE_CHECKING:
    from lisiere.store.records import Records

SECRET = "overlay/test/a-b"
NEVER_S = 3600.0
"""How long a minute of a timed commit lasts on this stage: timers end when a test says so, not by the clock."""

TUNNEL, FAR_END = "hub-01", "10.1.0.1"

OLD = f"""\
set interfaces dummy dum0 address '192.0.2.1/32'
set interfaces ethernet eth0 address '198.51.100.2/24'
set interfaces loopback lo
set interfaces vti vti1 address '10.9.0.1/30'
set service ntp server 192.0.2.10
set service ssh port '22'
set system config-management commit-revisions '100'
set system domain-name 'old.example'
set system host-name '{{name}}'
set system login user lisiere
set vpn ipsec authentication psk P id 'a'
set vpn ipsec authentication psk P secret '{{secret}}'
set vpn ipsec esp-group E pfs 'dh-group19'
set vpn ipsec ike-group I key-exchange 'ikev2'
set vpn ipsec site-to-site peer {TUNNEL} authentication mode 'pre-shared-secret'
set vpn ipsec site-to-site peer {TUNNEL} default-esp-group 'E'
set vpn ipsec site-to-site peer {TUNNEL} ike-group 'I'
set vpn ipsec site-to-site peer {TUNNEL} local-address '198.51.100.2'
set vpn ipsec site-to-site peer {TUNNEL} remote-address '198.51.100.3'
set vpn ipsec site-to-site peer {TUNNEL} tunnel 0 local prefix '10.0.0.0/24'
set vpn ipsec site-to-site peer {TUNNEL} tunnel 0 remote prefix '10.1.0.0/24'
set vpn ipsec site-to-site peer {TUNNEL} vti bind 'vti1'
"""

NEW = (
    OLD.replace("'old.example'", "'new.example'")
    .replace("192.0.2.10", "192.0.2.11")
    .replace("esp-group E pfs 'dh-group19'", "esp-group E lifetime '3600'\nset vpn ipsec esp-group E pfs 'dh-group19'")
)
"""Three parts of the old one change: the system, a service, the VPN."""

FAILING_PART = ("service", "ntp")


@lru_cache(maxsize=1)
def templates() -> dict[str, Appliance]:
    """One appliance of the reference fleet of each release, to make others from."""
    fleet = vyos_fleet()
    return {str(one.data.release): one for one in fleet.in_service()}


def now() -> datetime:
    """The clock of these tests."""
    return datetime.now(UTC)


def appliance(name: str, release: str) -> Appliance:
    """An appliance of the fleet under a name of its own."""
    template = templates()[release]
    data = template.data.model_copy(update={"release": Release(release)})
    return template.model_copy(update={"name": name, "data": data})


def intended(name: str) -> str:
    """What an appliance of the stage should run, its secret as a reference."""
    return NEW.format(name=name, secret=f"secret:{SECRET}")


@dataclass(frozen=True)
class Way:
    """All that another process needs to reach one appliance of the stage; it can be sent there."""

    appliance: Appliance
    host: str
    port: int
    host_key: str
    username: str
    key_file: str
    store: str
    identity: str
    timeout_s: float

    @property
    def name(self) -> str:
        """The appliance's name."""
        return self.appliance.name

    def access(self) -> Access:
        """The way in, with a keeper of secrets of this process."""
        store = AgeFileStore(Path(self.store), identity=Path(self.identity))
        return Access(
            key_file=Path(self.key_file),
            concealer=SecretKeeper(store, fingerprint_key=store.fingerprint_key),
            username=self.username,
            timeout_s=self.timeout_s,
            commit_timeout_s=3 * self.timeout_s,
            workers=2,
            endpoints={self.name: Endpoint(self.host, self.port, self.host_key)},
        )

    def rollout(self, plan: Plan, records: "Records", *, watch: Watch | None = None, resume: str = "") -> Rollout:
        """An apply that is about to begin: no patience, no pause."""
        return Rollout(
            plan=plan,
            appliances={self.name: self.appliance},
            probes={self.name: Probes(tunnels=frozenset({TUNNEL}), addresses=(FAR_END,))},
            access=self.access(),
            records=records,
            started_by="tester@stage",
            clock=now,
            caution=Caution(revert_in_s=300, patience_s=0.0, settle_s=20.0, pause_s=0.02),
            watch=watch or Watch(),
            resume=resume,
        )


@dataclass
class Stage:
    """The lab, the secrets, and how many appliances were used up."""

    lab: Lab
    store: AgeFileStore
    folder: Path
    unused: dict[str, list[str]] = field(default_factory=dict)

    def take(self, release: str) -> str:
        """An appliance that no other test has."""
        return self.unused[release].pop()

    def handle(self, name: str) -> Handle:
        """What the lab knows of an appliance."""
        return self.lab[name]

    def way(self, name: str, release: str, *, timeout_s: float = 10.0) -> Way:
        """How an appliance is reached."""
        one = self.lab[name]
        return Way(
            appliance=appliance(name, release),
            host=one.host,
            port=one.port,
            host_key=one.host_key,
            username=self.lab.username,
            key_file=str(self.lab.key_file),
            store=str(self.folder / "secrets.age"),
            identity=str(self.folder / "identity.txt"),
            timeout_s=timeout_s,
        )


@contextmanager
def open_stage(folder: Path, *, counts: dict[str, int]) -> Iterator[Stage]:
    """A lab with so many appliances of each release, all on the old configuration."""
    store = AgeFileStore.create(folder / "secrets.age", identity=folder / "identity.txt")
    store.generate_missing([SECRET])
    secret = store.get(SECRET)
    names = {release: [_name(release, number) for number in range(count)] for release, count in counts.items()}
    wanted = [_wanted(name, release, secret) for release, several in names.items() for name in several]
    with running_lab(wanted, state_dir=folder / "lab", minute_s=NEVER_S, reboot_s=0.05) as lab:
        yield Stage(lab, store, folder, names)


def _name(release: str, number: int) -> str:
    return f"80001-stage-{release.replace('.', '')}-{number:03}"


def _wanted(name: str, release: str, secret: str) -> LabAppliance:
    return LabAppliance(name, release, factory=OLD.format(name=name, secret=secret))


def changed(text: str) -> Sequence[str]:
    """The lines in which the old and the new configuration differ, as a running text has them: old, new or mixed."""
    lines = text.splitlines()
    return [line for line in lines if "domain-name" in line or "ntp server" in line or "lifetime" in line]
