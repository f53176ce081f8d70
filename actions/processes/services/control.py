"""What can be done to runs that are there: cancelled, paused, resumed, tried again, moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.processes.exceptions import WrongStateError
from actions.processes.executor import find_process
from actions.processes.executor.programs import Programs, VanishedError
from actions.processes.executor.telling import tell_of_ends
from actions.processes.models import OpenTask, Run
from actions.processes.planner import compensable
from actions.processes.states import UNFINISHED, RunKind, Status, Waiting
from actions.processes.store import close_tasks, definition_id, end_all, forget_originals, graph_of
from actions.processes.store import retry as retry_in_turn

from .giving_way import giving_way
from .handing import is_inline, refresh, wake
from .starting import refuse_second

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
        if row.parent_id is None:
            forget_originals(row.pk, database)
        _tell_parent(row, rows)

    row = _change(run, using, do)
    if row.is_finished:
        tell_of_ends([row], str(row._state.db))
    _wake_both(row)
    return row


def _begin_undoing(row: Run, rows: QuerySet[Run], using: str) -> None:
    if row.ends_as:
        raise WrongStateError(_("Its steps are being taken back already."))
    end_all(rows.filter(Q(root_id=row.pk) | Q(parent_id=row.pk)), Status.CANCELLED, using)
    close_tasks([row.pk], using)
    rows.filter(pk=row.pk).update(
        ends_as=Status.CANCELLED.value,
        status=Status.PENDING.value,
        waiting_for="",
        note=None,
        tries=0,
        open_children=0,
        paused_at=None,
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
        is_held = Q(status=Status.RUNNING.value)
        _update_tree(
            row,
            rows.filter(status__in=UNFINISHED, paused_at__isnull=True),
            paused_at=timezone.now(),
            due_at=Case(When(is_held, then=F("due_at")), default=None),
            fence=Case(When(is_held, then=F("fence")), default=F("fence") + 1),
        )

    return _change(run, using, do)


def resume(run: Run | int, *, using: str = "default") -> Run:
    """Go on with a run that is paused, or that waits for a definition which is there again.

    Each part of it is looked at, and waits again where it still has to.

    Raises:
        WrongStateError: It is neither.
    """

    def do(row: Run, rows: QuerySet[Run], _database: str) -> None:
        live = rows.filter(status__in=UNFINISHED)
        stopped = live.filter(_tree(row), stopped_at__isnull=False)
        if row.paused_at is None and not stopped.exists():
            raise WrongStateError(_("It is not paused."))
        _look_again(stopped)
        # In one statement: what is written by whoever ends a step meanwhile is seen by it.
        is_asleep = Q(due_at__isnull=True) & ~Q(waiting_for=Waiting.LIMIT.value)
        _update_tree(
            row,
            live.filter(paused_at__isnull=False),
            paused_at=None,
            due_at=Case(When(is_asleep, then=timezone.now()), default=F("due_at")),
            fence=Case(When(is_asleep, then=F("fence") + 1), default=F("fence")),
        )

    row = _change(run, using, do)
    return _wake_tree(row)


def _look_again(stopped: QuerySet[Run]) -> None:
    stopped.update(due_at=timezone.now(), fence=F("fence") + 1)


def _tree(row: Run) -> Q:
    return Q(pk=row.pk) | Q(root_id=row.pk)


def _update_tree(row: Run, runs: QuerySet[Run], **columns: Any) -> None:
    """Update a run and its branches, as far as they are among these, until none is left: some may be begun meanwhile.

    By their keys: an UPDATE that looks for them itself locks other runs on MariaDB, whose steps may want this one.
    """
    keys = _keys_of(row, runs)
    while keys and runs.filter(pk__in=keys).update(**columns):
        keys = _keys_of(row, runs)


def _keys_of(row: Run, runs: QuerySet[Run]) -> list[int]:
    return list(runs.filter(_tree(row)).order_by("pk").values_list("pk", flat=True))


def _wake_tree(row: Run) -> Run:
    using = str(row._state.db)
    due = Run.objects.using(using).filter(_tree(row), due_at__lte=timezone.now()).order_by("pk")
    for key in list(due.values_list("pk", flat=True)) if is_inline() else [row.pk]:
        wake(key, using)
    return refresh(row, using)


def retry(run: Run | int, *, using: str = "default") -> Run:
    """Go on with a run that has failed, from the step that failed; branches that are done stay done.

    Where its process has a limit it waits for its turn, as a new run does.

    Raises:
        WrongStateError: It has not failed, or its steps were taken back.
        RefusedError: Another run with its unique key is not over yet.
    """

    def do(row: Run, _rows: QuerySet[Run], database: str) -> None:
        if row.ends_as:
            raise WrongStateError(_("Its steps were taken back: start it anew, or fork it."))
        refuse_second(row.retry_key, database)
        retry_in_turn(row, database)

    try:
        row = _change(run, using, do, of=(Status.FAILED.value,))
    except IntegrityError:
        # Somebody has started another one just now.
        given, database = _row(run, using)
        refuse_second(given.retry_key, database)
        raise
    return _wake_tree(row)


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
        process = find_process(row.process)
        graph = process.graph
        tree = list(rows.filter(_tree(row), status__in=UNFINISHED))
        missing = sorted({each.node for each in tree if names.get(each.node, each.node) not in graph.nodes})
        if missing:
            detail = _("There is no node %(nodes)s in %(process)s. Say which node each of them is now.")
            raise WrongStateError(detail % {"nodes": ", ".join(missing), "process": row.process})
        key = definition_id(process, database)
        for each in tree:
            rows.filter(pk=each.pk).update(node=names.get(each.node, each.node), definition_id=key)
            OpenTask.objects.using(database).filter(run_id=each.pk).update(node=names.get(each.node, each.node))
        _look_again(rows.filter(_tree(row), stopped_at__isnull=False))

    return _wake_tree(_change(run, using, do))


def _change(
    run: Run | int,
    using: str,
    do: Callable[[Run, QuerySet[Run], str], None],
    of: tuple[str, ...] = LIVE,
) -> Run:
    """Change a run that is locked, if it is in a state for it; the run as it is then."""
    given, database = _row(run, using)
    return giving_way(partial(_change_once, given, database, do, of), database)


def _change_once(given: Run, database: str, do: Callable[[Run, QuerySet[Run], str], None], of: tuple[str, ...]) -> Run:
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
