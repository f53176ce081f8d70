"""Django signals of processes: to be listened to in the process that works on a run.

After the commit, so that a receiver reads what is there to stay. A receiver that fails is logged and changes nothing.

    @receiver(run_failed, sender=MyWorkflow)
    def tell(sender, run, **kwargs): ...
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.dispatch import Signal

from actions.signals import after_commit

input_required = Signal()
"""`sender`: the Workflow or Automation, None for a process in YAML; `task`: the `OpenTask` that waits for an answer."""
run_succeeded = Signal()
"""`sender`: as above; `run`: what has come to its end; of branches none is sent."""
run_failed = Signal()
"""As above."""
run_cancelled = Signal()
"""As above."""

task_reminded = Signal()
"""`sender`: the model `OpenTask`; `task`: one that has waited so long that those who may answer are reminded."""
task_escalated = Signal()
"""`sender`: the model `OpenTask`; `task`: one that others may answer as well from now on."""

_ENDS = {"succeeded": run_succeeded, "failed": run_failed, "cancelled": run_cancelled}


def announce_input(sender: type | None, task: Any, using: str) -> None:
    """Send `input_required` when it is committed."""
    if input_required.has_listeners(sender):
        after_commit(using, partial(input_required.send_robust, sender, task=task))


def hears_of_end(status: str) -> bool:
    """Whether anybody listens to runs that end so: asked before anything is looked up."""
    return bool(_ENDS[status].receivers)


def announce_end(sender: type | None, run: Any, using: str) -> None:
    """Send the signal of a run that has ended when it is committed."""
    signal = _ENDS[run.status]
    if signal.has_listeners(sender):
        after_commit(using, partial(signal.send_robust, sender, run=run))
