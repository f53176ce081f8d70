"""Read one row."""

from __future__ import annotations

from typing import Any

from actions.processes.context import StepContext
from actions.processes.core_tasks.model_access import checked_filter, model_of, rows_of
from actions.processes.exceptions import StepError
from actions.processes.tasks import task


@task(examples=[{"title": "By its number", "payload": {"model": "shop.order", "filter": {"number": "A-7"}}}])
def get(model: str, filter: dict[str, Any], context: StepContext | None = None) -> Any:
    """Answer the one instance whose fields have these values; none or several of them fail the step.

    Args:
        model: "app.model", one that DJACTION_PROCESS_MODELS names.
        filter: Values by the names of fields; "pk" is the key.
    """
    if not filter:
        raise StepError('filter is empty. Say which row is meant: {"pk": 7}.')
    found_model = model_of(model)
    found = list(rows_of(found_model, context).filter(**checked_filter(found_model, filter))[:2])
    if len(found) != 1:
        count = "no" if not found else "more than one"
        fields = ", ".join(filter)
        raise StepError(f"There is {count} {found_model._meta.label} with this {fields}; one was expected.")
    return found[0]
