"""What the type checker needs to know of Django to see through models. Nothing runs with these settings."""

SECRET_KEY = "not-a-secret"
INSTALLED_APPS = ["lisiere.store"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
