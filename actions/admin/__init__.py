"""Django's admin: records, deliveries and stored webhooks, and actions in a project's own ModelAdmin.

`from actions.admin import ActionsAdminMixin`; `autodiscover` finds the package's own admins here.
"""

from .deliveries import DeliveryAdmin, HookStateAdmin
from .door import ActionsAdminMixin
from .endpoints import WebhookEndpointAdmin
from .records import ArchivedEventActionAdmin, EventActionAdmin

__all__ = [
    "ActionsAdminMixin",
    "ArchivedEventActionAdmin",
    "DeliveryAdmin",
    "EventActionAdmin",
    "HookStateAdmin",
    "WebhookEndpointAdmin",
]
