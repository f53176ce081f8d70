"""What tests of automations share: classes that are gone when a test is over, and moving time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import F, Q

from actions.processes.flow import registry
from actions.processes.models import Run
from actions.processes.registry import processes


@contextmanager
def only_here() -> Iterator[None]:
    """Forget the automations that are declared in the block when it is over."""
    before = {process.id: process for process in processes.declared()}
    known = dict(registry._by_id)
    try:
        yield
    finally:
        for process in processes.declared():
            if before.get(process.id) is not process:
                processes.remove(process.id)
        for process_id, process in before.items():
            if processes.get(process_id) is None:
                processes.register(process)
        registry._by_id.clear()
        registry._by_id.update(known)
        processes._problems[:] = [each for each in processes._problems if "<locals>" not in each.where]


def later(automation: Any, **duration: float) -> None:
    """Have so much time pass for an automation, and go on with what is due then.

    Everything that it remembers of time is moved back, which is the same.
    """
    by = timedelta(**duration)
    tree = Run.objects.filter(Q(pk=automation.id) | Q(root_id=automation.id))
    tree.update(entered_at=F("entered_at") - by, due_at=F("due_at") - by)
    from tests.processes import run_due

    run_due()
    automation.refresh()


def where(automation: Any) -> list[str]:
    """The nodes at which an automation is, in all of its ways."""
    tree = Run.objects.unfinished().filter(Q(pk=automation.id) | Q(root_id=automation.id))
    return sorted(tree.exclude(waiting_for="branches").values_list("node", flat=True))


def steps(automation: Any) -> list[tuple[str, str]]:
    """(node, message) of its tasks that are over."""
    return [(task.status, task.message) for task in automation.tasks.filter(is_finished=True)]
