"""What the admins of processes have in common: they are read, and made for tables with millions of rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from actions.admin.reading import ReadOnlyAdmin
from actions.admin.records import PRE, BoundedPaginator, pretty
from actions.processes.models import Run
from actions.processes.registry import processes

if TYPE_CHECKING:
    pass


class LargeTableAdmin(ReadOnlyAdmin):
    """Rows to look at, of which nobody knows how many there are."""

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("actions/processes_admin.css",)}

    list_per_page = 50
    # The only order that an index gives, whatever the filter.
    sortable_by: ClassVar[tuple[str, ...]] = ()
    ordering = ("-pk",)
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def link_to_run(self, key: int | None) -> str:
        """A run; a dash for none."""
        if key is None:
            return "-"
        if not self.admin_site.is_registered(Run):
            return str(key)
        url = reverse("admin:actions_processes_run_change", args=[key], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', url, key)

    def link_to_record(self, uid: UUID | None) -> str:
        """The records with a number: there is one."""
        if uid is None:
            return "-"
        try:
            url = reverse("admin:actions_eventaction_changelist", current_app=self.admin_site.name)
        except NoReverseMatch:
            return str(uid)
        return format_html('<a href="{}?q={}">{}</a>', url, uid, uid)


def title_of(process_id: str) -> str:
    """What people call a process."""
    process = processes.get(process_id)
    return (process.title if process is not None else "") or process_id


def pretty_error(error: Any) -> SafeString:
    """What went wrong; the traceback as Python prints it."""
    if not isinstance(error, Mapping) or "traceback" not in error:
        return pretty(error)
    facts = {key: value for key, value in error.items() if key != "traceback"}
    return format_html_join("", "{}", [(pretty(facts),), (format_html(PRE, error["traceback"]),)])


def meant_by(term: str) -> Q:
    """What one word of a search for runs may mean, each in full: an index finds it, or it is not looked for."""
    found = Q(correlation_id=term)
    if term.isascii() and term.isdecimal() and int(term) < 2**63:
        found |= Q(pk=int(term))
    try:
        uid = UUID(term)
    except ValueError:
        pass
    else:
        return found | Q(uid=uid) | Q(event_uid=uid)
    user_model = get_user_model()
    try:
        keys = list(user_model._base_manager.filter(**{user_model.USERNAME_FIELD: term}).values_list("pk", flat=True))
    except (TypeError, ValueError, ValidationError):
        # The project's users have no names but, say, numbers.
        return found
    return reduce(or_, (Q(actor_id=str(key)) for key in keys), found)
