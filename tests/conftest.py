"""What every test may use."""

from __future__ import annotations

import gc
from collections.abc import Generator

import hypothesis
import pytest
from django.urls import get_resolver

from tests import FUZZ_TIMES, WITHOUT_DATABASE

# Others in each run: what one misses, the next may find.
hypothesis.settings.register_profile("usual", max_examples=30 * FUZZ_TIMES)
hypothesis.settings.load_profile("usual")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that depend on no database run once, however many databases there are."""
    for item in items:
        if set(WITHOUT_DATABASE) & set(item.path.parents):
            item.add_marker(pytest.mark.once)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have Python look for cycles seldom, and never among the ten thousand tests: a fifth of the time went there."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _addresses() -> None:
    """Have the addresses be those of the processes that there are at the beginning, and not of a test's own."""
    get_resolver().url_patterns  # noqa: B018 - it is read to be made
