"""Who asked a run to stop."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("lisiere", "0001_initial")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField(
            model_name="RunRow",
            name="cancelled_by",
            field=models.CharField(db_default="", default="", max_length=255),
        ),
    ]
