"""Deaths at random, several in each run; in full (`make storm`) ten thousand of them."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from django.contrib.auth.models import User

from example_app.factories import TodoFactory

from .deaths import lives
from .scenarios import SCENARIOS
from .world import new_world

pytestmark = pytest.mark.django_db(transaction=True)

DEATHS = 10_000 if os.environ.get("STORM") == "full" else 300
ODDS = (0.02, 0.05, 0.1, 0.2)
"""Of a death at each instant; by runs in turn."""


def test_no_number_of_deaths_loses_or_doubles_anything(settings: Any) -> None:
    settings.DJACTION_HOOKS = {}
    # However often the same step is cut off.
    settings.DJACTION_MAX_ATTEMPTS = 1_000_000
    alice = User.objects.create_user("alice")
    TodoFactory(owner=alice, list__owner=alice)
    dice, deaths, expected = random.Random(5), 0, {}  # noqa: S311 - a die, no secret
    turn = 0
    while deaths < DEATHS:
        scenario, odds = SCENARIOS[turn % len(SCENARIOS)], ODDS[turn % len(ODDS)]
        in_background = dice.random() < 0.7
        if scenario.name not in expected:
            with new_world(lives) as world:
                expected[scenario.name] = scenario.play(world)
        with new_world(lambda number, what: dice.random() < odds, in_background=in_background) as world:  # noqa: B023
            assert scenario.play(world) == expected[scenario.name], (scenario.name, world.reaper.deaths)
            deaths += len(world.reaper.deaths)
        turn += 1
    assert deaths >= DEATHS
