"""Finds what callers name: a workflow by its number or class, a job, and what that waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model
from django.utils.translation import gettext as _

from actions.exceptions import ConfigurationError
from actions.processes import services
from actions.processes.exceptions import UnknownProcessError, WrongStateError
from actions.processes.registry import processes

from .declaration import PRELUDE, path_of
from .exceptions import WorkflowDeleted
from .known import add_missing, row_of
from .models import Job, KnownWorkflow

if TYPE_CHECKING:
    from actions.processes.models import OpenTask

    from .workflow import Workflow

Row = TypeVar("Row", bound=Model)
LARGEST = 2**63


def process_of(workflow_id: int | str | type[Workflow], using: str) -> str:
    """The id of the process of a workflow; see `running.order_workflow_execution`."""
    row = _row(workflow_id, using)
    process = processes.get(row.process)
    if row.deleted:
        raise WorkflowDeleted(_("The workflow %(name)s is not there any more.") % {"name": row.path})
    if process is None:
        # Another process has found it since this one was started.
        raise UnknownProcessError(_("The workflow %(name)s is not loaded here: restart this.") % {"name": row.path})
    if process.source != row.path:
        detail = _("The id of the workflow %(name)s is that of %(other)s. Give it another one.")
        raise UnknownProcessError(detail % {"name": row.path, "other": process.source}, status=409)
    return process.id


def _row(workflow_id: int | str | type[Workflow], using: str) -> KnownWorkflow:
    if isinstance(workflow_id, type):
        if getattr(workflow_id, "DIGRAPH", None) is None:
            raise ConfigurationError(f"{path_of(workflow_id)} has no DIGRAPH, and cannot be started.")
        return row_of(workflow_id.process, using)
    number = _number(KnownWorkflow, workflow_id)
    known = KnownWorkflow._base_manager.using(using)
    if not known.filter(pk=number).exists():
        add_missing(using)
    return known.get(pk=number)


def job_of(job_id: int | str, using: str) -> Job:
    """A job.

    Raises:
        DoesNotExist: There is none.
    """
    return Job.objects.using(using).get(pk=_number(Job, job_id))


def _number(model: type[Row], given: Any) -> int:
    try:
        # True and 1.5 are numbers for Python, and name nothing.
        number = int(given) if isinstance(given, int | str) and not isinstance(given, bool) else 0
    except ValueError:
        number = 0
    if not 0 < number < LARGEST:
        raise model.DoesNotExist(f"There is no {model._meta.verbose_name} {given!r}.")  # type: ignore[attr-defined]
    return number


def open_input(job: Job, step: str | None = None, *, for_user: Any = None) -> OpenTask:
    """The one thing that a job waits for somebody to say.

    Args:
        job: The job.
        step: Of several, which.
        for_user: Only what he may answer; None: all.

    Raises:
        WrongStateError: There is none, or there are several.
    """
    tasks = [task for task in job.open_inputs() if for_user is None or services.may_answer(task, for_user)]
    if step is not None and tasks:
        names = ", ".join(task.node for task in tasks)
        tasks = [task for task in tasks if task.node in (step, f"{step}{PRELUDE}")]
        if not tasks:
            raise WrongStateError(
                _("Job %(job)s waits for no input of %(step)s, but of %(names)s.")
                % {"job": job.pk, "step": step, "names": names}
            )
    if not tasks:
        raise WrongStateError(_("Job %(job)s waits for no input.") % {"job": job.pk})
    if len(tasks) > 1:
        names = ", ".join(task.node for task in tasks)
        raise WrongStateError(
            _("Job %(job)s waits for several inputs. Say which: %(names)s.") % {"job": job.pk, "names": names}
        )
    return tasks[0]


def raise_as_pydantic(task: OpenTask, data: Any, using: str) -> None:
    """Raise pydantic's own error where it has one."""
    form = services.form_of(task, using=using)
    validate = getattr(getattr(form, "model", None), "model_validate", None) or getattr(
        getattr(form, "model", None), "parse_obj", None
    )
    if validate is not None:
        validate(data)
