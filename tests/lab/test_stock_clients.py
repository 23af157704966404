"""Stock netmiko and stock nornir_netmiko drive the appliances; nothing of them is adapted."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from netmiko import ConnectHandler
from netmiko.vyos import VyOSSSH
from nornir import InitNornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.plugins.inventory import InventoryPluginRegister
from nornir_netmiko.tasks import netmiko_commit, netmiko_send_command, netmiko_send_config

from lab.fleet import Lab

NAMES = ("old", "new")
LINES = ["set system name-server 192.0.2.53", "set service ntp server 192.0.2.123", "set system nonsense x"]


def drive(lab: Lab, name: str) -> tuple[str, ...]:
    """What a plain netmiko script does: look, configure, commit, leave."""
    handle = lab[name]
    with ConnectHandler(
        device_type="vyos",
        host=handle.host,
        port=handle.port,
        username=lab.username,
        use_keys=True,
        key_file=str(lab.key_file),
    ) as connection:
        prompt = connection.find_prompt()
        version = str(connection.send_command("show version"))
        configured = connection.send_config_set(LINES)
        assert isinstance(connection, VyOSSSH)
        committed = connection.commit(comment="by netmiko")
        left = connection.exit_config_mode()
        return prompt, version, configured, committed, left


def test_stock_netmiko_configures_both_releases(lab: Lab) -> None:
    """At the same time, because it mostly sleeps."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        results = dict(zip(NAMES, pool.map(lambda name: drive(lab, name), NAMES), strict=True))
    for name, (prompt, version, configured, committed, left) in results.items():
        assert prompt == f"lisiere@{name}:~$"
        assert version.startswith(f"Version:          VyOS {'1.4' if name == 'old' else '1.5'}")
        assert "Configuration path: system [nonsense] is not valid" in configured
        assert "Commit failed" not in committed
        assert left.strip().endswith(f"lisiere@{name}:~$")
        running = lab[name].running_set()
        assert "set system name-server '192.0.2.53'\n" in running
        assert "set service ntp server 192.0.2.123\n" in running
        counters = lab[name].counters
        assert (counters.logins, counters.commits, counters.pushes) == (1, 1, 1)


def test_stock_netmiko_reports_a_failed_commit(lab: Lab) -> None:
    """It knows the words that VyOS uses."""
    handle = lab["new"]
    with ConnectHandler(
        device_type="vyos",
        host=handle.host,
        port=handle.port,
        username=lab.username,
        password="for tests",
    ) as connection:
        connection.send_config_set(["set firewall zone EMPTY default-action drop"])
        with pytest.raises(ValueError, match=r"Commit failed with following errors(.|\n)*has no interfaces"):
            connection.commit()
    assert "EMPTY" not in handle.running_set()


def test_stock_nornir_netmiko_drives_a_fleet(lab: Lab) -> None:
    """Its own tasks, with options that any inventory could hold."""

    class LabInventory:
        """The appliances of the lab as Nornir hosts."""

        def load(self) -> Inventory:
            """Nothing but Nornir's own classes."""
            extras = {"use_keys": True, "key_file": str(lab.key_file)}
            hosts = {
                name: Host(
                    name=name,
                    hostname=lab[name].host,
                    port=lab[name].port,
                    username=lab.username,
                    platform="vyos",
                    connection_options={"netmiko": ConnectionOptions(extras=extras)},
                )
                for name in NAMES
            }
            return Inventory(hosts=Hosts(hosts), groups=Groups(), defaults=Defaults())

    InventoryPluginRegister.register("LabInventory", LabInventory)
    ConnectionPluginRegister.auto_register()
    runner = InitNornir(
        inventory={"plugin": "LabInventory"},
        logging={"enabled": False},
        runner={"plugin": "threaded", "options": {"num_workers": len(NAMES)}},
    )
    try:
        configured = runner.run(netmiko_send_config, config_commands=["set system host-name renamed"])
        committed = runner.run(netmiko_commit)
        shown = runner.run(netmiko_send_command, command_string="show configuration commands")
    finally:
        runner.close_connections(on_failed=True)
    for name in NAMES:
        assert not configured[name].failed, configured[name].exception
        assert not committed[name].failed, committed[name].exception
        assert "set system host-name 'renamed'" in shown[name].result
        assert "set system host-name 'renamed'" in lab[name].running_set()
