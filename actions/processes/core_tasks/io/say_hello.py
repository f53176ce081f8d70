"""Say hello."""

from __future__ import annotations

from typing import Any

from actions.processes.context import StepContext
from actions.processes.tasks import task


@task(
    mode="pure",
    examples=[
        {"title": "Hello world", "payload": {}},
        {"title": "A message of your own", "payload": {"message": "Good morning."}},
    ],
)
def say_hello(message: Any = "hello world", context: StepContext | None = None) -> dict[str, Any]:
    """Write a message, "hello world" if there is none, to the step's log, and answer it.

    Args:
        message: What to say.
    """
    if context is not None:
        context.log(str(message))
    return {"result": message}
