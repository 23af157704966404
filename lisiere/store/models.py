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


class TransactionRow(models.Model):
    """A run whose ends change together. `decision` and `end` are "" until they are known; `secrets` are lines."""

    run = models.OneToOneField(RunRow, on_delete=models.PROTECT, primary_key=True, related_name="transaction_row")
    began_at = models.DateTimeField()
    window_s = models.PositiveIntegerField()
    decision = models.CharField(max_length=WORD)
    reason = models.TextField()
    end = models.CharField(max_length=WORD, db_index=True)
    detail = models.TextField()
    secrets = models.TextField()
    secret_store = models.CharField(max_length=WORD, default="", db_default="")

    class Meta:
        db_table = "lisiere_transaction"


class AuditRow(models.Model):
    """One audit; counts are as they were found, before waivers."""

    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=255)
    basis = models.CharField(max_length=WORD)
    selection = models.TextField()
    packs_sha256 = models.CharField(max_length=SHA256)
    appliances = models.PositiveIntegerField()
    passed = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    not_evaluated = models.PositiveIntegerField()
    run_id = models.CharField(max_length=ID)

    class Meta:
        db_table = "lisiere_audit"


class AuditedRow(models.Model):
    """When an appliance was audited last, the fleet as a whole under the empty name."""

    host = models.CharField(max_length=NAME, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "lisiere_audited"


class FindingRow(models.Model):
    """A state of an appliance against a rule, from when it was entered until it was left; no row while nothing changes.

    `failed_at` is since when the rule is not kept, also through times when it could not be evaluated.
    """

    host = models.CharField(max_length=NAME)
    rule = models.CharField(max_length=WORD * 2)
    state = models.CharField(max_length=WORD)
    reason = models.TextField()
    evidence = models.CharField(max_length=WORD)
    sha256 = models.CharField(max_length=SHA256)
    seen_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True, db_index=True)
    audit = models.ForeignKey(AuditRow, on_delete=models.PROTECT, related_name="finding_rows")

    class Meta:
        db_table = "lisiere_finding"
        constraints = (
            models.UniqueConstraint(fields=["host", "rule"], condition=Q(left_at=None), name="finding_open_once"),
        )


class EvidenceRow(models.Model):
    """What an appliance told, once per content; what no finding and no last sight needs any more goes."""

    sha256 = models.CharField(max_length=SHA256, primary_key=True)
    content = models.BinaryField()

    class Meta:
        db_table = "lisiere_evidence"


class SightRow(models.Model):
    """What an appliance told last of a topic or to a getter."""

    host = models.CharField(max_length=NAME)
    topic = models.CharField(max_length=WORD)
    sha256 = models.CharField(max_length=SHA256, db_index=True)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "lisiere_sight"
        constraints = (models.UniqueConstraint(fields=["host", "topic"], name="sight_once_per_topic"),)


class WaiverRow(models.Model):
    """Who accepts that a rule is not kept, where, why and until when."""

    rule = models.CharField(max_length=WORD * 2, db_index=True)
    scope = models.CharField(max_length=WORD)
    scope_name = models.CharField(max_length=NAME)
    reason = models.TextField()
    measure = models.TextField()
    asked_by = models.CharField(max_length=255)
    asked_at = models.DateTimeField()
    asked_login = models.CharField(max_length=255, default="", db_default="")
    approved_by = models.CharField(max_length=255, default="", db_default="")
    approved_at = models.DateTimeField(null=True)
    approved_login = models.CharField(max_length=255, default="", db_default="")
    until = models.DateField()
    ends_at = models.DateTimeField()
    ended_by = models.CharField(max_length=255, default="", db_default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lisiere_waiver"


class NoticeRow(models.Model):
    """Something to tell people, once for each kind and subject. `audience` is the operator, or the académie."""

    audience = models.CharField(max_length=WORD, default="operator", db_default="operator")
    kind = models.CharField(max_length=WORD)
    subject = models.CharField(max_length=255)
    text = models.TextField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lisiere_notice"
        constraints = (models.UniqueConstraint(fields=["kind", "subject"], name="notice_once"),)


class DeliveryRow(models.Model):
    """A notice on its way through one channel."""

    notice = models.ForeignKey(NoticeRow, on_delete=models.CASCADE, related_name="delivery_rows")
    channel = models.CharField(max_length=WORD)
    attempts = models.PositiveIntegerField()
    next_try_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)
    problem = models.TextField()

    class Meta:
        db_table = "lisiere_delivery"
        constraints = (models.UniqueConstraint(fields=["notice", "channel"], name="delivery_once_per_channel"),)


class WorldRow(models.Model):
    """Whose appliances all of this tells of; its one row is written by the first who looks at any."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    world = models.CharField(max_length=WORD)

    class Meta:
        db_table = "lisiere_world"


class UserRow(models.Model):
    """Somebody who signs in; of codes and tokens only the hashes. `grants` is a JSON list.

    A code is taken once, until its end, and gives the token. Nobody is ever deleted: a name is one person's for good.
    """

    name = models.CharField(max_length=NAME, primary_key=True)
    title = models.CharField(max_length=255)
    grants = models.TextField()
    token_sha256 = models.CharField(max_length=SHA256, unique=True, null=True)
    token_ends_at = models.DateTimeField(null=True)
    login = models.CharField(max_length=SHA256)
    code_sha256 = models.CharField(max_length=SHA256, unique=True, null=True)
    code_ends_at = models.DateTimeField(null=True)
    let_in_by = models.CharField(max_length=NAME)
    confirmed_by = models.CharField(max_length=NAME)
    signed_in_at = models.DateTimeField(null=True)
    is_revoked = models.BooleanField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "lisiere_user"


class BindingRow(models.Model):
    """The one inventory that requests and users here are for."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    mark = models.CharField(max_length=SHA256)
    inventory = models.TextField()
    templates = models.TextField()

    class Meta:
        db_table = "lisiere_binding"


class RequestRow(models.Model):
    """A request with its history: `content` is JSON under a seal, `effect` the frozen bytes that visas are bound to.

    `claim` is the process that works on it, as JSON.

    Its number is drawn: who sees one number learns nothing of how many there are.
    """

    id = models.PositiveIntegerField(primary_key=True)
    territory = models.CharField(max_length=9, db_index=True)
    state = models.CharField(max_length=WORD, db_index=True)
    content = models.TextField()
    seal = models.CharField(max_length=SHA256)
    effect = models.BinaryField()
    claim = models.TextField(default="", db_default="")

    class Meta:
        db_table = "lisiere_request"
