"""Branches of one run that several workers have: what each puts into the state, whoever joins them finds."""

from __future__ import annotations

from typing import Any

import pytest

from actions.processes import services
from actions.processes.executor.drive import Drive
from actions.processes.graph import Edge, Kind
from actions.processes.models import Run, StepRun
from actions.processes.store import claim_key
from tests.processes import make_process, node, registered, task

pytestmark = pytest.mark.django_db


def work_on(key: int) -> None:
    """As a worker does that has just this run."""
    track = claim_key(key, "default")
    assert track is not None
    Drive("default", is_inline=False).run([track])


def elsewhere(context: Any) -> None:
    """Meanwhile another worker brings the other branch to its end."""
    work_on(Run.objects.get(node="far").pk)


def put(context: Any) -> None:
    context.state["k"] = 5


def look(context: Any) -> Any:
    return context.state.get("k")


BODIES = {"near": elsewhere, "far": put, "last": look}


def test_the_state_after_a_join_has_what_another_worker_has_put_there() -> None:
    made = make_process(
        node("split", Kind.SPLIT, Edge("near", "near"), Edge("far", "far"), join="join"),
        task("near", "join"),
        task("far", "join"),
        node("join", Kind.JOIN, "last"),
        task("last"),
        bodies=BODIES,
    )
    with registered(made):
        run = services.start(made.id, in_background=True)
        work_on(run.pk)
        assert StepRun.objects.get(root_id=run.pk, node="last").result == 5
        run.refresh_from_db()
        assert (run.status, run.state) == ("succeeded", {"k": 5})


def test_so_has_the_state_after_a_join_within_a_branch() -> None:
    made = make_process(
        node("outer", Kind.SPLIT, Edge("split", "split"), join="outer_join"),
        node("split", Kind.SPLIT, Edge("near", "near"), Edge("far", "far"), join="join"),
        task("near", "join"),
        task("far", "join"),
        node("join", Kind.JOIN, "last"),
        task("last", "outer_join"),
        node("outer_join", Kind.JOIN),
        bodies=BODIES,
    )
    with registered(made):
        run = services.start(made.id, in_background=True)
        work_on(run.pk)
        assert StepRun.objects.get(root_id=run.pk, node="last").result == 5
