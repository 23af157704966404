"""A process that does one piece of work and tells what it cost: `python -m benchmarks.worker JOB.json ANSWER.json`."""

import gc
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.contenders.register import contender
from benchmarks.jobs import Job, Measure
from benchmarks.processes import cpu_s, end_descendants, peak_rss_mib


def carry_out(job: Job) -> Measure:
    """Prepare, then do and measure the work."""
    work = contender(job.contender).prepare(job)
    gc.collect()
    began, cpu_before = time.perf_counter(), cpu_s()
    extra = work()
    wall, cpu_after = time.perf_counter() - began, cpu_s()
    return Measure(wall_s=wall, cpu_s=cpu_after - cpu_before, rss_mib=peak_rss_mib(), extra=dict(extra))


def main() -> None:
    """Do the job of a file; the answer goes into another, because contenders may print."""
    job, answer = map(Path, sys.argv[1:3])
    try:
        measure = carry_out(Job.read(job))
    finally:
        end_descendants()
    answer.write_text(json.dumps(asdict(measure)), "utf-8")


if __name__ == "__main__":
    main()
