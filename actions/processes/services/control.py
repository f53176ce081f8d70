"""What can be done to runs that are there: cancelled, paused, resumed, tried again, moved, begun anew from a step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.processes.exceptions import WrongStateError
from actions.processes.executor import find_process
from actions.processes.executor.programs import Programs, VanishedError
from actions.processes.graph import Graph
from actions.processes.models import OpenTask, Run, StepRun
from actions.processes.planner import compensable
from actions.processes.registry import processes
from actions.processes.states import UNFINISHED, RunKind, Status, Waiting
from actions.processes.store import definition_id, end_all, graph_of, insert_run, take_slot
from actions.processes.values import dump
from actions.redaction import MASK

from .handing import go_on, is_inline, wake
from .starting import read_back

LIVE = tuple(str(each) for each in UNFINISHED)


def cancel(run: Run | int, *, compensate: bool | None = None, using: str = "default") -> Run:
    """End a run before its time. Whoever works on it loses it: what its step has written is rolled back.

    Args:
        run: The run or its key.
        compensate: Whether its steps are taken back; None: as its process says.
        using: The database, where a key is given.

    Raises:
        WrongStateError: It is over, or a branch of another run.
    """

    def do(row: Run, rows: QuerySet[Run], database: str) -> None:
        graph = graph_of(row.definition_id, database)
        wants = compensate if compensate is not None else bool(graph and graph.compensates)
        if wants and graph is not None and compensable(graph):
            _begin_undoing(row, rows, database)
            return
        end_all(rows.filter(pk=row.pk), Status.CANCELLED, database)
        _tell_parent(row, rows)

    row = _change(run, using, do)
    _wake_both(row)
    return row


def _begin_undoing(row: Run, rows: QuerySet[Run], using: str) -> None:
    if row.ends_as:
        raise WrongStateError(_("Its steps are being taken back already."))
    end_all(rows.filter(Q(root_id=row.pk) | Q(parent_id=row.pk)), Status.CANCELLED, using)
    OpenTask.objects.using(using).filter(run_id=row.pk).delete()
    rows.filter(pk=row.pk).update(
        ends_as=Status.CANCELLED.value,
        status=Status.PENDING.value,
        waiting_for="",
        note=None,
        tries=0,
        open_children=0,
        due_at=timezone.now(),
        fence=F("fence") + 1,
        error={"type": "Cancelled", "detail": _("It was cancelled."), "node": row.node},
    )


def _tell_parent(row: Run, rows: QuerySet[Run]) -> None:
    if row.parent_id is not None:
        parents = rows.filter(pk=row.parent_id, status__in=UNFINISHED, waiting_for=Waiting.PROCESS.value)
        parents.update(due_at=timezone.now(), fence=F("fence") + 1)


def _wake_both(row: Run) -> None:
    using = str(row._state.db)
    if not row.is_finished:
        wake(row.pk, using)
        row.refresh_from_db(using=using)
    if row.parent_id is not None:
        wake(row.parent_id, using)


def pause(run: Run | int, *, using: str = "default") -> Run:
    """Have a run begin no further step until it is resumed. The one at hand is brought to its end.

    Raises:
        WrongStateError: It is over, or paused already.
    """

    def do(row: Run, rows: QuerySet[Run], _database: str) -> None:
        if row.paused_at is not None:
            raise WrongStateError(_("It is paused already."))
        tree = rows.filter(_tree(row), status__in=UNFINISHED, paused_at__isnull=True)
        is_held = Q(status=Status.RUNNING.value)
        # Again, until there are none: branches may be begun meanwhile.
        while tree.update(
            paused_at=timezone.now(),
            due_at=Case(When(is_held, then=F("due_at")), default=None),
            fence=Case(When(is_held, then=F("fence")), default=F("fence") + 1),
        ):
            pass

    return _change(run, using, do)


def resume(run: Run | int, *, using: str = "default") -> Run:
    """Go on with a run that is paused, or that waits for a definition which is there again.

    Each part of it is looked at, and waits again where it still has to.

    Raises:
        WrongStateError: It is neither.
    """

    def do(row: Run, rows: QuerySet[Run], _database: str) -> None:
        tree = rows.filter(_tree(row), status__in=UNFINISHED)
        stopped = tree.filter(stopped_at__isnull=False)
        if row.paused_at is None and not stopped.exists():
            raise WrongStateError(_("It is not paused."))
        _look_again(stopped)
        # In one statement: what is written by whoever ends a step meanwhile is seen by it.
        is_asleep = Q(due_at__isnull=True) & ~Q(waiting_for=Waiting.LIMIT.value)
        while tree.filter(paused_at__isnull=False).update(
            paused_at=None,
            due_at=Case(When(is_asleep, then=timezone.now()), default=F("due_at")),
            fence=Case(When(is_asleep, then=F("fence") + 1), default=F("fence")),
        ):
            pass

    row = _change(run, using, do)
    return _wake_tree(row)


def _look_again(stopped: QuerySet[Run]) -> None:
    stopped.update(due_at=timezone.now(), fence=F("fence") + 1)


def _tree(row: Run) -> Q:
    return Q(pk=row.pk) | Q(root_id=row.pk)


def _wake_tree(row: Run) -> Run:
    using = str(row._state.db)
    due = Run.objects.using(using).filter(_tree(row), due_at__lte=timezone.now()).order_by("pk")
    for key in list(due.values_list("pk", flat=True)) if is_inline() else [row.pk]:
        wake(key, using)
    row.refresh_from_db(using=using)
    return row


def retry(run: Run | int, *, using: str = "default") -> Run:
    """Go on with a run that has failed, from the step that failed; branches that are done stay done.

    Raises:
        WrongStateError: It has not failed, or its steps were taken back.
    """

    def do(row: Run, rows: QuerySet[Run], database: str) -> None:
        if row.ends_as:
            raise WrongStateError(_("Its steps were taken back: start it anew, or fork it."))
        _revive(row, rows, database)

    row = _change(run, using, do, of=(Status.FAILED.value,))
    return _wake_tree(row)


def _revive(row: Run, rows: QuerySet[Run], using: str) -> None:
    """Have what failed be due again, from the bottom up."""
    children = rows.filter(parent_id=row.pk, parent_number=row.number)
    broken = list(children.filter(status__in=[Status.FAILED.value, Status.CANCELLED.value]).order_by("place"))
    at_once = _at_once(row)
    for child in broken:
        _revive(child, rows, using)
    late = [] if at_once is None else broken[at_once:]
    rows.filter(pk__in=[child.pk for child in late]).update(
        waiting_for=Waiting.LIMIT.value, due_at=None, status=Status.PENDING.value
    )
    begun = {"note": None, "error": None, "result": None, "ended_at": None, "tries": 0, "attempts": 0}
    columns = _waiting(broken, late) if broken else _going(row, using)
    rows.filter(pk=row.pk).update(**begun, **columns, fence=F("fence") + 1)


def _waiting(broken: list[Run], late: list[Run]) -> dict[str, Any]:
    """Columns of a run that waits for its children again."""
    reason = Waiting.PROCESS if broken[0].kind == RunKind.ROOT.value else Waiting.BRANCHES
    columns: dict[str, Any] = {"waiting_for": reason.value, "due_at": None, "status": Status.WAITING.value}
    if late:
        columns["next_place"] = late[0].place
    return {**columns, "open_children": len(broken)}


def _going(row: Run, using: str) -> dict[str, Any]:
    """Columns of a run whose step is tried again: now, or when it is its turn."""
    process = processes.get(row.process)
    limit = process.graph.max_running if process is not None and row.kind == RunKind.ROOT.value else None
    has_slot = limit is not None and take_slot(row.process, limit, using)
    waits = limit is not None and not has_slot
    return {
        "waiting_for": Waiting.LIMIT.value if waits else "",
        "due_at": None if waits else timezone.now(),
        "status": Status.PENDING.value,
        "open_children": 0,
        "has_slot": has_slot,
    }


def _at_once(row: Run) -> int | None:
    process = processes.get(row.process)
    node = process.graph.nodes.get(row.node) if process is not None else None
    return node.at_once if node is not None else None


def move(run: Run | int, mapping: Mapping[str, str] | None = None, *, using: str = "default") -> Run:
    """Move a run to the definition that is registered now.

    Args:
        run: The run or its key.
        mapping: Nodes that have another name now: old to new.
        using: The database, where a key is given.

    Raises:
        WrongStateError: It is over, or is at a node that the definition does not have.
    """
    names = dict(mapping or {})

    def do(row: Run, rows: QuerySet[Run], database: str) -> None:
        graph = find_process(row.process).graph
        tree = list(rows.filter(_tree(row), status__in=UNFINISHED))
        missing = sorted({each.node for each in tree if names.get(each.node, each.node) not in graph.nodes})
        if missing:
            detail = _("There is no node %(nodes)s in %(process)s. Say which node each of them is now.")
            raise WrongStateError(detail % {"nodes": ", ".join(missing), "process": row.process})
        key = definition_id(graph, database)
        for each in tree:
            rows.filter(pk=each.pk).update(node=names.get(each.node, each.node), definition_id=key)
            OpenTask.objects.using(database).filter(run_id=each.pk).update(node=names.get(each.node, each.node))
        _look_again(rows.filter(_tree(row), stopped_at__isnull=False))

    return _wake_tree(_change(run, using, do))


def fork(
    run: Run | int,
    *,
    node: str | None = None,
    payload: Mapping[str, Any] | None = None,
    actor: Any = None,
    using: str = "default",
) -> Run:
    """Begin a new run from a step of another one, with what was registered before that step.

    Args:
        run: The run or its key; it stays as it is.
        node: The step; None: the one that the run is at.
        payload: Values that are to be otherwise.
        actor: Who does it; None: as of the run.
        using: The database, where a key is given.

    Raises:
        WrongStateError: The run has not come to that step, or what was registered before is not kept.
        InvalidPayloadError: The payload does not fit.
    """
    row, database = _row(run, using)
    process = find_process(row.process)
    at = row.node if node is None else node
    if at not in process.graph.nodes:
        raise WrongStateError(_("There is no node %(node)s in %(process)s.") % {"node": at, "process": row.process})
    values = process.payload.validate({**row.payload, **(payload or {})})
    new = Run(
        process=row.process,
        definition_id=definition_id(process.graph, database),
        node=at,
        payload=values,
        state=json.loads(dump(row.state)) if node is None else _state_before(row, at, process.graph, database),
        actor_id=row.actor_id if actor is None else str(actor.pk),
        actor_name=row.actor_name if actor is None else str(actor)[:255],
        correlation_id=row.correlation_id,
        forked_from=row.pk,
        queue=row.queue,
        priority=row.priority,
        due_at=None,
    )
    held = insert_run(new, database, is_held=is_inline(), max_running=process.graph.max_running)
    if held:
        return read_back(go_on(new, database), database)
    wake(new.pk, database)
    return new


def _state_before(row: Run, node: str, graph: Graph, using: str) -> dict[str, Any]:
    """The state as it was when a run came to a node the last time."""
    steps = StepRun.objects.using(using).filter(root_id=row.pk, is_undoing=False)
    last = steps.filter(node=node, run_id=row.pk).order_by("-pk").first()
    if last is None:
        raise WrongStateError(_("Run %(run)s has not come to %(node)s.") % {"run": row.pk, "node": node})
    state: dict[str, Any] = {}
    done = steps.filter(pk__lt=last.pk, status=Status.SUCCEEDED.value).order_by("pk")
    for name, result in done.values_list("node", "result").iterator():
        known = graph.nodes.get(name)
        if known is not None and known.register:
            state[known.register] = row.state.get(known.register) if MASK in dump(result) else result
    return state


def _change(
    run: Run | int,
    using: str,
    do: Callable[[Run, QuerySet[Run], str], None],
    of: tuple[str, ...] = LIVE,
) -> Run:
    """Change a run that is locked, if it is in a state for it; the run as it is then."""
    given, database = _row(run, using)
    with transaction.atomic(using=database):
        rows: QuerySet[Run] = Run._base_manager.using(database)
        row = rows.select_for_update().get(pk=given.pk)
        if row.kind != RunKind.ROOT.value:
            raise WrongStateError(_("It is a branch of run %(run)s.") % {"run": row.root_id})
        if row.status not in of:
            raise WrongStateError(_("Run %(run)s is %(status)s.") % {"run": row.pk, "status": row.status})
        do(row, rows, database)
    row.refresh_from_db(using=database)
    return row


def _row(run: Run | int, using: str) -> tuple[Run, str]:
    if isinstance(run, Run):
        return run, str(run._state.db)
    return Run.objects.using(using).get(pk=run), using


def stranded(using: str = "default") -> list[tuple[Run, str]]:
    """Runs that could not go on if they fell due now, each with the reason: for a deployment's check."""
    programs, found = Programs(using), []
    for run in Run.objects.using(using).unfinished().order_by("pk").iterator():
        try:
            programs.of(run)
        except VanishedError as error:
            found.append((run, str(error)))
    return found
