"""Users and requests."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("lisiere", "0006_world"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="UserRow",
            fields=[
                ("name", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=255)),
                ("grants", models.TextField()),
                ("token_sha256", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=255)),
            ],
            options={"db_table": "lisiere_user"},
        ),
        migrations.CreateModel(
            name="RequestRow",
            fields=[
                ("id", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("territory", models.CharField(db_index=True, max_length=9)),
                ("state", models.CharField(db_index=True, max_length=32)),
                ("content", models.TextField()),
                ("seal", models.CharField(max_length=64)),
                ("effect", models.BinaryField()),
            ],
            options={"db_table": "lisiere_request"},
        ),
    ]
