"""The pages of docs/examples say what the example project answers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

from actions.actions.action_registry import ACTIONS as EVENT_ACTIONS
from actions.registry import catalogue
from example_app.actions.action_registry import ACTIONS
from tests.acceptance.examples.pages import PAGES
from tests.acceptance.examples.parts import Page
from tests.acceptance.examples.rendering import Renderer, index

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
IS_UPDATE = os.environ.get("UPDATE_EXAMPLES") == "1"


@pytest.fixture
def clock() -> Iterator[Any]:
    """A time that stands still unless it is moved."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def demo(transactional_db: None, clock: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """The demonstration data as in a new database, and no action that is not the example's."""
    # A plan is signed with it, and it may come from the environment.
    settings.SECRET_KEY = "for the example only"
    monkeypatch.setattr(catalogue, "_registries", {ACTIONS, EVENT_ACTIONS})
    cache.clear()
    # Where commands write.
    monkeypatch.chdir(tmp_path)
    # Keys begin with 1 again.
    call_command("flush", interactive=False, verbosity=0)
    call_command("load_demo", verbosity=0)


def compare(name: str, text: str) -> None:
    """Compare a page with what it should be, or write it."""
    file = FOLDER / f"{name}.md"
    if IS_UPDATE and connection.vendor != "postgresql":
        file.write_text(text, encoding="utf-8")
    said = file.read_text(encoding="utf-8")
    if connection.vendor == "postgresql":
        # What was recorded comes back with its members in an order that is the database's own.
        said, text = words(said), words(text)
    hint = "UPDATE_EXAMPLES=1 python -m pytest tests/acceptance/test_examples.py writes it anew."
    assert said == text, hint


def words(text: str) -> str:
    """What it says, whatever the order."""
    return "\n".join(sorted(re.findall(r"[^\s,{}\[\]]+", text)))


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_what_is_answered(page: Page, demo: None, clock: Any) -> None:
    renderer = Renderer(lambda seconds: clock.shift(timedelta(seconds=seconds)))

    compare(page.name, renderer.render(page))


@pytest.mark.once
def test_the_index_leads_to_every_page() -> None:
    compare("README", index(PAGES))
    assert {file.stem for file in FOLDER.glob("*.md")} == {"README", *(page.name for page in PAGES)}
