"""Django's admin: the records, and actions in a project's own ModelAdmin.

`from actions.admin import ActionsAdminMixin`; `autodiscover` finds the admin of the records here.
"""

from .door import ActionsAdminMixin
from .records import ArchivedEventActionAdmin, EventActionAdmin

__all__ = ["ActionsAdminMixin", "ArchivedEventActionAdmin", "EventActionAdmin"]
