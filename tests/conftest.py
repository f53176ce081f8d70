"""What every test may use."""

from __future__ import annotations

import pytest

from tests import WITHOUT_DATABASE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that depend on no database run once, however many databases there are."""
    for item in items:
        if set(WITHOUT_DATABASE) & set(item.path.parents):
            item.add_marker(pytest.mark.once)
