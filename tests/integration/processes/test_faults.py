"""What has once gone wrong in the engine, or was close to it: one test for each."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from actions.processes import services
from actions.processes.executor.keeper import keeper
from actions.processes.expressions import literal, path
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import Message, OpenTask, ProcessState, Run, StepRun
from actions.processes.policies import Policy, Retry
from actions.processes.states import UNFINISHED
from actions.processes.store import Scope, Track, claim, messages, renew
from actions.processes.worker import deliver_next_message
from tests.processes import make_due, make_process, node, registered, rows_of, run_due, task
from tests.storm.deaths import Death
from tests.threads import Call, Gate

pytestmark = pytest.mark.django_db


def nothing(context: Any, **arguments: Any) -> None:
    """A body."""


def boom(context: Any, **arguments: Any) -> None:
    raise ValueError("no")


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_an_input_that_came_too_late_is_in_nobody_s_list_any_more() -> None:
    process = make_process(
        node("ask", Kind.INPUT, "end", policy=Policy(timeout_seconds=60, on_error="ask_again")),
        node("ask_again", Kind.INPUT, "end"),
        node("end", Kind.END),
    )
    with registered(process):
        run = services.start("made")
        Run.objects.update(entered_at=timezone.now() - timedelta(minutes=2))
        make_due(run)
        run_due()
    run.refresh_from_db()
    assert (run.status, run.node, run.waiting_for) == ("waiting", "ask_again", "input")
    assert list(OpenTask.objects.values_list("node", flat=True)) == ["ask_again"]


def test_a_run_that_fails_for_want_of_an_answer_asks_nobody() -> None:
    with registered(make_process(node("ask", Kind.INPUT, policy=Policy(timeout_seconds=60)))):
        run = services.start("made")
        Run.objects.update(entered_at=timezone.now() - timedelta(minutes=2))
        make_due(run)
        run_due()
    run.refresh_from_db()
    assert run.status == "failed"
    assert not OpenTask.objects.exists()


def test_a_run_that_is_cancelled_and_taken_back_asks_nobody() -> None:
    process = make_process(
        task("a", "ask", policy=Policy(compensate="back")),
        node("ask", Kind.INPUT),
        bodies={"a": nothing, "back": nothing},
        compensates=True,
    )
    with registered(process):
        run = services.cancel(services.start("made"))
        run_due()
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert not OpenTask.objects.exists()


def test_an_input_can_be_answered_after_its_node_has_got_another_name(django_user_model: Any) -> None:
    ada = django_user_model.objects.create_user("ada")
    with registered(make_process(node("ask", Kind.INPUT, "end", register="x"), node("end", Kind.END))):
        run = services.start("made")
    with registered(make_process(node("question", Kind.INPUT, "end", register="x"), node("end", Kind.END))):
        run = services.move(run, {"ask": "question"})
        assert (run.waiting_for, run.node) == ("input", "question")
        run = services.provide_input(run, {"yes": True}, actor=ada)
    assert (run.status, run.state) == ("succeeded", {"x": {"yes": True}})


# --- definitions that were gone for a while ---------------------------------------------------------------------------


def test_a_split_whose_node_was_gone_for_a_while_goes_on_with_its_branches() -> None:
    def make(split: str) -> Any:
        return make_process(
            node(split, Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="join"),
            task("a", "join", policy=Policy(wait_for=literal(60))),
            task("b", "join"),
            node("join", Kind.JOIN, "end"),
            node("end", Kind.END),
            bodies={"a": nothing, "b": nothing},
        )

    with registered(make("split")):
        run = services.start("made")
    branch = Run.objects.get(parent_id=run.pk, node="a")
    with registered(make("other")):
        Run.objects.filter(pk=branch.pk).update(entered_at=timezone.now() - timedelta(minutes=2))
        make_due(branch)
        run_due()
    run.refresh_from_db()
    assert run.waits_for == "definition"
    with registered(make("split")):
        services.resume(run)
        run_due()
    run.refresh_from_db()
    assert (run.status, run.error) == ("succeeded", None)
    assert sorted(rows_of(run)) == [("a", "succeeded"), ("b", "succeeded"), ("split", "succeeded")]


def test_an_input_whose_node_was_gone_for_a_while_is_still_asked_for(django_user_model: Any) -> None:
    ada = django_user_model.objects.create_user("ada")
    process = make_process(node("ask", Kind.INPUT, "end", policy=Policy(timeout_seconds=3600)), node("end", Kind.END))
    with registered(process):
        run = services.start("made")
    with registered(make_process(node("end", Kind.END))):
        make_due(run)
        run_due()
    run.refresh_from_db()
    assert run.waits_for == "definition"
    with registered(process):
        run = services.resume(run)
        assert (run.status, run.waiting_for, run.error) == ("waiting", "input", None)
        run = services.provide_input(run, {}, actor=ada)
    assert run.status == "succeeded"


def test_a_process_that_is_waited_for_is_not_begun_again_after_its_caller_s_node_was_gone() -> None:
    inner = make_process(node("ask", Kind.INPUT, "end"), node("end", Kind.END), name="inner")
    call = node("call", Kind.PROCESS, "end", run="inner", policy=Policy(timeout_seconds=3600))
    outer = make_process(call, node("end", Kind.END))
    with registered(inner, outer):
        run = services.start("made")
        with registered(make_process(node("end", Kind.END))):
            make_due(run)
            run_due()
        run.refresh_from_db()
        assert run.waits_for == "definition"
        run = services.resume(run)
        assert (run.status, run.waiting_for, run.error) == ("waiting", "process", None)
    assert Run.objects.filter(process="inner").count() == 1


# --- pauses, limits ---------------------------------------------------------------------------------------------------


def test_items_whose_turn_comes_while_the_run_is_paused_go_on_when_it_is_resumed() -> None:
    def pause_first(context: Any, item: int) -> None:
        if item == 1:
            services.pause(context.run_id)

    process = make_process(
        node("each", Kind.EACH, Edge("one", "body"), target=literal([1, 2, 3]), join="join", at_once=1),
        task("one", "join", args={"item": path("item")}),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END),
        bodies={"one": pause_first},
    )
    with registered(process):
        run = services.start("made")
        assert run.paused_at is not None
        services.resume(run)
        run_due()
    run.refresh_from_db()
    assert run.status == "succeeded"


def _limited(*nodes: Any, **options: Any) -> Any:
    return make_process(*nodes, max_running=1, name="limited", **options)


def test_a_process_that_is_cancelled_with_its_caller_gives_its_slot_back() -> None:
    limited = _limited(node("ask", Kind.INPUT))
    with registered(limited, make_process(node("call", Kind.PROCESS, run="limited"))):
        outer = services.start("made")
        waiting = services.start("limited")
        assert waiting.waiting_for == "limit"
        services.cancel(outer)
        run_due()
    waiting.refresh_from_db()
    assert waiting.waiting_for == "input"


def test_a_process_that_is_ended_with_its_branch_gives_its_slot_back() -> None:
    limited = _limited(node("ask", Kind.INPUT))
    outer = make_process(
        node("split", Kind.SPLIT, Edge("call", "one"), Edge("b", "two"), join="join"),
        node("call", Kind.PROCESS, "join", run="limited"),
        task("b", "join", policy=Policy(wait_for=literal(60))),
        node("join", Kind.JOIN),
        bodies={"b": boom},
    )
    with registered(limited, outer):
        services.start("made")
        waiting = services.start("limited")
        assert waiting.waiting_for == "limit"
        Run.objects.filter(node="b").update(entered_at=timezone.now() - timedelta(minutes=2), due_at=timezone.now())
        run_due()
    waiting.refresh_from_db()
    assert waiting.waiting_for == "input"


def test_a_run_that_is_tried_again_keeps_to_the_limit() -> None:
    fails = {"once": True}

    def once(context: Any) -> None:
        if fails.pop("once", False):
            raise ValueError("no")

    with registered(
        _limited(task("a", "ask"), node("ask", Kind.INPUT, "end"), node("end", Kind.END), bodies={"a": once})
    ):
        first = services.start("limited")
        assert first.status == "failed"
        second = services.start("limited")
        assert second.waiting_for == "input"
        services.retry(first)
        run_due()
        first.refresh_from_db()
        assert first.waiting_for == "limit"
        services.cancel(second)
        run_due()
        first.refresh_from_db()
        assert first.waiting_for == "input"
        services.cancel(first)
    assert ProcessState.objects.get(process="limited").running == 0


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_run_that_is_tried_again_in_a_branch_waits_for_its_turn(is_paused: bool) -> None:
    tried: list[int] = []

    def fail_once(context: Any) -> None:
        tried.append(context.payload["n"])
        if len(tried) == 1:
            raise ValueError("no")

    process = _limited(
        node("split", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="join"),
        task("a", "join"),
        task("b", "join"),
        node("join", Kind.JOIN, "ask"),
        node("ask", Kind.INPUT, "end"),
        node("end", Kind.END),
        bodies={"a": fail_once, "b": lambda context: None},
    )
    with registered(process):
        first = services.start("limited", {"n": 1})
        run_due()
        first.refresh_from_db()
        assert first.status == "failed"
        second = services.start("limited", {"n": 2})
        services.retry(first)
        if is_paused:
            services.pause(first)
        run_due()
        first.refresh_from_db()
        assert (first.waiting_for, tried) == ("limit", [1, 2])
        services.cancel(second)
        run_due()
        if is_paused:
            assert tried == [1, 2]
            services.resume(first)
            run_due()
        first.refresh_from_db()
        assert (first.waiting_for, tried) == ("input", [1, 2, 1])
        services.cancel(first)
    assert ProcessState.objects.get(process="limited").running == 0


def test_items_that_are_tried_again_are_still_only_so_many_at_once() -> None:
    process = make_process(
        node("each", Kind.EACH, Edge("one", "body"), target=literal([1, 2, 3]), join="join", at_once=1),
        task("one", "ask", args={"item": path("item")}),
        node("ask", Kind.INPUT, "join"),
        node("join", Kind.JOIN),
        bodies={"one": boom},
    )
    with registered(process):
        run = services.start("made")
        run.refresh_from_db()
        assert run.status == "failed"
    process.bodies["one"] = lambda context, arguments: None  # type: ignore[index]
    with registered(process):
        services.retry(run)
        run_due()
    assert OpenTask.objects.count() == 1


# --- state of branches ------------------------------------------------------------------------------------------------


def test_a_branch_sees_what_it_has_registered_itself_though_another_one_is_written_meanwhile() -> None:
    def write(context: Any) -> None:
        context.state["other"] = 1

    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="join"),
        task("a", "join"),
        task("b", "b2", mode=Mode.PURE, register="mine"),
        task("b2", "join", register="got"),
        node("join", Kind.JOIN),
        bodies={"a": write, "b": lambda context: 7, "b2": lambda context: context.state.get("mine")},
    )
    with registered(process):
        run = services.start("made")
    run.refresh_from_db()
    assert run.state == {"other": 1, "mine": 7, "got": 7}


# --- leases -----------------------------------------------------------------------------------------------------------


def test_a_lease_is_not_renewed_of_a_run_that_waits_for_its_time() -> None:
    with registered(make_process(task("a", policy=Policy(wait_for=literal(5))), bodies={"a": nothing})):
        run = services.start("made")
    before = run.due_at
    renew([(run.pk, run.fence)], "default")
    run.refresh_from_db()
    assert run.due_at == before


def test_a_lease_is_renewed_of_who_has_the_run_and_of_nobody_else() -> None:
    with registered(make_process(task("a"), bodies={"a": nothing})):
        run = services.start("made", in_background=True)
        claim("default")
    Run.objects.update(due_at=timezone.now())
    run.refresh_from_db()
    before = run.due_at
    renew([(run.pk, run.fence - 1)], "default")
    run.refresh_from_db()
    assert run.due_at == before
    renew([(run.pk, run.fence)], "default")
    run.refresh_from_db()
    assert run.due_at > before


@pytest.mark.django_db(transaction=True)
def test_whoever_has_lost_a_run_does_not_end_the_renewal_of_who_has_it_now() -> None:
    with registered(make_process(node("ask", Kind.INPUT))):
        run = services.start("made")
    old, new = Track(run, Scope(run, "default")), Track(run, Scope(run, "default"))
    keeper.hold([old], "default")
    keeper.hold([new], "default")
    try:
        keeper.let_go([old], "default")
        assert ("default", run.pk) in keeper._held
    finally:
        keeper.let_go([new], "default")
    assert ("default", run.pk) not in keeper._held


# --- connections that are lost ----------------------------------------------------------------------------------------


class LostReply:
    """Commits, and then the connection is lost before the database has answered that it has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        wrapper = type(connections["default"])
        self._commit = wrapper._commit
        monkeypatch.setattr(wrapper, "_commit", lambda each: self.commit(each))  # noqa: PLW0108 - it is bound

    def commit(self, wrapper: Any) -> None:
        self._commit(wrapper)
        if self.left:
            self.left -= 1
            wrapper.connection.close()
            raise OperationalError("server closed the connection unexpectedly")


def end_by_others(run: Run) -> None:
    """Have leases lapse, and the run taken as far as it goes."""
    Run.objects.filter(status__in=UNFINISHED, due_at__isnull=False).update(due_at=timezone.now())
    run_due()
    run.refresh_from_db()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", [None, Mode.LOCAL])
@pytest.mark.parametrize("policy", [Policy(), Policy(retry=Retry(delay_seconds=0))])
def test_a_step_whose_commit_is_not_answered_is_done_once(
    mode: Mode | None, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = LostReply(monkeypatch)

    def write(context: Any) -> None:
        User.objects.create(username=f"ada{User.objects.count()}")
        lost.left = 0 if User.objects.count() > 1 else 1

    process = make_process(task("a", "b", mode=mode, policy=policy), task("b"), bodies={"a": write, "b": nothing})
    with registered(process):
        run = services.start("made", in_background=True)
        try:
            run_due()
        except OperationalError:
            connection.close()
        end_by_others(run)
    assert (run.status, User.objects.count()) == ("succeeded", 1)
    assert rows_of(run) == [("a", "succeeded"), ("b", "succeeded")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", [None, Mode.LOCAL, Mode.EXTERNAL])
def test_a_step_in_which_the_connection_is_lost_is_done_again_and_does_not_fail(mode: Mode | None) -> None:
    seen: list[str] = []

    def lose(context: Any) -> None:
        seen.append(context.idempotency_key)
        User.objects.count()
        if len(seen) == 1:
            connection.connection.close()
            User.objects.count()

    with registered(make_process(task("a", mode=mode), bodies={"a": lose})):
        run = services.start("made", in_background=True)
        try:
            run_due()
        except Exception:  # noqa: BLE001 - that it is raised is well: the run is somebody else's then
            connection.close()
        end_by_others(run)
    assert (run.status, run.error) == ("succeeded", None)
    assert len(set(seen)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", [None, Mode.LOCAL])
@pytest.mark.parametrize("policy", [Policy(), Policy(retry=Retry(delay_seconds=0))])
def test_a_step_after_whose_commit_something_goes_wrong_is_done_once(mode: Mode | None, policy: Policy) -> None:
    def write(context: Any) -> None:
        User.objects.create(username=f"ada{User.objects.count()}")
        transaction.on_commit(boom_afterwards)

    def boom_afterwards() -> None:
        raise ValueError("after the commit")

    process = make_process(task("a", "b", mode=mode, policy=policy), task("b"), bodies={"a": write, "b": nothing})
    with registered(process):
        run = services.start("made", in_background=True)
        run_due()
        end_by_others(run)
    assert (run.status, User.objects.count()) == ("succeeded", 1)
    assert rows_of(run) == [("a", "succeeded"), ("b", "succeeded")]


# --- two at the same time ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="It has one writer at a time.")
def test_a_run_that_is_cancelled_while_its_turn_comes_stays_cancelled() -> None:
    limited = _limited(node("ask", Kind.INPUT, "end"), node("end", Kind.END))
    with registered(limited):
        first, second, third = (services.start("limited") for _ in range(3))
        gate = Gate()

        def cancel_slowly() -> None:
            with transaction.atomic():
                services.cancel(second)
                gate()

        cancelling = Call(cancel_slowly)
        gate.wait()
        ending = Call(lambda: services.cancel(first))
        with mock.patch("time.sleep"):
            ending._thread.join(0.5)
        gate.open()
        for call in (cancelling, ending):
            assert not isinstance(call.answer(), BaseException), call.answer()
        run_due()
    second.refresh_from_db()
    third.refresh_from_db()
    assert second.status == "cancelled"
    assert third.waiting_for == "input"


def test_a_step_run_names_no_step_twice() -> None:
    """What the tests here lean on: a number of a run has one row that has succeeded."""
    with registered(make_process(task("a", "b"), task("b"), bodies={"a": nothing, "b": nothing})):
        run = services.start("made")
    assert list(StepRun.objects.filter(run_id=run.pk).order_by("id").values_list("number", flat=True)) == [0, 1]


# --- deaths -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_run_that_kills_its_workers_takes_no_other_one_with_it(settings: Any) -> None:
    settings.DJACTION_MAX_ATTEMPTS = 3

    def deadly(context: Any) -> None:
        if context.payload.get("kills"):
            raise Death("again")

    with registered(make_process(task("a", "b", mode=Mode.EXTERNAL), task("b"), bodies={"a": deadly, "b": nothing})):
        deadly_run = services.start("made", {"kills": True}, in_background=True)
        others = [services.start("made", in_background=True) for _ in range(5)]
        for _turn in range(30):
            try:
                run_due()
            except Death:
                Run.objects.filter(status="running").update(due_at=timezone.now())
    deadly_run.refresh_from_db()
    assert deadly_run.status == "failed"
    assert deadly_run.error is not None
    assert "cut off" in deadly_run.error["detail"]
    assert {Run.objects.get(pk=run.pk).status for run in others} == {"succeeded"}


@pytest.mark.django_db(transaction=True)
def test_what_was_done_before_a_step_that_acts_outside_is_not_done_again_after_its_death() -> None:
    done: list[str] = []

    def deadly(context: Any) -> None:
        done.append("b")
        if done.count("b") == 1:
            raise Death("once")

    process = make_process(
        task("a", "b", mode=Mode.PURE),
        task("b", mode=Mode.EXTERNAL),
        bodies={"a": lambda context: done.append("a"), "b": deadly},
    )
    with registered(process):
        run = services.start("made", in_background=True)
        with pytest.raises(Death):
            run_due()
        end_by_others(run)
    assert (run.status, done) == ("succeeded", ["a", "b", "b"])


def test_slow_steps_that_share_a_commit_are_written_from_time_to_time() -> None:
    written: list[int] = []

    def slow(context: Any) -> None:
        time.sleep(0.3)
        written.append(StepRun.objects.count())

    names = "abcd"
    nodes = [task(each, (names + " ")[place + 1].strip(), mode=Mode.PURE) for place, each in enumerate(names)]
    with registered(make_process(*nodes, bodies=dict.fromkeys(names, slow))):
        services.start("made")
    assert written[-1] > 0


# --- messages ---------------------------------------------------------------------------------------------------------


def listener() -> Any:
    return make_process(node("listen", Kind.RECEIVE, "end", run="paid", register="n"), node("end", Kind.END))


def test_a_message_is_not_kept_for_a_run_that_has_taken_another_one() -> None:
    with registered(listener()):
        first = services.start("made")
        older, newer = (messages.new_message("paid", data=number) for number in (1, 2))
        for message in (older, newer):
            messages.post(message, "default")
        # Whoever has sent the older one died before it was handed out.
        messages.hand_out(Message.objects.get(uid=newer.uid), "default")
        run_due()
        second = services.start("made")
        while deliver_next_message("default") or run_due():
            pass
    for run in (first, second):
        run.refresh_from_db()
    assert [first.status, second.status] == ["succeeded", "succeeded"]
    assert sorted([first.state["n"], second.state["n"]]) == [1, 2]


def test_a_message_is_not_kept_for_a_run_that_was_cancelled_before_it_took_it() -> None:
    with registered(listener()):
        first = services.start("made")
        message = messages.new_message("paid", data=1)
        messages.post(message, "default")
        messages.hand_out(Message.objects.get(uid=message.uid), "default")
        services.cancel(first)
        second = services.start("made")
        while deliver_next_message("default") or run_due():
            pass
    second.refresh_from_db()
    assert (second.status, second.state) == ("succeeded", {"n": 1})
