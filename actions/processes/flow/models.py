"""The rows of automations: those of runs, seen as what they are here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, router
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from actions.processes import services
from actions.processes.models import Run, RunQuerySet, StepRun

from .due import do_due
from .history import Tasks, tasks_of
from .keys import key_of
from .processes import STYLE
from .registry import class_of


class AutomationQuerySet(RunQuerySet):
    """Questions to the automations."""

    def running(self) -> Self:
        """Those that are not over."""
        return self.unfinished()

    def finished(self) -> Self:
        """Those that are over, however they ended."""
        return self.filter(ended_at__isnull=False)


class AutomationManager(models.Manager.from_queryset(AutomationQuerySet)):  # type: ignore[misc]
    """Runs of automations, those of classes that are gone included."""

    def get_queryset(self) -> Any:
        """Without runs of processes that are written otherwise."""
        return super().get_queryset().roots().written_as(STYLE)


class AutomationModel(Run):
    """The row of an automation. Looking at it runs nothing."""

    objects = AutomationManager()  # type: ignore[misc]

    class Meta:
        proxy = True
        verbose_name = _("automation")
        verbose_name_plural = _("automations")
        ordering = ["-id"]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A row is written by the engine alone: one that was read before a step was done would undo it.

        Raises:
            TypeError: In any case.
        """
        raise TypeError("An automation's row is not saved. Change its data: row.instance.data[…] = …, then .save().")

    @property
    def automation_class(self) -> str:
        """The dotted path of its class; where that is gone, the id of its process."""
        found = class_of(self.process)
        return found.path if found is not None else self.process

    def get_automation_class(self) -> Any:
        """Its class; None where that is gone."""
        return class_of(self.process)

    @property
    def instance(self) -> Any:
        """The automation; None where its class is gone."""
        found = class_of(self.process)
        return found(automation=self) if found is not None else None

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        return self.is_finished

    @property
    def data(self) -> dict[str, Any]:
        """What it was started with, and what its tasks have put there."""
        from .data import Buffered

        return dict(Buffered(self.state, self.payload))

    @property
    def key(self) -> str:
        """See `Automation.get_key`."""
        return key_of(self)

    def get_key(self) -> str:
        """The same."""
        return self.key

    @property
    def paused_until(self) -> datetime | None:
        """When something of it is to be looked at again, at the earliest."""
        rows = Run.objects.using(self._state.db).unfinished().tree_of(self.pk)
        moments = rows.filter(due_at__isnull=False).order_by("due_at").values_list("due_at", flat=True)
        found: datetime | None = moments.first()
        return found

    @property
    def created(self) -> datetime:
        """When it was started."""
        return self.created_at

    @property
    def updated(self) -> datetime:
        """When something of it has happened last."""
        return self.ended_at or self.entered_at

    @property
    def automationtaskmodel_set(self) -> Tasks:
        """Its tasks."""
        return tasks_of(self.pk, str(self._state.db))

    @classmethod
    def run(cls) -> None:
        """Carry out everything that is due now, of whichever process."""
        do_due()

    @classmethod
    def delete_history(cls, days: float = 30) -> tuple[int, dict[str, int]]:
        """Remove automations that ended so many days ago, with their tasks; how many rows, and of which models."""
        using, before = router.db_for_write(Run), timezone.now() - timedelta(days=days)
        counted = services.delete_history(None, before, style=STYLE, using=using)
        runs, steps = counted[Run._meta.label], counted[StepRun._meta.label]
        return sum(counted.values()), {"AutomationModel": runs, "AutomationTaskModel": steps}
