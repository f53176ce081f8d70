"""The tests' own app."""

from django.apps import AppConfig


class TestsConfig(AppConfig):
    """Installed by tests/settings.py only."""

    name = "tests.app"
    label = "tests_app"
    default_auto_field = "django.db.models.BigAutoField"
