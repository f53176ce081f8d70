"""Modifiers, and what repeats: B53-B56, B60-B66, B91 of what is expected."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from actions.processes import flow
from actions.processes.exceptions import AgainError
from actions.processes.executor import MOST_TAKES
from actions.processes.flow import this
from actions.processes.flow.models import AutomationModel
from actions.processes.models import Run
from actions.processes.registry import processes
from tests.automations import later, steps, where
from tests.processes import registered, run_due

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "node",
    [
        lambda: flow.Execute().AfterWaitingFor(timedelta(hours=2)),
        lambda: flow.Execute().AfterWaitingFor(lambda task: timedelta(hours=task.data["hours"])),
        lambda: flow.Execute().AfterWaitingFor(this.duration),
        lambda: flow.Execute().AfterWaitingFor("self.constant"),
        lambda: flow.Execute().AfterPausingFor(timedelta(hours=2)),
        lambda: flow.End().AfterWaitingFor(timedelta(hours=2)),
        lambda: flow.If(True).Then().AfterWaitingFor(timedelta(hours=2)),
    ],
)
def test_a_node_waits_for_a_time_from_when_it_was_reached(node: Any) -> None:
    class Waiting(flow.Automation):
        first = flow.Execute()
        wait = node()
        end = flow.End()
        constant = timedelta(hours=2)

        def duration(self, task: Any) -> timedelta:
            return timedelta(hours=self.data["hours"])

    automation = Waiting(hours=2)
    later(automation, hours=1, minutes=55)
    assert where(automation) == ["wait"]
    later(automation, minutes=10)
    assert automation.finished()


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2030, 1, 1, 12, tzinfo=UTC),
        lambda task: datetime(2030, 1, 1, 12, tzinfo=UTC),
        lambda task: datetime(2030, 1, 1, 7),  # noqa: DTZ001 - in the current time zone, five hours behind
        datetime(2030, 1, 1, 7),  # noqa: DTZ001
        this.moment,
    ],
)
def test_a_node_waits_until_a_moment_in_the_current_time_zone(moment: Any) -> None:
    given = moment

    class Until(flow.Automation):
        start = flow.Execute().AfterWaitingUntil(given)
        end = flow.End()

        def moment(self, task: Any) -> datetime:
            return datetime(2030, 1, 1, 12, tzinfo=UTC)

    with override_settings(TIME_ZONE="America/New_York"):
        Until()
        with time_machine.travel("2030-01-01T11:59Z", tick=False):
            run_due()
            assert Run.objects.get().node == "start"
        with time_machine.travel("2030-01-01T12:01Z", tick=False):
            run_due()
    assert Run.objects.get().status == "succeeded"


def test_conditions_have_all_to_hold_and_run_looks_at_them() -> None:
    class Conditions(flow.Automation):
        start = flow.Execute().AsSoonAs(this.one).AsSoonAs(lambda task: task.data.get("two")).AsSoonAs(True)
        end = flow.End()

        def one(self, task: Any) -> Any:
            return self.data.get("one")

    automation = Conditions()
    for key in ("one", "two"):
        assert where(automation) == ["start"]
        automation.data[key] = 1
        automation.run()
    assert automation.finished()


def test_each_way_waits_by_itself() -> None:
    class Ways(flow.Automation):
        start = flow.Split().Next(this.time).Next(this.condition)
        time = flow.Execute().AfterWaitingFor(timedelta(days=6)).Next(this.join)
        condition = flow.Execute(lambda task: "came true").AsSoonAs(lambda task: task.data.get("ready")).Next(this.join)
        join = flow.Join()
        end = flow.End()

    automation = Ways()
    automation.data["ready"] = True
    automation.save()
    later(automation, minutes=2)
    assert where(automation) == ["time"]
    assert ("condition", "OK") in steps(automation)
    later(automation, days=6)
    assert automation.finished()


@pytest.mark.parametrize(
    "skip",
    [
        lambda node: node.SkipIf(True).AfterWaitingFor(timedelta(days=1)),
        lambda node: node.SkipIf(False).SkipIf(this.unwanted).AsSoonAs(False),
        lambda node: node.SkipIf(lambda task: task.data["n"] == 1),
    ],
)
def test_a_node_is_skipped_before_it_waits(skip: Any) -> None:
    class Skips(flow.Automation):
        start = skip(flow.Execute(lambda task: task.data.update(done=True)))
        end = flow.End()

        def unwanted(self, task: Any) -> bool:
            return True

    automation = Skips(n=1)
    assert automation.finished()
    assert "done" not in automation.data
    assert steps(automation) == [("start", "skipped")]


def test_a_node_is_skipped_when_its_time_is_over() -> None:
    class Skips(flow.Automation):
        start = flow.Execute(lambda task: 1).AsSoonAs(False).SkipAfter(timedelta(hours=3))
        end = flow.End()

    automation = Skips()
    later(automation, hours=2)
    assert where(automation) == ["start"]
    later(automation, hours=2)
    assert steps(automation) == [("start", "skipped")]


@pytest.mark.parametrize("modifier", ["AsSoonAs", "AfterWaitingFor", "SkipAfter"])
def test_modifiers_work_on_a_join(modifier: str) -> None:
    value: Any = timedelta(hours=1) if modifier != "AsSoonAs" else this.ready

    class Joined(flow.Automation):
        start = flow.Split().Next(this.one).Next(this.two)
        one = flow.Execute().Next(this.join)
        two = flow.Execute().Next(this.join)
        join = getattr(flow.Join(), modifier)(value)
        end = flow.End()

        def ready(self, task: Any) -> bool:
            return bool(self.data.get("ready"))

    automation = Joined()
    if modifier == "SkipAfter":
        assert automation.finished()
        return
    assert where(automation) == ["join"]
    automation.data["ready"] = True
    automation.save()
    later(automation, hours=2)
    assert automation.finished()


@pytest.mark.parametrize(
    "node",
    [
        lambda: flow.Execute().AsSoonAs(this.fail),
        lambda: flow.Execute().SkipIf(this.fail),
        lambda: flow.Execute().AfterWaitingFor(this.fail),
        lambda: flow.Execute().AfterWaitingUntil(lambda task: "next week"),
        lambda: flow.Execute().AfterWaitingFor(lambda task: "a while"),
        lambda: flow.Execute().SkipAfter(lambda task: None),
        lambda: flow.If(this.fail).Then(),
    ],
)
def test_an_error_in_a_condition_stops_the_automation_with_the_error(node: Any) -> None:
    class Wrong(flow.Automation):
        start = node()
        end = flow.End()

        def fail(self, task: Any) -> None:
            raise KeyError("no such thing")

    healthy = Run.objects.filter(status="failed").count()
    automation = Wrong()
    assert automation.finished()
    assert automation.error is not None
    assert automation.error["node"] == "start"
    assert Run.objects.filter(status="failed").count() == healthy + 1


class TestRepeat:
    """What goes back, again and again."""

    def test_without_a_start_it_goes_to_the_first_node(self) -> None:
        class Hourly(flow.Automation):
            start = flow.Execute(lambda task: task.data.update(n=task.data.get("n", 0) + 1))
            again = flow.Repeat().EveryHour()

        automation = Hourly()
        with time_machine.travel(timezone.now(), tick=False) as clock:
            for expected in (2, 3, 4):
                clock.shift(timedelta(hours=1, seconds=1))
                run_due()
                automation.refresh()
                assert automation.data["n"] == expected
            clock.shift(timedelta(minutes=30))
            run_due()
        automation.refresh()
        assert automation.data["n"] == 4

    def test_two_at_once_have_each_its_own_pace(self) -> None:
        class Paces(flow.Automation):
            start = flow.Split().Next(this.minutes).Next(this.hours)
            minutes = flow.Execute(this.count)
            every_10 = flow.Repeat(this.minutes).EveryNMinutes(10)
            hours = flow.Execute(this.count)
            every_5 = flow.Repeat("self.hours").EveryHour(5)

            def count(self, task: Any) -> None:
                self.data[task.status] = self.data.get(task.status, 0) + 1

        with time_machine.travel("2030-01-01T00:00Z", tick=False) as clock:
            automation = Paces()
            for _turn in range(61):
                clock.shift(timedelta(minutes=10))
                run_due()
        automation.refresh()
        assert (automation.data["minutes"], automation.data["hours"]) == (62, 3)

    @pytest.mark.parametrize(
        ("started", "first", "second"),
        [
            ("2030-03-29T10:00+01:00", "2030-03-30T08:30+01:00", "2030-03-31T08:30+02:00"),
            ("2030-03-29T23:30+01:00", "2030-03-30T08:30+01:00", "2030-03-31T08:30+02:00"),
            ("2030-10-26T23:45+02:00", "2030-10-27T08:30+01:00", "2030-10-28T08:30+01:00"),
            ("2030-03-30T23:30+01:00", "2030-03-31T08:30+02:00", "2030-04-01T08:30+02:00"),
            ("2030-10-27T00:15+02:00", "2030-10-28T08:30+01:00", "2030-10-29T08:30+01:00"),
        ],
    )
    def test_a_time_of_day_is_that_of_the_clock_on_the_wall(self, started: str, first: str, second: str) -> None:
        class Daily(flow.Automation):
            start = flow.Execute(lambda task: task.data.update(n=task.data.get("n", 0) + 1))
            again = flow.Repeat().EveryDay().At(8, 30)

        with override_settings(TIME_ZONE="Europe/Berlin"), time_machine.travel(started, tick=False) as clock:
            automation = Daily()
            for turn, moment in enumerate((first, second), 1):
                due = Run.objects.get(pk=automation.id).due_at
                assert due == datetime.fromisoformat(moment)
                clock.move_to(datetime.fromisoformat(moment) + timedelta(seconds=1))
                run_due()
                automation.refresh()
                assert automation.data["n"] == turn + 1

    def test_a_late_turn_does_not_put_off_those_that_follow(self) -> None:
        class Tenth(flow.Automation):
            start = flow.Execute(lambda task: task.data.update(n=task.data.get("n", 0) + 1))
            again = flow.Repeat().EveryNMinutes(10)

        with time_machine.travel("2030-01-01T00:00Z", tick=False) as clock:
            automation = Tenth()
            clock.shift(timedelta(minutes=34))
            run_due()
            assert Run.objects.get(pk=automation.id).due_at == datetime(2030, 1, 1, 0, 40, tzinfo=UTC)


def test_what_is_due_is_done_whatever_is_broken_beside_it() -> None:
    class Broken(flow.Automation):
        start = flow.Execute(lambda task: 1 / 0).AfterWaitingFor(timedelta(hours=1))
        end = flow.End()

    class Gone(flow.Automation):
        start = flow.Execute().AfterWaitingFor(timedelta(hours=1))
        end = flow.End()

    class Healthy(flow.Automation):
        start = flow.Execute(lambda task: 5).AfterWaitingFor(timedelta(hours=1))
        end = flow.End()

    broken, gone, healthy = Broken(), Gone(), Healthy()
    from actions.processes.registry import processes

    processes.remove("gone")
    Run.objects.update(entered_at=timezone.now() - timedelta(hours=2), due_at=timezone.now())
    AutomationModel.run()
    assert healthy.finished()
    assert broken.error is not None
    assert "no process" in Run.objects.get(pk=gone.id).error["detail"]


@pytest.mark.parametrize("seconds", [-1, 0.0001])
def test_what_is_to_be_looked_at_all_the_time_is_looked_at_every_second(seconds: float) -> None:
    looks: list[int] = []

    class Hasty(flow.Automation):
        start = flow.Execute().AsSoonAs(lambda task: bool(looks.append(1)))
        end = flow.End()

    made = processes._processes["hasty"]
    start = made.graph.nodes["start"]
    hasty = replace(start, policy=replace(start.policy, poll_seconds=seconds))
    with registered(replace(made, graph=replace(made.graph, nodes={**made.graph.nodes, "start": hasty}))):
        automation = Hasty()
        due_at = Run.objects.get(pk=automation.id).due_at
        assert due_at > timezone.now() + timedelta(seconds=0.5)
        assert run_due() == 0
    assert looks == [1]


@pytest.mark.parametrize("command", [["automation_step"], ["actions_worker", "--once"]])
def test_a_turn_ends_also_where_a_step_wants_to_be_called_again_at_once_for_ever(command: list[str]) -> None:
    def wants_more(task: Any) -> None:
        calls.append(1)
        raise AgainError(timedelta(0))

    class Greedy(flow.Automation):
        start = flow.Execute(wants_more)
        end = flow.End()

    class Modest(flow.Automation):
        start = flow.Execute(lambda task: 5).AfterWaitingFor(timedelta(hours=1))
        end = flow.End()

    calls: list[int] = []
    greedy, modest = Greedy(), Modest()
    Run.objects.filter(pk=modest.id).update(entered_at=timezone.now() - timedelta(hours=2), due_at=timezone.now())
    call_command(*command)
    assert modest.finished()
    assert not greedy.finished()
    assert MOST_TAKES <= len(calls) <= MOST_TAKES + 2
    call_command(*command)
    assert len(calls) > MOST_TAKES + 2
    assert (greedy.row.status, greedy.row.attempts) == ("pending", 0)


@pytest.mark.django_db(transaction=True)
def test_two_that_step_at_once_do_nothing_twice() -> None:
    calls: list[int] = []

    class Once(flow.Automation):
        start = flow.Execute(lambda task: calls.append(task.data["n"])).AfterWaitingFor(timedelta(hours=1))
        end = flow.End()

    for number in range(8):
        Once(n=number)
    Run.objects.update(entered_at=timezone.now() - timedelta(hours=2), due_at=timezone.now())

    def step() -> None:
        try:
            AutomationModel.run()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=step) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(calls) == list(range(8))
    assert not Run.objects.unfinished().exists()
