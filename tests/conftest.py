"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

WITHOUT_DATABASE = {Path(__file__).parent / "unit", Path(__file__).parent / "contracts"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that depend on no database run once, however many databases there are."""
    for item in items:
        if WITHOUT_DATABASE & set(item.path.parents):
            item.add_marker(pytest.mark.once)
