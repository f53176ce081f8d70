"""Processes: actions and tasks as steps of something that survives anything.

A process is a definition of several steps, a run is one execution of it. YAML, a `Workflow` and an `Automation` compile
to one graph (`graph`); `planner` says what is next, `executor` runs it, `store` alone writes the rows, and `services`
is what callers use:

    from actions.processes import services
    run = services.start("signup-request", {"username": "ada"}, actor=request.user)

The functions for workflows can be imported from here as well: `from actions.processes import order_workflow_execution`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .workflows import (
        execute_workflow,
        execute_workflow_sync,
        oder_workflow_execution,
        order_workflow_execution,
        provide_external_input,
        provide_input,
    )

__all__ = [
    "execute_workflow",
    "execute_workflow_sync",
    "oder_workflow_execution",
    "order_workflow_execution",
    "provide_external_input",
    "provide_input",
]


def __getattr__(name: str) -> Any:
    # Nothing is imported before it is asked for: importing this asks for no loaded apps.
    if name in __all__:
        return getattr(import_module(".workflows", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
