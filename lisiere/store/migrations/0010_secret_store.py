"""Which store holds the secrets of a transaction: several may share one database."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("lisiere", "0009_requests")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField(
            model_name="transactionrow",
            name="secret_store",
            field=models.CharField(db_default="", default="", max_length=32),
        ),
    ]
