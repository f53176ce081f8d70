"""Workflows: `from actions.processes import steps, workflows`.

    class MyWorkflow(workflows.Workflow):
        DIGRAPH = {steps.__start__: [Step1], Step1: [Step2]}

    job_id = workflows.order_workflow_execution(workflow_id=1)

All but the models can be imported before the apps are loaded.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from actions.processes.exceptions import WrongStateError as WrongState

from .exceptions import WorkflowDeleted
from .running import (
    execute_workflow,
    execute_workflow_sync,
    oder_workflow_execution,
    order_workflow_execution,
    provide_external_input,
    provide_input,
)
from .states import JobState
from .workflow import Workflow

if TYPE_CHECKING:
    from .models import Job, KnownStep, KnownWorkflow

MODELS = ("Job", "KnownStep", "KnownWorkflow")

__all__ = [
    "Job",
    "JobState",
    "KnownStep",
    "KnownWorkflow",
    "Workflow",
    "WorkflowDeleted",
    "WrongState",
    "execute_workflow",
    "execute_workflow_sync",
    "oder_workflow_execution",
    "order_workflow_execution",
    "provide_external_input",
    "provide_input",
]


def __getattr__(name: str) -> Any:
    # Models are there when the apps are loaded.
    if name in MODELS:
        return getattr(import_module(".models", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
