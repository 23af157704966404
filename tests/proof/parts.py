"""The parts of the proof, each of which says what it showed."""

from collections.abc import Callable, Mapping

from tests.proof import packets
from tests.proof.bench import Bench
from tests.proof.options import Options
from tests.proof.table import Table

MOST_TOLD = 20
"""Disagreements that are written out."""

Part = Callable[[Bench, Options, Table], None]


def run(bench: Bench, options: Options, table: Table) -> None:
    """Run the parts that were asked for, in order."""
    for name in options.parts:
        if name in PARTS:
            PARTS[name](bench, options, table)


def prove_packets(bench: Bench, options: Options, table: Table) -> None:
    """Declared flows, their forbidden neighbours, zone pairs, by-passes, foreign sources: sent and seen."""
    table.head("packets")
    found = packets.prove(bench.ground(), bench.names, seed=options.seed, most=options.most)
    table.line("flows tried", f"{found.tried}: {', '.join(f'{n} {why}' for why, n in sorted(found.kinds.items()))}")
    table.line("allowed as intended", f"{found.allowed}, {found.answered} of them answered")
    table.line("denied as intended", found.denied)
    table.line("by-passes tried and closed", f"{found.bypasses} of {found.kinds['by-pass'] - found.open_bypasses}")
    table.line("tried again", found.tried_again)
    table.line("disagreements", len(found.disagreements), holds=not found.disagreements)
    for one in found.disagreements[:MOST_TOLD]:
        table.detail(str(one))


PARTS: Mapping[str, Part] = {"packets": prove_packets}
