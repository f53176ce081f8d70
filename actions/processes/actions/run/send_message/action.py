"""Send messages to runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from actions.processes import services
from actions.processes.actions.run.records import tie

if TYPE_CHECKING:
    from actions.context import ActionContext
    from actions.processes.models import Run


def send_message(
    run: Run,
    *,
    context: ActionContext,
    name: str,
    key: str | None = None,
    data: Any = None,
    uid: UUID | None = None,
) -> dict[str, Any]:
    """Say something to it.

    Args:
        name: The message's.
        key: Which one of them, where the run waits for a certain one.
        data: JSON that the step gets.
        uid: The sender's own number: the same message said again is dropped.
    """
    tie(run, context)
    told = services.tell_run(run, name, key=key, data=data, uid=uid)
    return {"uid": str(told), "name": name, "run": run.pk}
