"""Change a row."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models import Model

from actions.processes.context import StepContext
from actions.processes.core_tasks.model_access import checked_filter, database_of, model_of, rows_of, save
from actions.processes.exceptions import StepError
from actions.processes.tasks import task


@task(
    examples=[{"title": "Close an order", "payload": {"model": "shop.order", "pk": 7, "values": {"status": "closed"}}}]
)
def update(model: str, pk: Any, values: dict[str, Any], context: StepContext | None = None) -> Any:
    """Change an instance, check it by `full_clean()`, save it, and answer it. The row is locked meanwhile.

    Args:
        model: "app.model", one that DJACTION_PROCESS_MODELS names.
        pk: The instance's key, or the instance.
        values: By the names of fields; a relation gets an instance or a key.
    """
    found_model = model_of(model)
    if isinstance(pk, Model) and not isinstance(pk, found_model):
        raise StepError(f"pk is an instance of {pk._meta.label}, not of {found_model._meta.label}.")
    if {"pk", found_model._meta.pk.name} & set(values):
        raise StepError("The key of a row stays as it is. Leave it out of values.")
    using = database_of(found_model, context)
    rows = rows_of(found_model, context)
    if connections[using].in_atomic_block:
        rows = rows.select_for_update()
    instance = rows.filter(**checked_filter(found_model, {"pk": pk})).first()
    if instance is None:
        raise StepError(f"There is no {found_model._meta.label} with this key.")
    save(instance, values, using)
    return instance
