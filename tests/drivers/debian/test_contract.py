"""The contract of drivers, kept by Debian 12 on a real appliance in namespaces of this machine."""

from collections import Counter
from collections.abc import Callable

import pytest
from napalm.base import NetworkDriver

from lisiere import bundle
from lisiere.bundle import File
from lisiere.drivers.debian.driver import GUARANTEES
from tests.drivers.contract import DriverContract, Harness, Texts, running_of
from tests.drivers.debian.appliance import RealDebian

SWANCTL = """connections {
	hub {
		version = 2
		local_addrs = 203.0.113.2
		remote_addrs = 203.0.113.6
		proposals = aes256gcm128-prfsha384-ecp384
		local {
			auth = psk
			id = site.example.net
		}
		remote {
			auth = psk
			id = hub.example.net
		}
		children {
			lan {
				local_ts = 10.1.10.0/24
				remote_ts = 10.2.0.0/16
				esp_proposals = aes256gcm128-ecp384
			}
		}
	}
}
secrets {
	ike-hub {
		id-local = site.example.net
		id-remote = hub.example.net
		secret = "secret:overlay/a--b"
	}
}
"""
MARK = 'secret = "secret:overlay/a--b"'
RULE = '\t\tiifname "lan-desk" ip saddr 10.1.10.0/24 tcp dport 443 counter accept comment "the office"\n'
PROXY = """http_port 127.0.0.1:3128
http_access deny all
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
cache_log stdio:/var/log/squid/cache.log
access_log none
pid_filename /run/squid.pid
cache_peer 192.0.2.9 parent 3128 0 no-query no-digest login=site:secret:overlay/a--c
"""
MERGED = PROXY.splitlines()[-1]
LOST = "dpd_dely = 30s"


class DebianHarness(Harness):
    """One real appliance."""

    platform, username, port = "debian", "lisiere", 22
    revert_in_s, revert_s = 5, 5.0
    guarantees = GUARANTEES["12"]

    def __init__(self, real: RealDebian) -> None:
        self.commands = ["show version", "show config", "show tunnels"]
        self.real, self.address, self.host_key = real, real.address, real.host_key
        self.texts = self._texts()
        self.steps: dict[str, Callable[[NetworkDriver], object]] = self._steps()

    def options(self) -> dict[str, object]:
        """The key of the bench."""
        return {"key_file": str(self.real.key_file), "release": "12", "timeout_s": 30.0}

    def running(self) -> str:
        """The files that `current` names."""
        return self.real.text()

    def startup(self) -> str:
        """The files that `confirmed` names."""
        return self.real.text("confirmed")

    def statements(self, text: str) -> list[str]:
        """Each line with its file, and how often it stood there before."""
        found: list[str] = []
        for one in bundle.parse(text):
            seen: Counter[str] = Counter()
            for line in one.text.splitlines():
                seen[line] += 1
                found.append(f"{one.path}: {line} ({seen[line]})")
        return found

    def shown(self, line: str) -> str:
        """As a unified difference shows it."""
        return f"+{line}"

    def refuse_login(self) -> None:
        """Every login from now on."""
        self.real.refuse_login()

    def drop_at(self, step: str) -> None:
        """See `RealDebian.drop_at`."""
        self.real.drop_at(step)

    def leftovers(self) -> list[str]:
        """Generations that nobody committed."""
        kept = {(self.real.appliance.etc / "lisiere" / name).readlink().name for name in ("current", "confirmed")}
        return sorted(self.real.generations() - kept)

    def _texts(self) -> Texts:
        factory = {one.path: one for one in self.real.files()}
        replaced = dict(factory)
        rules = factory["nftables.conf"].text.replace("\t\ticmpv6 type", f"{RULE}\t\ticmpv6 type")
        replaced["nftables.conf"] = File("nftables.conf", "0600", rules)
        addresses = factory["network/addresses.batch"].text
        addresses += "address replace 203.0.113.2/30 dev wan0\nlink set dev wan0 up\n"
        replaced["network/addresses.batch"] = File("network/addresses.batch", "0644", addresses)
        replaced["swanctl/swanctl.conf"] = File("swanctl/swanctl.conf", "0600", SWANCTL)
        lossy = SWANCTL.replace("\t\tversion = 2\n", f"\t\tversion = 2\n\t\t{LOST}\n")
        nowhere = File("network/addresses.batch", "0644", f"{addresses}address replace 10.9.9.1/24 dev lan-none\n")
        route = File(
            "network/routes.batch", "0644", "route replace 10.9.0.0/16 via 192.0.2.77 dev wan0 proto static metric 10\n"
        )
        merge = [File("squid/squid.conf", "0640", PROXY)]
        bad = [File("squid/squid.conf", "0640", f"{PROXY}never_direct alow all\n")]

        def whole(*changes: File, base: dict[str, File] = replaced) -> str:
            return bundle.write((base | {one.path: one for one in changes}).values())

        return Texts(
            replacement=whole(),
            mark=MARK,
            merge=bundle.write(merge),
            merged=MERGED,
            bad_merge=bundle.write(bad),
            bad_word="never_direct alow all",
            lossy=whole(File("swanctl/swanctl.conf", "0600", lossy)),
            lost=LOST,
            refused=whole(nowhere),
            half=whole(route),
            half_applied="the office",
            reason="no interface lan-none|Nexthop has invalid gateway",
        )

    def _steps(self) -> dict[str, Callable[[NetworkDriver], object]]:
        def load(driver: NetworkDriver) -> None:
            driver.load_replace_candidate(config=self.texts.replacement)

        def commit(driver: NetworkDriver) -> None:
            load(driver)
            driver.commit_config(revert_in=self.revert_in_s)

        def confirm(driver: NetworkDriver) -> None:
            commit(driver)
            driver.confirm_commit()

        return {
            "read": running_of, "read~": running_of, "stage": load, "stage~": load, "stage!": load, "commit": commit,
            "commit~": commit, "commit!": commit, "confirm": confirm,
        }  # fmt: skip


@pytest.fixture
def harness(real: RealDebian) -> DebianHarness:
    """That appliance as it left the bench."""
    return DebianHarness(real)


class TestDebian(DriverContract):
    """Debian 12 in namespaces."""
