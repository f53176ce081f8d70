"""The example as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExampleConfig(AppConfig):
    """Todos in lists."""

    name = "example_app"
    verbose_name = _("Todos")
    default_auto_field = "django.db.models.BigAutoField"
