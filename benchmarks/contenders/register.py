"""The contenders by name, each imported when it is asked for."""

from importlib import import_module
from types import MappingProxyType

from benchmarks.jobs import Contender

LISIERE, RAW, NETMIKO, ANSIBLE = "lisiere", "raw_paramiko", "nornir_netmiko", "ansible"
"""Device work, on the lab."""
RENDER, PLAIN_RENDER, RESOLVE = "render", "plain_jinja", "resolve"
LOAD, SIMPLE_LOAD = "load", "simple_inventory"
ANALYSE = "analyse"
SEED_YEARS = "seed_years"
PROCESS, WARM_COMMAND, SEED, FROM_RECORDS = "process", "warm_command", "seed_records", "plan_from_records"

MODULES = MappingProxyType(
    {
        LISIERE: "lisiere_rollout",
        RAW: "raw_paramiko",
        NETMIKO: "stock_netmiko",
        ANSIBLE: "ansible_playbook",
        RENDER: "lisiere_render",
        PLAIN_RENDER: "plain_jinja",
        RESOLVE: "lisiere_resolve",
        LOAD: "lisiere_load",
        SIMPLE_LOAD: "simple_inventory",
        ANALYSE: "lisiere_analyse",
        PROCESS: "process",
        WARM_COMMAND: "warm_command",
        SEED: "seed_records",
        SEED_YEARS: "seed_years",
        FROM_RECORDS: "warm_command",
    }
)
TITLES = MappingProxyType(
    {
        LISIERE: "Lisière, plan and apply",
        RAW: "raw paramiko, minimal",
        NETMIKO: "nornir_netmiko, stock",
        ANSIBLE: "Ansible vyos_config",
    }
)


def contender(name: str) -> Contender:
    """A contender, ready to prepare a job."""
    module: Contender = import_module(f"benchmarks.contenders.{MODULES[name]}")
    return module
