"""What tests of automations may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.automations import only_here


@pytest.fixture(autouse=True)
def _only_here() -> Iterator[None]:
    """Automations that a test declares are gone when it is over."""
    with only_here():
        yield
