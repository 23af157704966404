"""Plain Nornir scripts work on the inventory: its inheritance, its filters, stock tasks over real SSH."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from nornir import InitNornir
from nornir.core import Nornir
from nornir.core.filter import F
from nornir.core.inventory import Inventory
from nornir.core.task import Result
from nornir.plugins.inventory import SimpleInventory
from nornir_napalm.plugins.tasks import napalm_get
from nornir_netmiko.tasks import netmiko_send_command

from lab.fleet import LabAppliance, running_lab
from lisiere.errors import InventoryError, UsageError
from lisiere.inventory.draft import Draft
from lisiere.inventory.loader import load_draft
from lisiere.model.fleet import Fleet
from lisiere.model.site import Appliance
from nornir_tasks import inventory_plugin
from nornir_tasks.inventory_plugin import LisiereInventory
from tests.inventory.casebook import BROKEN, GOOD, read_case

AS_OF = "2026-11-24"
PLAYED = ("80900-siege-01", "80900-mairie-01")


def nornir(**options: object) -> Nornir:
    """What a plain script would do."""
    return InitNornir(
        logging={"enabled": False},
        runner={"plugin": "threaded", "options": {"num_workers": 4}},
        inventory={"plugin": "LisiereInventory", "options": {"path": str(GOOD), "as_of": AS_OF, **options}},
    )


def test_today_is_the_day_in_paris(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends with a day has ended after midnight there, two hours before it has in UTC."""

    class Night(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Night":
            return cls(2026, 7, 1, 22, 30, tzinfo=tz)

    judged_on: list[date] = []

    def read(path: Path, *, as_of: date) -> tuple[Fleet, Draft]:
        judged_on.append(as_of)
        return load_draft(path, as_of=as_of)

    monkeypatch.setattr(inventory_plugin, "datetime", Night)
    monkeypatch.setattr(inventory_plugin, "load_draft", read)
    assert LisiereInventory(GOOD).load().hosts
    assert judged_on == [date(2026, 7, 2)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Two played appliances, one of each release: what `lab.json` holds."""
    wanted = [LabAppliance(PLAYED[0], "1.5"), LabAppliance(PLAYED[1], "1.4")]
    with running_lab(wanted, state_dir=tmp_path_factory.mktemp("lab")) as running:
        appliances = {
            name: {"hostname": running[name].host, "port": running[name].port, "host_key": running[name].host_key}
            for name in PLAYED
        }
        yield {"username": running.username, "key_file": str(running.key_file), "appliances": appliances}


def test_hosts_inherit_as_nornir_says() -> None:
    """Own data first, then groups in order, then defaults; the model stands beside the plain data."""
    host = nornir().inventory.hosts["80900-siege-01"]
    assert (host.hostname, host.port, host.username, host.platform) == ("10.255.0.1", 22, "jmartin", "vyos")
    assert host["site"] == "Siège de la CC du Val de Lisière"
    assert host["territory"]["name"] == "CC du Val de Lisière"
    assert host["profile"]["zones"] == ["admin", "guest", "voice", "dmz"]
    assert isinstance(host["appliance"], Appliance)
    assert host["appliance"].data.segments[0].vlan == host["segments"][0]["vlan"] == 10


def test_filters_of_nornir_work() -> None:
    """By group and by data, as in any Nornir script."""
    found = nornir().filter(F(groups__contains="profile-school") & F(lifecycle="staged"))
    assert list(found.inventory.hosts) == ["80900-ecole-01"]


def test_simple_inventory_sees_the_same_hosts(tmp_path: Path) -> None:
    """The files are Nornir's own shape: its stock plugin reads them, one territory at a time, to the same values."""
    files = sorted((GOOD / "hosts").glob("*.yaml"))
    stock = tmp_path / "hosts.yaml"
    stock.write_text(
        "".join(path.read_text(encoding="utf-8").removeprefix("---\n") for path in files), encoding="utf-8"
    )
    simple: Inventory = SimpleInventory(str(stock), str(GOOD / "groups.yaml"), str(GOOD / "defaults.yaml")).load()
    ours = nornir().inventory
    assert simple.hosts.keys() == ours.hosts.keys()
    for name, host in simple.hosts.items():
        one = ours.hosts[name]
        for attribute in ("hostname", "port", "username", "platform"):
            assert getattr(one, attribute) == getattr(host, attribute)
        assert [group.name for group in one.groups] == [group.name for group in host.groups]
        assert one.keys() - {"appliance"} == host.keys()
        assert all(one[key] == host[key] for key in ("site", "segments", "territory", "profile"))


def test_stock_netmiko_reads_appliances(lab: dict[str, Any]) -> None:
    """nornir_netmiko with nothing but the plugin's options; appliances that the lab does not play are left out."""
    runner = nornir(overrides=lab)
    assert sorted(runner.inventory.hosts) == sorted(PLAYED)
    outcome = runner.run(task=netmiko_send_command, command_string="show configuration commands")
    runner.close_connections()
    for name in PLAYED:
        assert not outcome[name].failed, outcome[name].exception
        assert f"set system host-name '{name}'" in outcome[name].result


def test_stock_napalm_tasks_reach_our_driver(lab: dict[str, Any]) -> None:
    """nornir_napalm's own task, by the same options."""
    runner = nornir(overrides=lab)
    outcome = runner.run(task=napalm_get, getters=["facts"])
    runner.close_connections()
    for name in PLAYED:
        assert not outcome[name].failed, outcome[name].exception
        assert outcome[name].result["facts"]["hostname"] == name


@pytest.mark.parametrize("task", [netmiko_send_command, napalm_get], ids=["netmiko", "napalm"])
def test_another_host_key_is_refused(lab: dict[str, Any], task: Callable[..., Result]) -> None:
    """The pinned key is the only one; nobody is asked and nothing is added."""
    one, other = (lab["appliances"][name] for name in PLAYED)
    swapped = {
        PLAYED[0]: {**one, "host_key": other["host_key"]},
        PLAYED[1]: {**other, "host_key": one["host_key"]},
    }
    runner = nornir(overrides={**lab, "appliances": swapped})
    arguments = {"command_string": "show version"} if task is netmiko_send_command else {"getters": ["facts"]}
    outcome = runner.run(task=task, **arguments)
    assert all(outcome[name].failed for name in PLAYED)
    assert all("key" in str(outcome[name].exception).lower() for name in PLAYED)


def test_overrides_are_read_from_the_labs_file(lab: dict[str, Any], tmp_path: Path) -> None:
    """The path of a lab.json does what the mapping does."""
    file = tmp_path / "lab.json"
    file.write_text(json.dumps(lab), encoding="utf-8")
    everyone = nornir(overrides=str(file), only_overridden=False).inventory.hosts
    assert everyone["80900-siege-01"].port == lab["appliances"]["80900-siege-01"]["port"]
    assert everyone["80950-mairie-01"].hostname == "10.255.1.1"


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not of the form"), ('{"appliances": {"a": {"port": 22}}}', "is not of the form")],
)
def test_wrong_overrides_are_said_so(content: str, said: str, tmp_path: Path) -> None:
    """One message with the file and the form that is wanted."""
    file = tmp_path / "lab.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        LisiereInventory(GOOD, overrides=file)
    with pytest.raises(UsageError, match="No such file"):
        LisiereInventory(GOOD, overrides=tmp_path / "none.json")


def test_a_wrong_day_is_said_so() -> None:
    """As an option of a YAML file may hold anything."""
    with pytest.raises(UsageError, match="is not a day"):
        LisiereInventory(GOOD, as_of="tomorrow")


def test_a_broken_inventory_never_becomes_hosts(tmp_path: Path) -> None:
    """A plain script meets the same refusal as everybody."""
    read_case(BROKEN / "overlap-in-territory").build(tmp_path / "inventory")
    with pytest.raises(InventoryError, match="overlaps"):
        LisiereInventory(tmp_path / "inventory", as_of=AS_OF).load()


def test_pinned_keys_go_with_the_process() -> None:
    """The temporary folder of keys is gone when a script ends."""
    code = (
        "from nornir_tasks.inventory_plugin import LisiereInventory;"
        f"hosts = LisiereInventory({str(GOOD)!r}, as_of={AS_OF!r}).load().hosts;"
        "print(hosts['80900-siege-01'].connection_options['netmiko'].extras['alt_key_file'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    file = Path(done.stdout.strip())
    assert file.name == "80900-siege-01"
    assert not file.parent.exists()
