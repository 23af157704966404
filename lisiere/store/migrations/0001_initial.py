"""The first tables, and the place where the journal begins."""

from typing import ClassVar

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

ORIGIN = "629ff199acf1d9b443218bb9e9b5bffa4285ab55db163d53ea7ddfd749483872"


def begin_journal(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Put down the end of an empty chain: the SHA-256 of `lisiere journal`."""
    head = apps.get_model("lisiere", "JournalHeadRow")
    head.objects.using(editor.connection.alias).create(id=1, position=0, sha256=ORIGIN)


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="ConfigurationRow",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("content", models.BinaryField()),
                ("size_bytes", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "lisiere_configuration",
            },
        ),
        migrations.CreateModel(
            name="JournalHeadRow",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("position", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "lisiere_journal_head",
            },
        ),
        migrations.CreateModel(
            name="PlanRow",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(db_index=True)),
                ("created_by", models.CharField(max_length=255)),
                ("selection", models.TextField()),
                ("changes", models.PositiveIntegerField()),
                ("unchanged", models.PositiveIntegerField()),
                ("failures", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "lisiere_plan",
            },
        ),
        migrations.CreateModel(
            name="StandingRow",
            fields=[
                ("host", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("conformity", models.CharField(max_length=32)),
                ("entered_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
                ("deviations", models.PositiveIntegerField()),
                ("last_run", models.CharField(max_length=64)),
                ("last_outcome", models.CharField(max_length=32)),
            ],
            options={
                "db_table": "lisiere_standing",
            },
        ),
        migrations.CreateModel(
            name="DeviationRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(max_length=63)),
                ("key", models.CharField(max_length=64)),
                ("reason", models.CharField(max_length=32)),
                ("path", models.TextField()),
                ("intended", models.TextField()),
                ("running", models.TextField()),
                ("entered_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "lisiere_deviation",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)), fields=("host", "key"), name="deviation_open_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JournalRow",
            fields=[
                ("position", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("run_id", models.CharField(max_length=64)),
                ("host", models.CharField(max_length=63)),
                ("step", models.CharField(max_length=32)),
                ("detail", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "lisiere_journal",
                "indexes": [models.Index(fields=["run_id", "host", "position"], name="journal_by_run_and_host")],
            },
        ),
        migrations.CreateModel(
            name="ReadingRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(max_length=63)),
                ("read_at", models.DateTimeField()),
                ("intended_sha256", models.CharField(max_length=64)),
                ("running_sha256", models.CharField(max_length=64)),
                ("conformity", models.CharField(max_length=32)),
                ("deviations", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "lisiere_reading",
                "constraints": [models.UniqueConstraint(fields=("host", "read_at"), name="reading_once_per_instant")],
            },
        ),
        migrations.CreateModel(
            name="RunRow",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("status", models.CharField(db_index=True, max_length=32)),
                ("started_at", models.DateTimeField(db_index=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField()),
                ("started_by", models.CharField(max_length=255)),
                ("machine", models.CharField(max_length=255)),
                ("boot_id", models.CharField(max_length=64)),
                ("pid", models.PositiveIntegerField()),
                ("pid_started", models.CharField(max_length=32)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="run_rows", to="lisiere.planrow"
                    ),
                ),
            ],
            options={
                "db_table": "lisiere_run",
            },
        ),
        migrations.CreateModel(
            name="LeaseRow",
            fields=[
                ("host", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("acquired_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lease_rows", to="lisiere.runrow"
                    ),
                ),
            ],
            options={
                "db_table": "lisiere_lease",
            },
        ),
        migrations.CreateModel(
            name="TransitionRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(max_length=63)),
                ("conformity", models.CharField(max_length=32)),
                ("entered_at", models.DateTimeField()),
            ],
            options={
                "db_table": "lisiere_transition",
                "indexes": [models.Index(fields=["host", "entered_at"], name="transition_by_host")],
            },
        ),
        migrations.CreateModel(
            name="PlannedChangeRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("host", models.CharField(db_index=True, max_length=63)),
                ("content", models.BinaryField()),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="change_rows", to="lisiere.planrow"
                    ),
                ),
            ],
            options={
                "db_table": "lisiere_planned_change",
                "constraints": [models.UniqueConstraint(fields=("plan", "position"), name="planned_change_position")],
            },
        ),
        migrations.CreateModel(
            name="OutcomeRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(db_index=True, max_length=63)),
                ("wave", models.PositiveIntegerField()),
                ("outcome", models.CharField(max_length=32)),
                ("detail", models.TextField()),
                ("running_sha256", models.CharField(max_length=64)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outcome_rows", to="lisiere.runrow"
                    ),
                ),
            ],
            options={
                "db_table": "lisiere_outcome",
                "constraints": [models.UniqueConstraint(fields=("run", "host"), name="outcome_once_per_host")],
            },
        ),
        migrations.RunPython(begin_journal, migrations.RunPython.noop),
    ]
