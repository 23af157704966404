"""Runs whose ends change together: what was decided, and what they ended as."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("lisiere", "0006_world")]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="TransactionRow",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="transaction_row",
                        serialize=False,
                        to="lisiere.runrow",
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("window_s", models.PositiveIntegerField()),
                ("decision", models.CharField(max_length=32)),
                ("reason", models.TextField()),
                ("end", models.CharField(db_index=True, max_length=32)),
                ("detail", models.TextField()),
                ("secrets", models.TextField()),
            ],
            options={"db_table": "lisiere_transaction"},
        ),
    ]
