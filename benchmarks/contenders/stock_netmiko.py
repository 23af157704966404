"""nornir_netmiko as it comes: its own tasks with their default settings, one thread for each appliance.

`save` is sent as a command: netmiko's own `save_config` waits for the word "Done", which VyOS says no more since 1.4,
and takes its absence for a failure.
"""

from functools import partial

from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import AggregatedResult, Result, Task
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko.tasks import netmiko_commit, netmiko_send_command, netmiko_send_config

from benchmarks import texts
from benchmarks.endpoints import Doors, Endpoint, doors
from benchmarks.jobs import Extra, Job, Work


def prepare(job: Job) -> Work:
    """Work out what is sent, and make a Nornir of the appliances."""
    way = doors(job)
    commands = {host: texts.changes(job.text_before(host), job.text_after(host)) for host in job.hosts}
    ConnectionPluginRegister.auto_register()
    hosts = Hosts({one.name: _host(one, way, commands[one.name]) for one in way.endpoints})
    inventory = Inventory(hosts=hosts, groups=Groups(), defaults=Defaults())
    return partial(_work, Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=len(hosts))))


def change(task: Task) -> Result:
    """Read, push, compare, commit, save."""
    task.run(netmiko_send_command, command_string="show configuration commands")
    task.run(netmiko_send_config, config_commands=task.host["commands"])
    task.run(netmiko_send_command, command_string="compare")
    task.run(netmiko_commit)
    task.run(netmiko_send_config, config_commands=["save"])
    return Result(host=task.host, changed=True)


def _work(fleet: Nornir) -> Extra:
    try:
        result = fleet.run(task=change)
    finally:
        fleet.close_connections(on_good=True, on_failed=True)
    _must_succeed(result)
    return {}


def _must_succeed(result: AggregatedResult) -> None:
    for name, steps in result.items():
        failed = next((step for step in reversed(steps) if step.exception is not None), None)
        if failed is not None:
            raise RuntimeError(f"{name}: {failed.name}: {failed.exception}")


def _host(one: Endpoint, way: Doors, commands: list[str]) -> Host:
    options = ConnectionOptions(extras={"use_keys": True, "key_file": way.key_file})
    return Host(
        name=one.name,
        hostname=one.address,
        port=one.port,
        username=way.username,
        platform="vyos",
        data={"commands": commands},
        connection_options={"netmiko": options},
    )
