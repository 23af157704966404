"""Ansible as its documentation shows it: one play with `vyos.vyos.vyos_config` over `network_cli`, then `save`.

The program starts inside of what is measured, because it cannot work without. Its connections are processes that
outlive their parents; they are ours all the same, and their CPU time counts. Host keys are not checked: through
`network_cli` no other file of known hosts can be named than that of the person who measures.
"""

import ctypes
import json
import os
import subprocess
from functools import partial
from pathlib import Path

from benchmarks import texts
from benchmarks.endpoints import Doors, doors
from benchmarks.jobs import Extra, Job, Work

FORKS = 50
TIMEOUT_S = 600
_BECOME_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER: orphans below this process become its children."""

PLAYBOOK = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "change",
                "vyos.vyos.vyos_config": {"src": "{{ commands_file }}", "save": True},
            }
        ],
    }
]


def prepare(job: Job) -> Work:
    """Write the inventory, the play and the commands of each appliance."""
    folder, way = Path(job.folder), doors(job)
    for host in job.hosts:
        lines = texts.changes(job.text_before(host), job.text_after(host))
        (folder / f"{host}.commands").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    (folder / "inventory.json").write_text(json.dumps(_inventory(folder, way)), "utf-8")
    (folder / "play.json").write_text(json.dumps(PLAYBOOK), "utf-8")
    ctypes.CDLL(None, use_errno=True).prctl(_BECOME_SUBREAPER, 1)
    command = [job.program, "-i", "inventory.json", "--forks", str(FORKS), "play.json"]
    return partial(_work, command, folder)


def _work(command: list[str], folder: Path) -> Extra:
    with (folder / "ansible.log").open("wb") as log:
        done = subprocess.run(
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0:
        said = (folder / "ansible.log").read_text("utf-8", errors="replace")
        wrong = next((line for line in said.splitlines() if "FAILED" in line or "ERROR" in line), said[-500:])
        raise RuntimeError(f"ansible-playbook ended with {done.returncode}: {wrong[:500]}")
    return {}


def _inventory(folder: Path, way: Doors) -> dict[str, object]:
    hosts = {
        one.name: {
            "ansible_host": one.address,
            "ansible_port": one.port,
            "commands_file": str(folder / f"{one.name}.commands"),
        }
        for one in way.endpoints
    }
    common = {
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "vyos.vyos.vyos",
        "ansible_user": way.username,
        "ansible_ssh_private_key_file": way.key_file,
    }
    return {"all": {"hosts": hosts, "vars": common}}


def _environment(folder: Path) -> dict[str, str]:
    """A home of its own, so that no setting of the person who measures has a say."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_NOCOLOR": "1",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }
