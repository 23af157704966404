"""Nornir's SimpleInventory over the same hosts, groups and defaults, in the three files that it reads."""

from functools import partial
from pathlib import Path

from nornir.plugins.inventory.simple import SimpleInventory

from benchmarks.jobs import Extra, Job, Work

START = "---\n"


def prepare(job: Job) -> Work:
    """Put the hosts of all territories into one file."""
    source, folder = Path(job.inventory), Path(job.folder)
    parts = [path.read_text("utf-8").removeprefix(START) for path in sorted((source / "hosts").glob("*.yaml"))]
    (folder / "hosts.yaml").write_text(START + "".join(parts), "utf-8")
    plugin = SimpleInventory(
        host_file=str(folder / "hosts.yaml"),
        group_file=str(source / "groups.yaml"),
        defaults_file=str(source / "defaults.yaml"),
    )
    return partial(_work, plugin)


def _work(plugin: SimpleInventory) -> Extra:
    return {"hosts": len(plugin.load().hosts)}
