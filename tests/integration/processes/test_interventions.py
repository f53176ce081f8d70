"""Somebody pauses, cancels, moves or takes over a run at every instant of a worker's work on it.

In the suite at every twelfth instant, of which each database has others; at all of them with STORM=full (`make storm`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from actions.processes import services
from actions.processes.exceptions import WrongStateError
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import OpenTask, ProcessState, Run
from actions.processes.states import RunKind
from example_app.factories import TodoFactory
from tests.processes import make_process, node, registered, run_due, task
from tests.storm.deaths import lives
from tests.storm.invariants import strandings
from tests.storm.scenarios import SCENARIOS
from tests.storm.stalls import BLOCKED_SECONDS, Meanwhile, go_on_without
from tests.storm.world import Scenario, World, new_world
from tests.threads import Call, Gate

from .test_promises import IS_FULL, chosen

pytestmark = pytest.mark.django_db(transaction=True)

ALONE = [each for each in SCENARIOS if each.name not in ("input", "messages", "early messages")]
"""Those in which nobody has to do anything after the start."""


@pytest.fixture(autouse=True)
def project(settings: Any) -> None:
    settings.DJACTION_HOOKS = {}
    alice = User.objects.create_user("alice")
    TodoFactory(owner=alice, list__owner=alice)


def undisturbed(scenario: Scenario) -> tuple[dict[str, Any], range]:
    """What comes of it otherwise, and the instants at which it is disturbed here."""
    for _turn in range(2):
        with new_world(lives) as world:
            expected, instants = scenario.play(world), world.reaper.count
    return expected, chosen(instants, in_background=False)[:: 1 if IS_FULL else 2]


def roots() -> list[Run]:
    return list(Run.objects.filter(kind=RunKind.ROOT.value, parent_id__isnull=True).order_by("pk"))


def each_root(do: Any) -> None:
    """Do something to all that was started; what is over meanwhile is left."""
    for run in roots():
        try:
            do(run)
        except WrongStateError:
            continue


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_who_stands_still_past_the_lease_changes_nothing(scenario: Scenario) -> None:
    expected, instants = undisturbed(scenario)
    for instant in instants:
        others = Meanwhile(instant, go_on_without)
        with new_world(others.strikes) as world:
            others.watch(world)
            assert scenario.play(world, then=others.join) == expected, instant


@pytest.mark.parametrize("scenario", ALONE, ids=lambda scenario: scenario.name)
def test_a_run_that_is_paused_and_resumed_comes_to_the_same_end(scenario: Scenario) -> None:
    expected, instants = undisturbed(scenario)
    for instant in instants:
        others = Meanwhile(instant, lambda world: each_root(services.pause))
        with new_world(others.strikes) as world:
            others.watch(world)

            def resume(world: World = world, others: Meanwhile = others) -> None:
                others.join()
                world.work()
                assert strandings() == [], instant  # noqa: B023
                each_root(lambda run: services.resume(run.pk))

            assert scenario.play(world, then=resume) == expected, instant


@pytest.mark.parametrize("scenario", ALONE, ids=lambda scenario: scenario.name)
def test_a_run_that_is_cancelled_leaves_nothing_under_way(scenario: Scenario) -> None:
    _expected, instants = undisturbed(scenario)
    for instant in instants:
        others = Meanwhile(instant, lambda world: each_root(services.cancel))
        with new_world(others.strikes) as world:
            others.watch(world)
            scenario.play(world, then=others.join)
            assert not Run.objects.unfinished().exists(), instant  # type: ignore[attr-defined]
            assert not OpenTask.objects.exists()
            assert not ProcessState.objects.exclude(running=0).exists()


@pytest.mark.parametrize("scenario", ALONE, ids=lambda scenario: scenario.name)
def test_a_run_that_is_moved_to_the_definition_that_it_has_comes_to_the_same_end(scenario: Scenario) -> None:
    expected, instants = undisturbed(scenario)
    for instant in instants:
        others = Meanwhile(instant, lambda world: each_root(services.move))
        with new_world(others.strikes) as world:
            others.watch(world)
            assert scenario.play(world, then=others.join) == expected, instant


@pytest.mark.parametrize("moment", range(8))
@pytest.mark.parametrize("operation", ["pause", "resume"])
def test_a_step_that_ends_while_its_run_is_paused_or_resumed_is_not_forgotten(operation: str, moment: int) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("It has one writer at a time.")
    gate = Gate()
    process = make_process(
        node("split", Kind.SPLIT, Edge("a", "one"), Edge("b", "two"), join="join"),
        task("a", "a2", mode=Mode.EXTERNAL),
        task("a2", "join"),
        task("b", "join"),
        node("join", Kind.JOIN),
        bodies={"a": lambda context: gate(), "a2": lambda context: None, "b": lambda context: None},
    )
    with registered(process):
        run = services.start("made", in_background=True)
        working = Call(run_due)
        gate.wait()
        if operation == "resume":
            services.pause(run)

        def end_the_step(world: World) -> None:
            gate.open()
            working._thread.join(BLOCKED_SECONDS)

        others = Meanwhile(moment, end_the_step)
        with new_world(others.strikes) as world:
            others.watch(world)
            # It may have ended just before it was to be paused.
            with world.reaper.at_work(), suppress(WrongStateError):
                getattr(services, operation)(run.pk)
            others.join()
            gate.open()
            assert not isinstance(working.answer(), BaseException), working.answer()
            assert strandings() == []
            with suppress(WrongStateError):
                services.resume(run.pk)
            run_due()
            run.refresh_from_db()
            assert (run.status, strandings()) == ("succeeded", [])
