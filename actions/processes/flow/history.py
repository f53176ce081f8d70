"""The tasks of automations: what is over, from its steps, and what is open, from where its runs are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.utils import timezone
from django.utils.html import format_html

from actions.processes.models import OpenTask, Run, StepRun
from actions.processes.people_names import Said
from actions.processes.states import Status

from .registry import class_of
from .ways import Ways

MAX_MESSAGE = 128
MESSAGES = {Status.SUCCEEDED.value: "OK", Status.SKIPPED.value: "skipped"}


@dataclass(frozen=True)
class AutomationTaskModel:
    """One task of an automation. It is made of the engine's rows, and nothing is kept in it."""

    id: int | None
    """Of the step; None where it is open."""
    automation_id: int
    status: str
    """The name of its node."""
    run_id: int
    """Of the automation, or of the way of a `Split` that it is on."""
    number: int
    """Its place on that way."""
    created: datetime
    finished: datetime | None = None
    locked: bool = False
    """Whether somebody is at it."""
    message: str = ""
    """"OK", "skipped", or the error in short."""
    result: Any = None
    """What it has answered; of an error `{"error": <traceback>, "html": <report>}`."""
    requires_interaction: bool = False
    interaction_user: tuple[Said, ...] = ()
    interaction_group: tuple[str, ...] = ()
    interaction_permissions: tuple[str, ...] = ()
    open_task: OpenTask | None = None
    """What a person is asked, where one is."""
    using: str = "default"

    @property
    def automation(self) -> Any:
        """Its row."""
        rows: Any = apps.get_model("actions_processes", "AutomationModel")
        return rows.objects.using(self.using).get(pk=self.automation_id)

    @property
    def data(self) -> dict[str, Any]:
        """The automation's."""
        data: dict[str, Any] = self.automation.data
        return data

    def hours_since_created(self) -> float:
        """How long it has been open; 0 where it is over."""
        return 0 if self.finished else (timezone.now() - self.created).total_seconds() / 3600

    def get_node(self) -> Any:
        """Its node; None where that is gone."""
        automation = class_of(Run._base_manager.using(self.using).get(pk=self.automation_id).process)
        return automation.nodes.get(self.status) if automation is not None else None

    @property
    def previous(self) -> AutomationTaskModel | None:
        """The task before it; of several the first one."""
        return next(iter(self.get_previous_tasks()), None)

    def get_previous_tasks(self) -> list[AutomationTaskModel]:
        """Those that it comes from: one, or where ways have met the last ones of all."""
        return _ways(self.automation_id, self.using).before(self)

    def get_next_tasks(self) -> list[AutomationTaskModel]:
        """Those that come after it: one, or the first ones of all ways."""
        return _ways(self.automation_id, self.using).after(self)

    def get_users_with_permission(self, include_superusers: bool = True, backend: str | None = None) -> Any:
        """The users who may answer it, as a queryset; nobody where it asks nobody."""
        from .people import users_of_task

        return users_of_task(self.open_task, include_superusers=include_superusers, backend=backend)

    @classmethod
    def get_open_tasks(cls, user: Any, using: str = "default") -> list[AutomationTaskModel]:
        """What waits for a user's answer, of all automations."""
        from .people import open_tasks_of

        return [_of_open_task(each, using) for each in open_tasks_of(user, using)]


class Tasks:
    """The tasks of one automation, read when they are asked for: those that are over by their order, then the open."""

    def __init__(
        self, automation_id: int, using: str, keep: Callable[[AutomationTaskModel], bool] | None = None
    ) -> None:
        self._automation_id = automation_id
        self._using = using
        self._keep = keep

    def __iter__(self) -> Iterator[AutomationTaskModel]:
        return (each for each in _read(self._automation_id, self._using) if self._keep is None or self._keep(each))

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def all(self) -> Tasks:
        """All of them."""
        return self

    def filter(self, *, is_finished: bool | None = None, **values: Any) -> Tasks:
        """Those whose attributes are as given: `filter(status="moderate")`, `filter(finished=None)`."""

        def keep(task: AutomationTaskModel) -> bool:
            return (
                (self._keep is None or self._keep(task))
                and (is_finished is None or (task.finished is not None) == is_finished)
                and all(getattr(task, name) == value for name, value in values.items())
            )

        return Tasks(self._automation_id, self._using, keep)

    def count(self) -> int:
        """How many there are."""
        return sum(1 for _task in self)

    def first(self) -> AutomationTaskModel | None:
        """The oldest one."""
        return next(iter(self), None)

    def last(self) -> AutomationTaskModel | None:
        """The newest one."""
        return next(reversed(list(self)), None)


def tasks_of(automation_id: int, using: str) -> Tasks:
    """The tasks of an automation."""
    return Tasks(automation_id, using)


def _ways(automation_id: int, using: str) -> Ways[AutomationTaskModel]:
    branches = Run.objects.using(using).filter(root_id=automation_id)
    parents = {
        key: (parent, number) for key, parent, number in branches.values_list("pk", "parent_id", "parent_number")
    }
    return Ways(list(tasks_of(automation_id, using)), parents)


def _read(automation_id: int, using: str) -> Iterator[AutomationTaskModel]:
    for step in StepRun.objects.using(using).filter(root_id=automation_id).order_by("pk").iterator():
        yield _of_step(step, using)
    asked = {each.run_id: each for each in OpenTask.objects.using(using).filter(root_id=automation_id)}
    for run in Run.objects.using(using).tree_of(automation_id).unfinished().order_by("pk"):
        yield _of_run(run, asked.get(run.pk), using)


def _of_step(step: StepRun, using: str) -> AutomationTaskModel:
    error = step.error or {}
    message = f"{error.get('type')}: {error.get('detail')}" if error else MESSAGES.get(step.status, step.status)
    traceback = error.get("traceback", "")
    result = {"error": traceback, "html": format_html("<pre>{}</pre>", traceback)} if error else step.result
    return AutomationTaskModel(
        id=step.pk,
        automation_id=step.root_id,
        status=step.node,
        run_id=step.run_id,
        number=step.number,
        created=step.entered_at,
        finished=step.started_at + timedelta(seconds=step.duration_seconds),
        message=message[:MAX_MESSAGE],
        result=result,
        using=using,
    )


def _of_run(run: Run, asked: OpenTask | None, using: str) -> AutomationTaskModel:
    return AutomationTaskModel(
        id=None,
        automation_id=run.scope_id,
        status=run.node,
        run_id=run.pk,
        number=run.number,
        created=run.entered_at,
        locked=run.status == Status.RUNNING.value,
        requires_interaction=asked is not None,
        interaction_user=tuple(asked.users) if asked is not None else (),
        interaction_group=tuple(asked.groups) if asked is not None else (),
        interaction_permissions=tuple(asked.permissions) if asked is not None else (),
        open_task=asked,
        using=using,
    )


def _of_open_task(task: OpenTask, using: str) -> AutomationTaskModel:
    return _of_run(Run._base_manager.using(using).get(pk=task.run_id), task, using)
