import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lisiere", "0003_compliance")]

    operations = [
        migrations.CreateModel(
            name="DeliveryRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=32)),
                ("attempts", models.PositiveIntegerField()),
                ("next_try_at", models.DateTimeField(db_index=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("problem", models.TextField()),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delivery_rows",
                        to="lisiere.noticerow",
                    ),
                ),
            ],
            options={
                "db_table": "lisiere_delivery",
                "constraints": [
                    models.UniqueConstraint(fields=("notice", "channel"), name="delivery_once_per_channel")
                ],
            },
        ),
    ]
