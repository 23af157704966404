"""The contract of drivers, kept by VyOS 1.4 and 1.5 against simulated appliances over real SSH."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from napalm.base import NetworkDriver

from lisiere.drivers.vyos.driver import GUARANTEES

pytest.register_assert_rewrite("tests.drivers.contract")

from tests.drivers.contract import DriverContract, Harness, Texts, running_of  # noqa: E402
from tests.drivers.vyos.appliance import MINUTE_S, LabVyOS, lab_vyos  # noqa: E402

MARK = "set vpn ipsec authentication psk HUB secret 'secret:overlay/a--b'"
ADDED = f"""\
set firewall ipv4 name ADMIN-WAN default-action 'drop'
set firewall ipv4 name ADMIN-WAN rule 10 action 'accept'
set firewall ipv4 name ADMIN-WAN rule 10 destination port '443'
set firewall ipv4 name ADMIN-WAN rule 10 protocol 'tcp'
set firewall zone ADMIN default-action 'drop'
set firewall zone ADMIN interface 'eth1'
set interfaces ethernet eth1 address '10.1.10.1/24'
set interfaces ethernet eth1 description 'the office, first floor'
set service ntp server 192.0.2.123
set system host-name 'renamed-01'
set system name-server '192.0.2.53'
set vpn ipsec authentication psk HUB id 'hub.example.net'
set vpn ipsec authentication psk HUB id 'site.example.net'
{MARK}
"""
MERGE = """\
set system name-server '192.0.2.54'
set vpn ipsec authentication psk OTHER id 'other.example.net'
set vpn ipsec authentication psk OTHER secret 'secret:overlay/a--c'
"""


class VyOSHarness(Harness):
    """One simulated VyOS appliance."""

    platform = "vyos"
    revert_s = 2 * MINUTE_S

    def __init__(self, appliance: LabVyOS, *, replace_with: str) -> None:
        self.appliance, self.replace_with = appliance, replace_with
        self.username, self.address = appliance.username, appliance.host
        self.port, self.host_key = appliance.port, appliance.host_key
        self.guarantees = GUARANTEES[appliance.release]
        self.texts = self._texts()
        self.commands = ["show version", "show configuration commands", "show vpn ipsec sa"]
        self.steps: dict[str, Callable[[NetworkDriver], object]] = self._steps()

    def options(self) -> dict[str, object]:
        """The key of the lab, and how configurations are replaced."""
        appliance = self.appliance
        return {"key_file": appliance.key_file, "release": appliance.release, "replace_with": self.replace_with}

    def running(self) -> str:
        """What the simulated appliance runs."""
        return self.appliance.running()

    def startup(self) -> str:
        """What the simulated appliance saved."""
        return self.appliance.saved()

    def refuse_login(self) -> None:
        """Every login from now on."""
        self.appliance.refuse_login()

    def drop_at(self, step: str) -> None:
        """See `LabVyOS.drop_at`."""
        self.appliance.drop_at(step)

    def leftovers(self) -> list[str]:
        """Files in the simulated file system."""
        return list(self.appliance.files())

    def _texts(self) -> Texts:
        # The factory's own texts, but for what the appliance adds by itself and what is replaced.
        replaced = (" hw-id ", " host-name ", "set interfaces ethernet eth1", " ntp server ")
        kept = [line for line in self.running().splitlines() if not any(words in line for words in replaced)]
        replacement = "\n".join([*kept, ADDED])
        lost = "set firewall zone ADMIN colour 'red'"
        broken_zone = "set firewall zone EMPTY default-action 'drop'\n"
        only_broken = "\n".join([*(line for line in self.running().splitlines() if " hw-id " not in line), broken_zone])
        return Texts(
            replacement=replacement,
            mark=MARK,
            merge=MERGE,
            merged=MERGE.splitlines()[2],
            bad_merge=f"{MERGE}set system no-such-thing 'secret:overlay/a--b'\n",
            bad_word="no-such-thing",
            lossy=f"{replacement}{lost}\n",
            lost=lost,
            refused=only_broken,
            half=f"{replacement}{broken_zone}",
            half_applied="host-name",
            reason='Zone "EMPTY" has no interfaces',
        )

    def _steps(self) -> dict[str, Callable[[NetworkDriver], object]]:
        def load(driver: NetworkDriver) -> None:
            driver.load_replace_candidate(config=self.texts.replacement)

        def commit(driver: NetworkDriver) -> None:
            load(driver)
            driver.commit_config(revert_in=60)

        def confirm(driver: NetworkDriver) -> None:
            commit(driver)
            driver.confirm_commit()

        loading = {"upload": load, "upload!": load, "load": load, "load!": load} if self.replace_with == "load" else {}
        return loading | {
            "show": running_of,
            "show~": running_of,
            "configure": load,
            "compare": load,
            "compare~": load,
            "save": commit,
            "commit": commit,
            "commit!": commit,
            "confirm": confirm,
            "show!": running_of,
        }


@pytest.fixture(params=["1.4-load", "1.5-load", "1.5-commands", "1.5-load-scattered"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VyOSHarness]:
    """A fresh appliance as it leaves the bench; a scattered one answers in pieces, cut at any byte."""
    release, replace_with, *scattered = request.param.split("-")
    with lab_vyos(release, tmp_path, scatter_ms=2.0 if scattered else 0.0) as appliance:
        yield VyOSHarness(appliance, replace_with=replace_with)


class TestVyOS(DriverContract):
    """VyOS, by file and by commands."""
