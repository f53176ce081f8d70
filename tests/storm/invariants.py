"""What is true of runs at every instant, whoever has died: nothing is lost, and nothing waits unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from django.db.models import Q

from actions.processes.models import Message, OpenTask, ProcessState, Run, StepRun
from actions.processes.states import UNFINISHED, RunKind, Status, Waiting


def strandings() -> list[str]:
    """Whatever cannot go on, or stands in the way of others; none, if all is well."""
    return [*_of_runs(), *_of_slots(), *_of_finished_runs(), *_of_steps()]


def _of_runs() -> Iterator[str]:
    for run in Run.objects.unfinished():
        if run.due_at is None and run.paused_at is None:
            reason = _blocked(run)
            if reason:
                yield f"{run.process}#{run.pk} at {run.node} ({run.status}, {run.waiting_for!r}): {reason}"


def _blocked(run: Run) -> str:
    """Why nothing will ever wake a run that is not due; "" where something will."""
    if run.stopped_at is not None:
        return "" if run.error else "nobody can see why"
    check = CHECKS.get(run.waiting_for)
    return check(run) if check is not None else "nothing will wake it"


def _unasked(run: Run) -> str:
    return "" if OpenTask.objects.filter(run_id=run.pk, node=run.node).exists() else "nobody is asked"


def _unheard(run: Run) -> str:
    if run.wait_key is None:
        return "it waits for no certain message"
    messages = Message.objects.filter(wait_key=run.wait_key, due_at__isnull=True, taken_at__isnull=True)
    mine = messages.filter(Q(run_id__isnull=True) | Q(run_id__in=[run.pk, run.root_id or run.pk]))
    return "its message is there" if mine.exists() else ""


def _without_children(run: Run) -> str:
    children = Run.objects.filter(parent_id=run.pk, parent_number=run.number).unfinished().count()
    if not run.open_children or children != run.open_children:
        return f"it counts {run.open_children} children, and has {children}"
    return ""


def _without_turn(run: Run) -> str:
    if run.kind == RunKind.ITEM.value:
        siblings = Run.objects.filter(parent_id=run.parent_id, parent_number=run.parent_number).unfinished()
        return "" if siblings.exclude(waiting_for=Waiting.LIMIT.value).exists() else "no item will let it go"
    holders = Run.objects.filter(process=run.process, has_slot=True).unfinished()
    return "" if holders.exists() else "nobody has the slot"


CHECKS: dict[str, Callable[[Run], str]] = {
    Waiting.INPUT.value: _unasked,
    Waiting.MESSAGE.value: _unheard,
    Waiting.BRANCHES.value: _without_children,
    Waiting.PROCESS.value: _without_children,
    Waiting.LIMIT.value: _without_turn,
}
"""What has to be true of a run that waits for each."""


def _of_slots() -> Iterator[str]:
    for state in ProcessState.objects.all():
        count = Run.objects.filter(process=state.process, has_slot=True).unfinished().count()
        if count != state.running:
            yield f"{state.process} counts {state.running} runs under way, and has {count}"


def _of_finished_runs() -> Iterator[str]:
    over = Run.objects.exclude(status__in=UNFINISHED)
    for run in over.filter(Q(due_at__isnull=False) | Q(unique_key__isnull=False) | Q(open_task__isnull=False)):
        yield f"{run.process}#{run.pk} is over, and still due, unique or asked for"


def _of_steps() -> Iterator[str]:
    """A step has succeeded once at the most, and a run has come no further than its steps."""
    done = StepRun.objects.filter(status=Status.SUCCEEDED.value, is_undoing=False).values_list("run_id", "number")
    for key, count in Counter(done).items():
        if count > 1:
            yield f"step {key[1]} of run {key[0]} has succeeded {count} times"
    numbers = dict(Run.objects.values_list("pk", "number"))
    for run_id, number in StepRun.objects.filter(is_undoing=False).values_list("run_id", "number"):
        if number > numbers[run_id]:
            yield f"step {number} of run {run_id} is written, and the run is at {numbers[run_id]}"
