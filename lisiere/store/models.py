"""The tables. Rows stay inside this package; what leaves it are models of `lisiere.model`.

Texts of configurations and plans are compressed (zstd). Instants are aware UTC. Names of appliances are plain text: the
inventory owns them, and what happened to an appliance stays on record after it has left.
"""

# ruff: noqa: D106 - what a Meta is for, Django says

from django.db import models
from django.db.models import Q

NAME = 63
ID = 64
SHA256 = 64
WORD = 32


class ConfigurationRow(models.Model):
    """A configuration text, once per content."""

    sha256 = models.CharField(max_length=SHA256, primary_key=True)
    content = models.BinaryField()
    size_bytes = models.PositiveIntegerField()

    class Meta:
        db_table = "lisiere_configuration"


class PlanRow(models.Model):
    """A frozen plan without its changes: `content` holds the appliances that need none and those that failed."""

    id = models.CharField(max_length=ID, primary_key=True)
    created_at = models.DateTimeField(db_index=True)
    created_by = models.CharField(max_length=255)
    selection = models.TextField()
    changes = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
    content = models.BinaryField()
    sha256 = models.CharField(max_length=SHA256)

    class Meta:
        db_table = "lisiere_plan"


class PlannedChangeRow(models.Model):
    """What a plan would do to one appliance; `position` keeps the order under which the plan was hashed."""

    plan = models.ForeignKey(PlanRow, on_delete=models.PROTECT, related_name="change_rows")
    position = models.PositiveIntegerField()
    host = models.CharField(max_length=NAME, db_index=True)
    content = models.BinaryField()

    class Meta:
        db_table = "lisiere_planned_change"
        constraints = (models.UniqueConstraint(fields=["plan", "position"], name="planned_change_position"),)


class RunRow(models.Model):
    """One execution of a plan, and the process that carries it out; `cancelled_by` is who asked it to stop, if any."""

    id = models.CharField(max_length=ID, primary_key=True)
    plan = models.ForeignKey(PlanRow, on_delete=models.PROTECT, related_name="run_rows")
    status = models.CharField(max_length=WORD, db_index=True)
    started_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    started_by = models.CharField(max_length=255)
    machine = models.CharField(max_length=255)
    boot_id = models.CharField(max_length=64)
    pid = models.PositiveIntegerField()
    pid_started = models.CharField(max_length=WORD)
    cancelled_by = models.CharField(max_length=255, default="", db_default="")

    class Meta:
        db_table = "lisiere_run"


class OutcomeRow(models.Model):
    """What became of one appliance in a run."""

    run = models.ForeignKey(RunRow, on_delete=models.PROTECT, related_name="outcome_rows")
    host = models.CharField(max_length=NAME, db_index=True)
    wave = models.PositiveIntegerField()
    outcome = models.CharField(max_length=WORD)
    detail = models.TextField()
    running_sha256 = models.CharField(max_length=SHA256)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        db_table = "lisiere_outcome"
        constraints = (models.UniqueConstraint(fields=["run", "host"], name="outcome_once_per_host"),)


class JournalHeadRow(models.Model):
    """The end of the journal's chain; its one row is also what writers lock, so that there is one writer at a time."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    position = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=SHA256)

    class Meta:
        db_table = "lisiere_journal_head"


class JournalRow(models.Model):
    """One entry of the journal, chained to the one before."""

    position = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    run_id = models.CharField(max_length=ID)
    host = models.CharField(max_length=NAME)
    step = models.CharField(max_length=WORD)
    detail = models.TextField()
    sha256 = models.CharField(max_length=SHA256)

    class Meta:
        db_table = "lisiere_journal"
        indexes = (models.Index(fields=["run_id", "host", "position"], name="journal_by_run_and_host"),)


class ReadingRow(models.Model):
    """One look at a running configuration."""

    host = models.CharField(max_length=NAME)
    read_at = models.DateTimeField()
    intended_sha256 = models.CharField(max_length=SHA256)
    running_sha256 = models.CharField(max_length=SHA256)
    conformity = models.CharField(max_length=WORD)
    deviations = models.PositiveIntegerField()

    class Meta:
        db_table = "lisiere_reading"
        constraints = (models.UniqueConstraint(fields=["host", "read_at"], name="reading_once_per_instant"),)


class DeviationRow(models.Model):
    """A deviation from when it was first seen until it was gone; `key` is what makes it the same one later."""

    host = models.CharField(max_length=NAME)
    key = models.CharField(max_length=SHA256)
    reason = models.CharField(max_length=WORD)
    path = models.TextField()
    intended = models.TextField()
    running = models.TextField()
    entered_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lisiere_deviation"
        constraints = (
            models.UniqueConstraint(fields=["host", "key"], condition=Q(closed_at=None), name="deviation_open_once"),
        )


class TransitionRow(models.Model):
    """When an appliance entered a state of conformity."""

    host = models.CharField(max_length=NAME)
    conformity = models.CharField(max_length=WORD)
    entered_at = models.DateTimeField()

    class Meta:
        db_table = "lisiere_transition"
        indexes = (models.Index(fields=["host", "entered_at"], name="transition_by_host"),)


class StandingRow(models.Model):
    """How an appliance stands now: its last reading and its last run. What `lisiere status` shows."""

    host = models.CharField(max_length=NAME, primary_key=True)
    conformity = models.CharField(max_length=WORD)
    entered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    deviations = models.PositiveIntegerField()
    last_run = models.CharField(max_length=ID)
    last_outcome = models.CharField(max_length=WORD)

    class Meta:
        db_table = "lisiere_standing"


class LeaseRow(models.Model):
    """Who may work on an appliance."""

    host = models.CharField(max_length=NAME, primary_key=True)
    run = models.ForeignKey(RunRow, on_delete=models.PROTECT, related_name="lease_rows")
    acquired_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "lisiere_lease"
