"""Audits, findings, what appliances told, waivers and notices."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("lisiere", "0002_cancelled_by"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="AuditedRow",
            fields=[
                ("host", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "lisiere_audited",
            },
        ),
        migrations.CreateModel(
            name="AuditRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True)),
                ("by", models.CharField(max_length=255)),
                ("basis", models.CharField(max_length=32)),
                ("selection", models.TextField()),
                ("packs_sha256", models.CharField(max_length=64)),
                ("appliances", models.PositiveIntegerField()),
                ("passed", models.PositiveIntegerField()),
                ("failed", models.PositiveIntegerField()),
                ("not_evaluated", models.PositiveIntegerField()),
                ("run_id", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "lisiere_audit",
            },
        ),
        migrations.CreateModel(
            name="EvidenceRow",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("content", models.BinaryField()),
            ],
            options={
                "db_table": "lisiere_evidence",
            },
        ),
        migrations.CreateModel(
            name="WaiverRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(db_index=True, max_length=64)),
                ("scope", models.CharField(max_length=32)),
                ("scope_name", models.CharField(max_length=63)),
                ("reason", models.TextField()),
                ("measure", models.TextField()),
                ("asked_by", models.CharField(max_length=255)),
                ("asked_at", models.DateTimeField()),
                ("approved_by", models.CharField(db_default="", default="", max_length=255)),
                ("approved_at", models.DateTimeField(null=True)),
                ("until", models.DateField()),
                ("ends_at", models.DateTimeField()),
                ("ended_by", models.CharField(db_default="", default="", max_length=255)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "lisiere_waiver",
            },
        ),
        migrations.CreateModel(
            name="NoticeRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=32)),
                ("subject", models.CharField(max_length=255)),
                ("text", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "lisiere_notice",
                "constraints": [models.UniqueConstraint(fields=("kind", "subject"), name="notice_once")],
            },
        ),
        migrations.CreateModel(
            name="SightRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(max_length=63)),
                ("topic", models.CharField(max_length=32)),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "db_table": "lisiere_sight",
                "constraints": [models.UniqueConstraint(fields=("host", "topic"), name="sight_once_per_topic")],
            },
        ),
        migrations.CreateModel(
            name="FindingRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.CharField(max_length=63)),
                ("rule", models.CharField(max_length=64)),
                ("state", models.CharField(max_length=32)),
                ("reason", models.TextField()),
                ("evidence", models.CharField(max_length=32)),
                ("sha256", models.CharField(max_length=64)),
                ("seen_at", models.DateTimeField(null=True)),
                ("entered_at", models.DateTimeField()),
                ("failed_at", models.DateTimeField(null=True)),
                ("left_at", models.DateTimeField(db_index=True, null=True)),
                (
                    "audit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="finding_rows", to="lisiere.auditrow"
                    ),
                ),
            ],
            options={
                "db_table": "lisiere_finding",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("left_at", None)), fields=("host", "rule"), name="finding_open_once"
                    )
                ],
            },
        ),
    ]
