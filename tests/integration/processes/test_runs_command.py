"""`manage.py runs` does what the services do, and says what went wrong."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from actions.processes import services
from actions.processes.graph import Kind
from tests.processes import make_process, node, registered, task

pytestmark = pytest.mark.django_db
WAITS = make_process(node("ask", Kind.INPUT, "b"), task("b"), bodies={"b": lambda context: 1}, name="waits")
RENAMED = make_process(node("question", Kind.INPUT, "b"), task("b"), bodies={"b": lambda context: 1}, name="waits")


def said(*args: Any, **options: Any) -> str:
    out = StringIO()
    call_command("runs", *args, stdout=out, **options)
    return out.getvalue().strip()


def test_a_run_is_paused_resumed_and_cancelled() -> None:
    with registered(WAITS):
        run = services.start("waits")
        assert said("pause", str(run.pk)) == f"Run {run.pk} of waits is waiting, waits for input."
        assert said("resume", str(run.pk)) == f"Run {run.pk} of waits is waiting, waits for input."
        assert said("cancel", str(run.pk)) == f"Run {run.pk} of waits is cancelled."
        with pytest.raises(CommandError, match="is cancelled"):
            said("retry", str(run.pk))
        with pytest.raises(CommandError, match="no run 9999"):
            said("pause", "9999")


def test_runs_that_cannot_go_on_are_shown_and_moved() -> None:
    with registered(WAITS):
        assert said("stranded") == "All unfinished runs can go on."
        run = services.start("waits")
    with registered(RENAMED):
        with pytest.raises(CommandError, match="1 run cannot go on"):
            said("stranded")
        with pytest.raises(CommandError, match="Expected was OLD=NEW"):
            said("move", str(run.pk), "ask")
        assert said("move", str(run.pk), "ask=question") == f"Run {run.pk} of waits is waiting, waits for input."
        assert said("stranded") == "All unfinished runs can go on."
