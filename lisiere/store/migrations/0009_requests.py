"""Users and requests, and whom a notice is for."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("lisiere", "0008_transactions"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField(
            model_name="noticerow",
            name="audience",
            field=models.CharField(db_default="operator", default="operator", max_length=32),
        ),
        migrations.CreateModel(
            name="UserRow",
            fields=[
                ("name", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=255)),
                ("grants", models.TextField()),
                ("token_sha256", models.CharField(max_length=64, null=True, unique=True)),
                ("token_ends_at", models.DateTimeField(null=True)),
                ("login", models.CharField(max_length=64)),
                ("code_sha256", models.CharField(max_length=64, null=True, unique=True)),
                ("code_ends_at", models.DateTimeField(null=True)),
                ("let_in_by", models.CharField(max_length=63)),
                ("confirmed_by", models.CharField(max_length=63)),
                ("signed_in_at", models.DateTimeField(null=True)),
                ("is_revoked", models.BooleanField()),
                ("made_at", models.DateTimeField()),
            ],
            options={"db_table": "lisiere_user"},
        ),
        migrations.CreateModel(
            name="BindingRow",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("mark", models.CharField(max_length=64)),
                ("inventory", models.TextField()),
                ("templates", models.TextField()),
            ],
            options={"db_table": "lisiere_binding"},
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
                ("claim", models.TextField(db_default="", default="")),
            ],
            options={"db_table": "lisiere_request"},
        ),
    ]
