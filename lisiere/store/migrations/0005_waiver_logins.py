"""Who was logged in when a waiver was asked for, and when it was approved."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("lisiere", "0004_deliveries")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField(
            model_name="WaiverRow",
            name=name,
            field=models.CharField(db_default="", default="", max_length=255),
        )
        for name in ("asked_login", "approved_login")
    ]
