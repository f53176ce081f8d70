"""Large values of a run's state: each in a row of its own, read where it is asked for, gone with the run."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from actions.processes import services
from actions.processes.archive import archive_runs
from actions.processes.expressions import condition, path
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import ArchivedRun, Run, StepRun, StoredValue
from actions.processes.policies import Policy, Retry
from actions.processes.state_field import LARGE, STORED
from tests.processes import make_due, make_process, node, registered, run_due, task

pytestmark = pytest.mark.django_db

MODES = [None, Mode.LOCAL, Mode.PURE, Mode.EXTERNAL]
BIG = ["x" * 100] * 1000


def raw(run: Run) -> dict[str, Any]:
    """The state as it is in the database."""
    state: dict[str, Any] = Run.objects.values_list("state", flat=True).get(pk=run.pk)
    return state


def fetched(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


@pytest.mark.parametrize("mode", MODES)
def test_a_large_value_has_a_row_of_its_own_and_is_there_for_whoever_asks(mode: Mode | None) -> None:
    process = make_process(
        task("a", "b", mode=mode, register="big"),
        task("b", "c", mode=mode, args={"first": path("state.big.0")}, register="first"),
        node("c", Kind.DECISION, Edge("d", "long", condition("size(state.big) == 1000")), Edge("end", "short")),
        task("d", "end", mode=mode, register="count"),
        node("end", Kind.END, args={"result": path("state.count")}),
        bodies={"a": lambda context: BIG, "b": lambda context, first: first, "d": lambda c: len(c.state["big"])},
    )
    with registered(process):
        run = services.start("made", in_background=True)
        run_due()
    stored = StoredValue.objects.get()
    assert raw(run) == {"big": {STORED: stored.pk}, "first": BIG[0], "count": 1000}
    assert len(stored.text) > LARGE
    assert (fetched(run).state, fetched(run).result) == ({"big": BIG, "first": BIG[0], "count": 1000}, 1000)


def test_who_starts_a_run_gets_its_state_whole() -> None:
    with registered(make_process(task("a", register="big"), bodies={"a": lambda context: BIG})):
        assert services.start("made").state == {"big": BIG}


@pytest.mark.parametrize("mode", MODES)
def test_a_step_that_has_nothing_to_do_with_it_does_not_write_it_again(mode: Mode | None) -> None:
    process = make_process(
        task("a", "b", mode=mode, register="big"),
        task("b", "c", mode=mode, register="n"),
        task("c", mode=mode, register="n"),
        bodies={"a": lambda context: BIG, "b": lambda context: len(context.state["big"]), "c": lambda context: 2},
    )
    sent: list[int] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(len(str(params)))
        return execute(sql, params, many, context)

    with registered(process), connection.execute_wrapper(note):
        services.start("made")
    # With the step that it is the result of.
    assert sum(length > LARGE for length in sent) == 2
    assert StoredValue.objects.count() == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_large_value_that_is_changed_or_removed_takes_its_row_with_it(mode: Mode | None) -> None:
    process = make_process(
        task("a", "b", mode=mode, register="big"),
        task("b", "c", mode=mode),
        task("c", mode=mode),
        bodies={
            "a": lambda context: BIG,
            "b": lambda context: context.state["big"].append("y"),
            "c": lambda context: context.state.pop("big")[-1],
        },
    )
    with registered(process):
        run = services.start("made")
    assert (fetched(run).state, StepRun.objects.get(node="c").result) == ({}, "y")
    assert not StoredValue.objects.exists()


@pytest.mark.parametrize("mode", MODES)
def test_a_step_that_fails_leaves_a_large_value_as_it_was(mode: Mode | None) -> None:
    tries: list[int] = []

    def change(context: Any) -> None:
        tries.append(len(context.state["big"]))
        context.state["big"].append("y")
        if len(tries) == 1:
            raise ValueError("no")

    process = make_process(
        task("a", "b", mode=mode, register="big"),
        task("b", mode=mode, policy=Policy(retry=Retry(attempts=2, delay_seconds=0))),
        bodies={"a": lambda context: BIG, "b": change},
    )
    with registered(process):
        run = services.start("made")
        if run.status == "waiting":
            make_due(run)
            run_due()
    assert tries == [1000, 1000]
    assert fetched(run).state == {"big": [*BIG, "y"]}
    assert StoredValue.objects.count() == 1


def test_a_branch_hands_a_large_value_on_and_another_one_replaces_it() -> None:
    process = make_process(
        task("a", "split", register="big"),
        node("split", Kind.SPLIT, Edge("b", "one"), Edge("c", "two"), join="join"),
        task("b", "join", register="other"),
        task("c", "join"),
        node("join", Kind.JOIN, "d"),
        task("d", register="sizes"),
        bodies={
            "a": lambda context: BIG,
            "b": lambda context: BIG[:900],
            "c": lambda context: context.state["big"].append("y"),
            "d": lambda context: [len(context.state[key]) for key in ("big", "other")],
        },
    )
    with registered(process):
        run = services.start("made")
    assert fetched(run).state == {"big": [*BIG, "y"], "other": BIG[:900], "sizes": [1001, 900]}
    assert StoredValue.objects.count() == 2


def test_a_fork_has_large_values_of_its_own() -> None:
    process = make_process(
        task("a", "b", register="big"),
        task("b", register="n"),
        bodies={"a": lambda context: BIG, "b": lambda context: len(context.state["big"])},
    )
    with registered(process):
        run = services.start("made")
        forked = services.fork(run)
        Run.objects.filter(pk=run.pk).delete()
    assert not StoredValue.objects.filter(run_id=run.pk).exists()
    assert fetched(forked).state == {"big": BIG, "n": 1000}


def test_nobody_reads_a_large_value_of_another_run() -> None:
    with registered(make_process(task("a", register="big"), bodies={"a": lambda context: BIG})):
        mine = services.start("made")
    key = StoredValue.objects.get(run_id=mine.pk).pk
    forged = {STORED: key}
    with registered(make_process(task("a", register="x"), bodies={"a": lambda context: forged})):
        run = fetched(services.start("made"))
    assert (run.status, run.error["type"]) == ("failed", "StepError")
    Run.objects.filter(pk=run.pk).update(state={"x": forged})
    assert fetched(run).state == {"x": forged}


def test_large_values_are_archived_with_their_run(settings: Any) -> None:
    settings.DJACTION_TTL_MINUTES = 0
    with registered(make_process(task("a", register="big"), bodies={"a": lambda context: BIG})):
        run = services.start("made")
    assert archive_runs() == 1
    assert ArchivedRun.objects.get(pk=run.pk).document["run"]["state"] == {"big": BIG}
    assert not StoredValue.objects.exists()
