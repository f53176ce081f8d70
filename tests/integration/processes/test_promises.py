"""A death at every statement and every commit of every scenario, one after the other: what comes of it is the same.

In the suite each database has every third instant, the next one another third, so that together they have them all;
with STORM=full (`make storm`) each has every one.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from example_app.factories import TodoFactory
from tests.storm.deaths import lives
from tests.storm.scenarios import SCENARIOS
from tests.storm.world import Scenario, new_world

pytestmark = pytest.mark.django_db(transaction=True)

IS_FULL = os.environ.get("STORM") == "full"
THIRDS = {"sqlite": 0, "postgresql": 1, "mysql": 2}


def chosen(instants: int, *, in_background: bool) -> range:
    """The instants at which somebody dies here."""
    if IS_FULL:
        return range(instants)
    return range((THIRDS[connection.vendor] + in_background) % 3, instants, 3 if in_background else 6)


@pytest.fixture(autouse=True)
def project(settings: Any) -> None:
    settings.DJACTION_HOOKS = {}
    alice = User.objects.create_user("alice")
    TodoFactory(owner=alice, list__owner=alice, is_done=False)


@pytest.mark.parametrize("in_background", [True, False], ids=["worker", "inline"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_death_at_any_instant_changes_nothing(scenario: Scenario, in_background: bool) -> None:
    # The first time, definitions are written and statements are made.
    for _turn in range(2):
        with new_world(lives, in_background=in_background) as world:
            expected, instants = scenario.play(world), world.reaper.count
    assert instants > 0
    for instant in chosen(instants, in_background=in_background):
        with new_world(lambda number, what, at=instant: number == at, in_background=in_background) as world:
            assert scenario.play(world) == expected, world.reaper.deaths
            assert len(world.reaper.deaths) == 1
            assert scenario.limit is None or world.most_at_once <= scenario.limit
