"""Three years of daily audits, as the records would hold them: a reading of each appliance and an audit a day.

The rows are written as they are, for a thousand audits carried out would take hours; what is counted is the database.
"""

import random
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.jobs import Extra, Job, Work

DAYS = 3 * 365
FLIPS = 200
"""Findings that change their state in a day: one of three hundred, over 600 appliances and all rules."""

AUDIT = (
    "INSERT INTO lisiere_audit "
    "(at, by, basis, selection, packs_sha256, appliances, passed, failed, not_evaluated, run_id) "
    "VALUES (?, 'bench', 'live', 'all', ?, 600, 0, 0, 0, '') RETURNING id"
)
LAST_READINGS = "SELECT host, intended_sha256, running_sha256, conformity, deviations FROM lisiere_reading"
READINGS = (
    "INSERT INTO lisiere_reading (host, read_at, intended_sha256, running_sha256, conformity, deviations) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
FLIP = (
    "INSERT INTO lisiere_finding "
    "(host, rule, state, reason, evidence, sha256, seen_at, entered_at, failed_at, left_at, audit_id) "
    "VALUES (?, ?, 'failed', ?, 'running configuration', ?, ?, ?, ?, ?, ?)"
)


def prepare(job: Job) -> Work:
    """Open the records, which hold one reading and one audit of every appliance."""
    return partial(_work, Path(job.state) / "lisiere.sqlite3")


def _work(path: Path) -> Extra:
    connection = sqlite3.connect(path)
    findings = connection.execute("SELECT host, rule, sha256 FROM lisiere_finding WHERE left_at IS NULL").fetchall()
    readings = connection.execute(LAST_READINGS).fetchall()
    draw, today = random.Random(1), datetime.now(UTC).replace(tzinfo=None)  # noqa: S311 - the same rows each time
    with connection:
        for day in range(DAYS, 0, -1):
            at = today - timedelta(days=day)
            (audit,) = connection.execute(AUDIT, (str(at), "0" * 64)).fetchone()
            connection.executemany(READINGS, [(host, str(at), *rest) for host, *rest in readings])
            rows = []
            for host, rule, sha256 in draw.sample(findings, min(FLIPS, len(findings))):
                reason = f"1 changed: service {rule} of {host}, and what came with it on day {day}"
                left = str(at + timedelta(days=draw.randint(1, day)))
                rows.append((host, rule, reason, sha256, str(at), str(at), str(at), left, audit))
            connection.executemany(FLIP, rows)
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()
    size = sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))
    return {"mb": size / 1e6, "findings": float(len(findings))}
