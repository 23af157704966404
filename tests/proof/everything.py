"""The whole fleet at once, more shallowly: tunnels, management, one allowed and one denied flow at each appliance."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lab.real import kernel
from tests.proof import packets, vpn
from tests.proof.asking import Fate, Try, fate_of
from tests.proof.bench import Bench
from tests.proof.ground import Ground
from tests.proof.matrix import tries
from tests.proof.options import Options
from tests.proof.table import Table

PATIENCE_S, MOST_TOLD = 300.0, 20
SITES_AT_ONCE = 40
"""A dozen sockets watch each place: so many as a process may have without more being asked of the machine."""


def memory_gib() -> float:
    """What the processes of the lab take of this machine's memory, what they share counted once (PSS)."""
    found = 0
    for pid in kernel.processes(kernel.namespaces()):
        with contextlib.suppress(OSError):
            said = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            found += next((int(line.split()[1]) for line in said.splitlines() if line.startswith("Pss:")), 0)
    return found / (1 << 20)


def prove(bench: Bench, options: Options, table: Table) -> None:
    """Tunnels up, and at each appliance a packet that passes and one that does not."""
    ground = bench.ground()
    table.head("the whole fleet")
    wanted = vpn.ends(bench, ground)
    took = vpn.wait_for(lambda: not vpn.missing(wanted), PATIENCE_S)
    down = vpn.missing(wanted)
    table.line("tunnel ends up", f"{len(wanted) - len(down)}/{len(wanted)} ({took:.0f} s)", holds=not down,
               count=len(down))  # fmt: skip
    for end in down[:MOST_TOLD]:
        table.detail(str(end))
    found = [_sent(ground, bench.names[at : at + SITES_AT_ONCE]) for at in range(0, len(bench.names), SITES_AT_ONCE)]
    wrong = [one for report in found for one in report.disagreements]
    for word, number in (("allowed", sum(one.allowed for one in found)), ("denied", sum(one.denied for one in found))):
        table.line(f"one flow {word} at each", number, holds=number == len(bench.names))
    lost = sum(one.overlooked for one in found)
    table.line("came by and were not looked at", lost, holds=not lost)
    table.line("seen otherwise than intended", len(wrong), holds=not wrong, count=len(wrong))
    for one in wrong[:MOST_TOLD]:
        table.detail(str(one))
    plan = bench.run("plan", "--lab")
    table.line("management: all are read again", plan.splitlines()[2] if plan.count("\n") > 2 else plan.strip())
    table.line("memory of the lab", f"{memory_gib():.1f} GiB")


def _sent(ground: Ground, names: Sequence[str]) -> packets.Report:
    """Send at some sites what passes and what does not, and see what becomes of it."""
    asked = [pair for name in names for pair in _one_of_each(name, ground)]
    near = {place for one, fate in asked for place in (one.at, fate.arrives_at) if place}
    return packets.run(ground.around(near), asked)


def _one_of_each(name: str, ground: Ground) -> Iterator[tuple[Try, Fate]]:
    """A flow that is declared, and a neighbour of one that is not."""
    at, left = datetime.now(UTC).time(), {True, False}
    for one in tries(name, ground):
        fate = fate_of(one, ground, at) if one.why in {"flow", "neighbour"} and one.site == name else None
        if fate is not None and (passes := bool(fate.arrives_at)) in left and passes == (one.why == "flow"):
            left.discard(passes)
            yield one, fate
        if not left:
            return
