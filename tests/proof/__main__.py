"""Prove on real appliances that the intent means what it says: `make lab-proof`, or `python -m tests.proof --help`."""

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.real import needs
from lisiere.errors import LisiereError
from tests.proof import bench as benches
from tests.proof import parts
from tests.proof.bench import Bench
from tests.proof.everything import memory_gib
from tests.proof.options import Options, read
from tests.proof.table import Table


def main(words: Sequence[str]) -> int:
    """Run the proof; 0 only when all of it holds, 130 after Ctrl-C. The lab is ended in any case."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options, table = read(words), Table()
    if missing := needs.lacking():
        table.detail("; ".join(missing))
        return 2
    try:
        with workplace(options, table) as bench:
            parts.run(bench, options, table)
    except LisiereError as exc:
        table.line("the proof came to its end", exc, holds=False)
    except KeyboardInterrupt:
        table.detail("stopped; the lab is down")
        return 130
    return table.end()


@contextmanager
def workplace(options: Options, table: Table) -> Iterator[Bench]:
    """The workplace that was named, or one of its own that is gone afterwards."""
    if options.folder is not None:
        yield Bench(options.folder.absolute())
        return
    with tempfile.TemporaryDirectory(prefix="lisiere-proof-") as made:
        table.head(f"lab: {' '.join(options.selection)}, seed {options.seed}")
        began = time.monotonic()
        with benches.lab(Path(made), options.selection) as bench:
            table.line("real appliances up", f"{len(bench.names)} ({time.monotonic() - began:.0f} s)")
            began = time.monotonic()
            bench.configure()
            took = f"{time.monotonic() - began:.0f} s, {memory_gib():.1f} GiB of memory"
            table.line("planned, applied, verified", f"{len(bench.names)} ({took})")
            yield bench


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
