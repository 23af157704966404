"""What Lisière wants to reach, and whether it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Aim:
    """A bound on one figure."""

    figure: str
    side: Literal["at most", "at least"]
    bound: float
    words: str

    def verdict(self, figures: Mapping[str, float]) -> str:
        """`met`, `missed` or `not measured`."""
        value = figures.get(self.figure)
        if value is None:
            return "not measured"
        is_met = value <= self.bound if self.side == "at most" else value >= self.bound
        return "met" if is_met else "missed"


AIMS = (
    Aim("apply_cpu_vs_raw_paramiko", "at most", 1.5, "CPU per session opened, against minimal raw paramiko"),
    Aim("apply_cpu_vs_raw_paramiko", "at most", 1.25, "the same, as the next aim"),
    Aim("nornir_netmiko_wall_vs_apply", "at least", 60, "stock nornir_netmiko takes so many times longer"),
    Aim("ansible_wall_vs_apply", "at least", 100, "Ansible takes so many times longer"),
    Aim("render_vs_plain_jinja", "at most", 1.2, "rendering, against a plain Jinja2 loop"),
    Aim("load_vs_simple_inventory", "at least", 15, "Nornir's SimpleInventory takes so many times longer to load"),
    Aim("cost_growth_per_appliance", "at most", 1.2, "CPU per appliance in the largest fleet, against the smallest"),
    Aim("help_cpu_ms", "at most", 150, "CPU of `lisiere --help`, ms"),
    Aim("audit_last_600_s", "at most", 20, "`lisiere audit --last`, all rules over 600 appliances, s"),
    Aim("report_600_s", "at most", 10, "`lisiere report` as page, workbook and CSV, s"),
    Aim("three_years_mb", "at most", 1000, "records after three years of daily audits and readings, MB"),
    Aim("status_three_years_s", "at most", 1, "`lisiere status` with them, s"),
    Aim("check_600_s", "at most", 1, "`lisiere check` as a process, s"),
)
"""A cost per appliance that is "flat" is here one that grows by a fifth at the most."""


def missed(figures: Mapping[str, float]) -> tuple[Aim, ...]:
    """The aims that were measured and not reached."""
    return tuple(aim for aim in AIMS if aim.verdict(figures) == "missed")
