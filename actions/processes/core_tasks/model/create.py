"""Make a row."""

from __future__ import annotations

from typing import Any

from actions.processes.context import StepContext
from actions.processes.core_tasks.model_access import database_of, model_of, save
from actions.processes.tasks import task


@task(examples=[{"title": "An order", "payload": {"model": "shop.order", "values": {"number": "A-7"}}}])
def create(model: str, values: dict[str, Any], context: StepContext | None = None) -> Any:
    """Make an instance, check it by `full_clean()`, save it, and answer it.

    Args:
        model: "app.model", one that DJACTION_PROCESS_MODELS names.
        values: By the names of fields; a relation gets an instance or a key.
    """
    instance = model_of(model)()
    save(instance, values, database_of(type(instance), context))
    return instance
