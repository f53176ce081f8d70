"""`manage.py archive_actions`."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from actions.models import EventAction
from tests.records import make_events

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    """What the command prints."""
    output = StringIO()
    call_command("archive_actions", *arguments, stdout=output)
    return output.getvalue()


def test_it_says_how_many_records_went_where(settings: Any) -> None:
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 2
    make_events(3)
    assert run() == "default: 3 records archived in 2 batches, to the table of archived events\n"
    assert run() == "default: 0 records archived in 0 batches, to the table of archived events\n"


def test_it_says_when_records_are_gone_for_good(settings: Any) -> None:
    settings.DJACTION_ARCHIVE = "nowhere"
    make_events(1)
    assert run() == "default: 1 record archived in 1 batch, nowhere: they are removed\n"


def test_a_dry_run_only_counts() -> None:
    make_events(3)
    assert run("--dry-run") == "default: 3 records would be archived\n"
    assert EventAction.objects.count() == 3


@pytest.mark.parametrize(("minutes", "left"), [("30", 0), ("90", 1)])
def test_older_than_takes_minutes(minutes: str, left: int) -> None:
    make_events(1, age=timedelta(hours=1))
    run("--older-than", minutes)
    assert EventAction.objects.count() == left


def test_older_than_takes_a_date_which_begins_at_midnight_in_the_project_s_time_zone(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    make_events(1, created_at=today - timedelta(seconds=1))
    make_events(1, created_at=today)
    run("--older-than", today.date().isoformat())
    assert EventAction.objects.get().created_at == today


def test_older_than_takes_a_date_and_time() -> None:
    moment = timezone.now() - timedelta(hours=1)
    make_events(1, age=timedelta(hours=2))
    make_events(1, age=timedelta(minutes=30))
    run("--older-than", moment.isoformat())
    assert EventAction.objects.count() == 1


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "-5", "", "٣"])
def test_older_than_says_what_it_understands(text: str) -> None:
    with pytest.raises(CommandError, match=r"minutes, a date .*2026-11-30"):
        run(f"--older-than={text}")


def test_minutes_beyond_the_calendar_take_nothing() -> None:
    make_events(1)
    assert "0 records" in run("--older-than", "9" * 30)


def test_an_unknown_database_is_named() -> None:
    with pytest.raises(CommandError, match=r'"attic".*default, other'):
        run("--database", "attic")
