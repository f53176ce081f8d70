"""What is done to runs beside their steps, and waits that are given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from actions.exceptions import InvalidTermError
from actions.processes import services
from actions.processes.exceptions import StepError, WrongStateError
from actions.processes.expressions import call, literal
from actions.processes.graph import Kind
from actions.processes.models import Message, OpenTask, Run, StepRun
from actions.processes.policies import Policy
from tests.processes import make_process, node, registered, rows_of, run_due, task

pytestmark = pytest.mark.django_db


def waiting(*, kind: Kind = Kind.WAIT, name: str = "wait", **policy: Any) -> Any:
    """A process that waits, and then says what its state is."""
    first = node(name, kind, "last", run=name if kind is not Kind.WAIT else "", policy=Policy(**policy))
    bodies = {"last": lambda context: dict(context.state), "is_over": lambda context: bool(context.state.get("over"))}
    return make_process(first, task("last"), bodies=bodies)


def test_keys_of_the_state_are_set_and_removed_and_others_stay() -> None:
    with registered(made := waiting(wait_for=literal(3600))):
        run = services.start(made.id)
        services.change_state(run, {"a": 1, "b": {"c": [2]}})
        run = services.change_state(run.pk, {"a": 5, "d": None}, remove=["b"])
        assert run.state == {"a": 5, "d": None}
        with pytest.raises(StepError):
            services.change_state(run, {"a": object()})
        services.cancel(run)
        with pytest.raises(WrongStateError):
            services.change_state(run, {"a": 6})


def test_a_run_may_begin_paused_and_with_another_step() -> None:
    with registered(made := waiting(wait_for=literal(3600))):
        run = services.start(made.id, is_paused=True, node="last")
        assert (run.status, run.paused_at is not None, run.due_at) == ("pending", True, None)
        assert run_due() == 0
        assert services.resume(run).status == "succeeded"
        assert rows_of(run) == [("last", "succeeded")]
        with pytest.raises(InvalidTermError, match="no node nowhere"):
            services.start(made.id, node="nowhere")


def test_looking_again_finds_what_has_come_true() -> None:
    with registered(made := waiting(as_soon_as=(call("is_over"),))):
        run = services.start(made.id)
        assert services.look_again(run).status == "waiting"
        services.change_state(run, {"over": True})
        assert services.look_again(run.pk).status == "succeeded"
        assert services.look_again(run).status == "succeeded"


def test_a_function_sees_the_run_and_its_changes_are_kept() -> None:
    with registered(made := waiting(wait_for=literal(3600))):
        run = services.start(made.id, {"x": 1})

        def receive(context: Any) -> int:
            context.state["seen"] = context.payload["x"]
            context.log("heard")
            return 7

        assert services.receive(run, "told", receive, said={"password": "secret"}) == 7
        row = StepRun.objects.get(node="told")
        assert (row.status, row.result, row.log) == ("succeeded", 7, "heard")
        assert "secret" not in str(row.input)
        run.refresh_from_db()
        assert (run.state, run.status, run.number) == ({"seen": 1}, "waiting", 0)


def test_removing_a_run_tells_the_one_that_waits_for_it() -> None:
    inner = make_process(node("wait", Kind.WAIT, policy=Policy(wait_for=literal(3600))), name="inner")
    outer = make_process(node("call", Kind.PROCESS, run="inner"), name="outer")
    with registered(inner, outer):
        run = services.start("outer")
        child = Run.objects.get(process="inner")
        counted = services.remove(child)
        assert counted[Run._meta.label] == 1
        run.refresh_from_db()
        assert run.status == "failed"
        assert "not there any more" in run.error["detail"]
        assert services.remove(child.pk) == {}


@pytest.mark.parametrize("kind", [Kind.INPUT, Kind.RECEIVE])
def test_what_waits_for_somebody_is_given_up_after_a_time(kind: Kind) -> None:
    with registered(made := waiting(kind=kind, name="ask", skip_after=literal(3600))):
        run = services.start(made.id)
        run.refresh_from_db()
        assert run.due_at is not None
        assert timedelta(minutes=59) < run.due_at - timezone.now() < timedelta(minutes=61)
        Run.objects.update(entered_at=timezone.now() - timedelta(hours=2), due_at=timezone.now())
        run_due()
        assert rows_of(run) == [("ask", "skipped"), ("last", "succeeded")]
        assert not OpenTask.objects.exists()


@pytest.mark.parametrize("kind", [Kind.INPUT, Kind.RECEIVE])
def test_so_is_what_is_not_wanted_any_more(kind: Kind) -> None:
    with registered(made := waiting(kind=kind, name="ask", skip_if=(call("is_over"),))):
        run = services.start(made.id)
        services.change_state(run, {"over": True})
        assert services.look_again(run).status == "succeeded"
        assert rows_of(run)[0] == ("ask", "skipped")


@pytest.mark.parametrize("skip", [{"skip_after": literal(3600)}, {"skip_if": (call("is_over"),)}])
def test_an_answer_or_a_message_in_time_is_taken_all_the_same(skip: dict[str, Any]) -> None:
    ada = User.objects.create(username="ada")
    with registered(made := waiting(kind=Kind.INPUT, name="ask", **skip)):
        run = services.start(made.id)
        services.provide_input(run, {"x": 1}, actor=ada)
        assert rows_of(run)[0] == ("ask", "succeeded")
    with registered(made := waiting(kind=Kind.RECEIVE, name="ask", **skip)):
        run = services.start(made.id)
        services.send_message("ask", data={"x": 1})
        Message.objects.update(due_at=timezone.now())
        Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
        run_due()
        assert rows_of(run)[0] == ("ask", "succeeded")
