"""Filters of the admin's lists. Their choices are known without reading the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from actions.processes.registry import processes
from actions.processes.states import Waiting
from actions.processes.workflows.states import JobState
from actions.redaction import storable

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class ProcessFilter(admin.SimpleListFilter):
    """By process: the registered ones, and the one that is asked for, which may be gone."""

    title = _("process")
    parameter_name = "process"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The project's processes."""
        names = {each.id: each.title or each.id for each in processes}
        if (chosen := self.value()) is not None:
            names.setdefault(chosen, chosen)
        return sorted(names.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What belongs to one of them."""
        chosen = self.value()
        return queryset.filter(process=storable(chosen)) if chosen else queryset


class WaitingFilter(admin.SimpleListFilter):
    """By what runs wait for."""

    title = _("waits for")
    parameter_name = "waiting_for"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Everything that a run can wait for."""
        return [(each.value, each.value) for each in Waiting if each.value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What waits for one of these."""
        return queryset.that_wait_for(self.value()) if self.value() else queryset  # type: ignore[attr-defined]


class StateFilter(admin.SimpleListFilter):
    """By how far jobs are."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every state that a job can be in."""
        return [(each.value, each.value) for each in JobState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What is in one of them; all, where the address has something else."""
        return queryset.filter(state=self.value()) if self.value() in list(JobState) else queryset
