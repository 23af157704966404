"""The Django app of the records."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Records of Lisière: its tables begin with `lisiere_`."""

    name = "lisiere.store"
    label = "lisiere"
    default_auto_field = "django.db.models.BigAutoField"
