"""What callers do with workflows, by the names that it has always had.

Importable before the apps are loaded: what needs them is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actions.exceptions import InvalidPayloadError

if TYPE_CHECKING:
    from .workflow import Workflow


def order_workflow_execution(
    workflow_id: int | str | type[Workflow],
    payload: Mapping[str, Any] | None = None,
    *,
    actor: Any = None,
    using: str = "default",
    **options: Any,
) -> int:
    """Start a workflow in the background: `manage.py actions_worker`, or whatever DJACTION_RUNNER says, works on it.

    Args:
        workflow_id: Its number, as a text as well, or its class.
        payload: What it takes.
        actor: Who orders it.
        using: The database.
        options: More for `services.start`: key, unique_key, at, priority, queue.

    Returns:
        The job's number.

    Raises:
        ObjectDoesNotExist: There is no such workflow (`KnownWorkflow.DoesNotExist`).
        WorkflowDeleted: Its class is gone.
        InvalidPayloadError: The payload does not fit.
    """
    from actions.processes import services

    from .finding import process_of

    options.setdefault("in_background", True)
    process = process_of(workflow_id, using)
    return services.start(process, payload, actor=actor, using=using, **options).pk


oder_workflow_execution = execute_workflow = order_workflow_execution


def execute_workflow_sync(
    workflow_id: int | str | type[Workflow],
    payload: Mapping[str, Any] | None = None,
    *,
    actor: Any = None,
    using: str = "default",
    **options: Any,
) -> int:
    """The same in the caller, until the job waits for something or ends."""
    return order_workflow_execution(workflow_id, payload, actor=actor, using=using, in_background=False, **options)


def provide_external_input(
    job_id: int | str,
    external_data: Any,
    *,
    step: str | None = None,
    actor: Any = None,
    using: str = "default",
) -> None:
    """Say what a job waits for, and have it gone on with.

    Args:
        job_id: Its number.
        external_data: By the `UserInputSchema` of the step at hand.
        step: The name of that step, where several branches wait.
        actor: Who says it; None: the project's own code, which is not asked for permission.
        using: The database.

    Raises:
        ObjectDoesNotExist: There is no such job.
        WrongState: It waits for no input.
        ValidationError: Pydantic's, where the schema is a model of it; the job goes on waiting.
        InvalidPayloadError: As above for other schemas, and for fields that a model does not declare.
        RefusedError: The actor may not.
    """
    from actions.processes import services
    from actions.single import as_mapping

    from .finding import job_of, open_input, raise_as_pydantic

    task = open_input(job_of(job_id, using), step)
    try:
        services.provide_input(task.run_id, as_mapping(external_data), actor=actor, using=using)
    except InvalidPayloadError:
        raise_as_pydantic(task, external_data, using)
        raise


provide_input = provide_external_input
