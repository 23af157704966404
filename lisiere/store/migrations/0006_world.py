"""Whose appliances a database tells of."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("lisiere", "0005_waiver_logins")]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="WorldRow",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("world", models.CharField(max_length=32)),
            ],
            options={"db_table": "lisiere_world"},
        ),
    ]
