"""What the engine asks the database for, as exact numbers: it is the same however many runs and steps there are."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from actions.processes import services
from actions.processes.executor import take_next
from actions.processes.expressions import path
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import Run, StepRun
from tests.app.models import Article
from tests.processes import make_process, node, registered, run_due, task

pytestmark = pytest.mark.django_db(transaction=True)


class Recorder:
    """Statements, and transactions of more than one of them."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.transactions = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            self.statements.append(sql)
        return execute(sql, params, many, context)

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.statements), self.transactions


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Count what is sent; a commit of nothing is not sent."""
    recorder, wrapper = Recorder(), connections["default"]
    commit = wrapper._commit

    def count_and_commit() -> None:
        raw: Any = wrapper.connection
        if connection.vendor != "postgresql" or raw.info.transaction_status.name != "IDLE":
            recorder.transactions += 1
        commit()

    wrapper._commit = count_and_commit  # type: ignore[method-assign]
    try:
        with connection.execute_wrapper(recorder):
            yield recorder
    finally:
        del wrapper._commit


def nothing(context: Any, **arguments: Any) -> None:
    """A body."""


def write(context: Any, **arguments: Any) -> None:
    Article.objects.create(title="a")


def row_of(count: int, mode: Mode | None, body: Callable[..., Any]) -> Any:
    names = [f"a{number}" for number in range(count)]
    nodes = [task(name, target, mode=mode) for name, target in zip(names, [*names[1:], ""], strict=True)]
    return make_process(*nodes, bodies=dict.fromkeys(names, body))


def cost(process: Any, *more: Any, **payload: Any) -> tuple[int, int]:
    """Statements and transactions of a run, from the claim to its end; the second one, as the first fills caches."""
    with registered(process, *more):
        for _turn in range(2):
            services.start("made", payload, in_background=True)
            with recorded() as recorder:
                take_next("default", limit=100)
    assert Run.objects.exclude(status="succeeded").count() == 0
    return recorder.counts


def cost_of_a_step(mode: Mode | None, body: Callable[..., Any]) -> tuple[int, int]:
    few, many = cost(row_of(2, mode, body)), cost(row_of(5, mode, body))
    assert (many[0] - few[0]) % 3 == (many[1] - few[1]) % 3 == 0
    return (many[0] - few[0]) // 3, (many[1] - few[1]) // 3


STEP = {
    # What the step itself does is one INSERT where it writes.
    (None, "nothing"): {"postgresql": (1, 0), "sqlite": (2, 1), "mysql": (2, 1)},
    (None, "write"): {"postgresql": (2, 1), "sqlite": (3, 1), "mysql": (3, 1)},
    (Mode.EXTERNAL, "nothing"): {"postgresql": (1, 0), "sqlite": (2, 1), "mysql": (2, 1)},
    (Mode.LOCAL, "nothing"): {"postgresql": (0, 0), "sqlite": (0, 0), "mysql": (0, 0)},
    (Mode.LOCAL, "write"): {"postgresql": (1, 0), "sqlite": (1, 0), "mysql": (1, 0)},
    (Mode.PURE, "nothing"): {"postgresql": (0, 0), "sqlite": (0, 0), "mysql": (0, 0)},
}


@pytest.mark.parametrize(("mode", "does"), STEP)
def test_a_step_costs_so_many_statements_and_transactions(mode: Mode | None, does: str) -> None:
    body = write if does == "write" else nothing
    assert cost_of_a_step(mode, body) == STEP[mode, does][connection.vendor]


def test_a_start_that_is_left_to_a_worker_is_one_statement() -> None:
    with registered(row_of(1, None, nothing)):
        services.start("made", in_background=True)
        with recorded() as recorder:
            services.start("made", in_background=True)
    assert len(recorder.statements) == 1


@pytest.mark.parametrize("waiting", [0, 300])
def test_a_look_that_finds_nothing_is_one_statement_however_many_wait(waiting: int) -> None:
    with registered(make_process(node("ask", Kind.INPUT))):
        for _ in range(waiting and 1):
            services.start("made")
        given = Run.objects.first()
        if given is not None:
            copies = [Run(**{**_values(given), "uid": None}) for _ in range(waiting)]
            for copy in copies:
                copy.uid = Run._meta.get_field("uid").get_default()
            Run.objects.bulk_create(copies)
        with recorded() as recorder:
            assert take_next("default", limit=100) == 0
    assert recorder.counts == (1, {"mysql": 1}.get(connection.vendor, 0))


def _values(run: Run) -> dict[str, Any]:
    return {field.attname: getattr(run, field.attname) for field in Run._meta.concrete_fields if not field.primary_key}


CLAIM = {"postgresql": 1, "sqlite": 2, "mysql": 2}
BATCH = {"postgresql": 1, "sqlite": 4, "mysql": 3}


def test_a_hundred_runs_of_what_has_no_effect_are_claimed_and_written_together() -> None:
    with registered(row_of(3, Mode.PURE, nothing)):
        services.start("made", in_background=True)
        run_due()
        for _ in range(100):
            services.start("made", in_background=True)
        with recorded() as recorder:
            assert take_next("default", limit=100) == 100
    assert len(recorder.statements) == CLAIM[connection.vendor] + BATCH[connection.vendor]


SPLIT = {"postgresql": 4, "sqlite": 11, "mysql": 11}
"""With the claim, the run's end and ten branches that have one step each."""


def test_a_split_into_ten_and_its_join() -> None:
    process = make_process(
        node("split", Kind.SPLIT, *(Edge(f"a{n}", f"e{n}") for n in range(10)), join="join"),
        *(task(f"a{n}", "join", mode=Mode.PURE) for n in range(10)),
        node("join", Kind.JOIN),
        bodies={f"a{n}": nothing for n in range(10)},
    )
    assert cost(process)[0] == SPLIT[connection.vendor]


# --- plans ------------------------------------------------------------------------------------------------------------


def many_runs(count: int) -> None:
    """Runs that wait, and a few that are due."""
    with registered(row_of(1, None, nothing)):
        given = services.start("made", in_background=True)
    values = _values(given)
    rows = []
    for number in range(count):
        run = Run(**{**values, "uid": Run._meta.get_field("uid").get_default(), "status": "waiting", "due_at": None})
        if number % 50 == 0:
            run.due_at = timezone.now() if number % 500 == 0 else timezone.now() + timedelta(days=1)
        rows.append(run)
    Run.objects.bulk_create(rows, batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute({"mysql": "ANALYZE TABLE actions_processes_run"}.get(connection.vendor, "ANALYZE"))


def test_the_claim_uses_its_index() -> None:
    many_runs(5000)
    seen: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "actions_processes_run" in sql and "due_at" in sql:
            seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note), registered(row_of(1, None, nothing)):
        take_next("default", limit=5)
    sql, params = seen[0]
    explain = {"sqlite": "EXPLAIN QUERY PLAN "}.get(connection.vendor, "EXPLAIN ")
    with connection.cursor() as cursor:
        cursor.execute(explain + sql, params)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "actions_run_due" in plan
    assert "Seq Scan" not in plan


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="HOT updates are PostgreSQL's.")
def test_nearly_all_updates_between_two_steps_touch_no_index() -> None:
    def look() -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'actions_processes_run'"
            )
            updated, hot = cursor.fetchone()
            return int(updated), int(hot)

    with registered(row_of(50, None, nothing)):
        services.start("made", in_background=True)
        before = look()
        run_due()
        after = look()
    updated, hot = (new - old for new, old in zip(after, before, strict=True))
    # The claim and the end change `due_at`; where the page is full, one more goes to another page.
    assert updated == 51
    assert hot / updated > 0.9


# --- long loops -------------------------------------------------------------------------------------------------------

IS_FULL = os.environ.get("STORM") == "full"
SHORT, LONG = 300, 50_000 if IS_FULL else 3000
"""Rounds of two steps each."""


def loop(mode: Mode | None) -> Any:
    def count(context: Any) -> int:
        context.state["n"] = context.state.get("n", 0) + 1
        return int(context.state["n"])

    return make_process(
        task("a", "more", mode=mode),
        node("more", Kind.DECISION, Edge("a", "more", {"test": "state.n < payload.rounds"}), Edge("end", "enough")),
        node("end", Kind.END, args={"result": path("state.n")}),
        bodies={"a": count},
    )


@pytest.mark.parametrize("mode", [None, Mode.EXTERNAL])
def test_each_round_of_a_loop_asks_as_much_as_the_first_ones(mode: Mode | None) -> None:
    counts = [cost(loop(mode), rounds=rounds)[0] for rounds in (20, 40, 200)]
    assert counts[2] - counts[0] == (counts[1] - counts[0]) * 9


def test_memory_does_not_grow_with_the_length_of_a_loop(settings: Any) -> None:
    # On a busy machine, whoever renews the lease meanwhile would open a connection.
    settings.DJACTION_LEASE_SECONDS = 3600

    def peak(rounds: int) -> int:
        services.start("made", {"rounds": rounds}, in_background=True)
        tracemalloc.start()
        try:
            take_next("default")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    with registered(loop(Mode.PURE)):
        peak(SHORT)
        # The least of two: other threads of the tests may need memory meanwhile.
        short, long = (min(peak(rounds), peak(rounds)) for rounds in (SHORT, LONG))
    assert StepRun.objects.count() == 2 * (3 * SHORT + 2 * LONG)
    assert long < short * 1.3
