"""What is named sensitive stands in no row that is kept for people, and the run has it as long as it needs it."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from actions.processes import services
from actions.processes.archive import archive_runs
from actions.processes.expressions import path, text
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import ArchivedRun, ArchivedSteps, Run, StepRun
from actions.processes.policies import Policy
from actions.processes.process import Process
from tests.processes import make_process, node, registered, rows_of, run_due, task

pytestmark = pytest.mark.django_db

SECRET = "hunter2-secret"
BY_NAME = {"iban": SECRET}


def kept(run: Run) -> str:
    """All that its steps' rows say."""
    rows = StepRun.objects.filter(root_id=run.pk)
    return str([(each.input, each.result, each.log, each.error) for each in rows])


def log(context: Any, **_arguments: Any) -> None:
    context.log(f"It is {SECRET}.")
    logging.getLogger("project").warning("Indeed %s", SECRET)


def fail(context: Any, **_arguments: Any) -> None:
    log(context)
    raise ValueError(f"{SECRET} is wrong")


def process(*nodes: Any, **bodies: Callable[..., Any]) -> Process:
    return make_process(*nodes, bodies=bodies, sensitive=("iban",))


QUOTED = {"value": text("It is {{ payload.iban }}.")}
FROM_STATE = {"value": text("It is {{ state.account.iban }}.")}


@pytest.mark.parametrize("mode", [Mode.PURE, Mode.LOCAL, None, Mode.EXTERNAL])
@pytest.mark.parametrize("body", [log, fail, lambda context, **_: SECRET, lambda context, **given: {"a": [SECRET]}])
def test_rows_of_steps_quote_no_secrets_of_the_payload(mode: Mode | None, body: Any) -> None:
    with registered(process(task("one", args=QUOTED, mode=mode, policy=Policy(ignore_errors=True)), one=body)):
        run = services.start("made", BY_NAME)
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert rows_of(run)
    assert SECRET not in kept(run)
    assert run.payload == BY_NAME


@pytest.mark.parametrize("mode", [Mode.PURE, None])
@pytest.mark.parametrize("waits", [False, True])
def test_nor_of_what_a_step_has_registered(mode: Mode | None, waits: bool) -> None:
    policy = Policy(in_background=waits)
    seen: list[Any] = []
    made = process(
        task("one", "two", register="account", mode=mode),
        task("two", args=FROM_STATE, register="said", mode=mode, policy=policy),
        one=lambda context: BY_NAME,
        two=lambda context, value: [log(context), seen.append(value), value][2],
    )
    with registered(made):
        run = services.start("made")
        run_due()
    run.refresh_from_db()
    assert (run.status, run.state["account"], seen) == ("succeeded", BY_NAME, [f"It is {SECRET}."])
    assert SECRET not in kept(run)


def test_nor_of_what_another_step_is_given_by_that_name() -> None:
    made = process(
        node("each", Kind.EACH, Edge("one", "body"), target=path("payload.all"), join="join"),
        task("one", "join", args={"iban": path("item")}),
        node("join", Kind.JOIN),
        one=lambda context, iban: [log(context), f"It is {iban}."][1],
    )
    with registered(made):
        run = services.start("made", {"all": [SECRET]})
    assert SECRET not in kept(run)


def test_nor_of_the_result_of_another_process_and_what_is_received(
    django_capture_on_commit_callbacks: Any,
) -> None:
    inner = make_process(
        node("end", Kind.END, args={"result": text("It is {{ payload.value }}.")}), name="inner", sensitive=("iban",)
    )
    made = process(
        node("call", Kind.PROCESS, "wait", run="inner", args={"value": path("payload.iban")}, register="said"),
        node("wait", Kind.RECEIVE, "end", run="paid"),
        node("end", Kind.END),
    )
    with registered(inner, made):
        run = services.start("made", BY_NAME)
        services.receive(run, "told", log, said=f"It is {SECRET}.")
        with django_capture_on_commit_callbacks(execute=True):
            services.send_message("paid", data={"text": f"It is {SECRET}."})
    run.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"said": f"It is {SECRET}."})
    assert SECRET not in kept(run)


@pytest.mark.parametrize("destination", ["table", "files"])
def test_an_archived_run_has_no_secrets(settings: Any, tmp_path: Path, destination: str) -> None:
    settings.DJACTION_ARCHIVE = destination
    settings.DJACTION_ARCHIVE_STORAGE = "archive" if destination == "files" else None
    settings.STORAGES = {
        **settings.STORAGES,
        "archive": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }
    made = process(
        node("each", Kind.EACH, Edge("one", "body"), target=path("payload.accounts"), join="join"),
        task("one", "join", args={"account": path("item")}, register="said"),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END, args={"result": path("state.said")}),
        one=lambda context, account: f"It is {account['iban']}.",
    )
    with registered(made):
        run = services.start("made", {"accounts": [BY_NAME]})
        run.refresh_from_db()
        assert run.result == f"It is {SECRET}."
        assert archive_runs(now=timezone.now() + timedelta(days=3)) == 1
    if destination == "table":
        archived = str([ArchivedRun.objects.get().document, ArchivedSteps.objects.get().steps])
    else:
        [file] = tmp_path.rglob("*.gz")
        archived = gzip.decompress(file.read_bytes()).decode()
    assert "accounts" in archived
    assert SECRET not in archived


def test_an_empty_result_is_kept_as_it_is() -> None:
    with registered(process(task("one", "two"), task("two"), one=lambda context: "", two=lambda context: [])):
        run = services.start("made", BY_NAME)
    assert list(StepRun.objects.filter(root_id=run.pk).order_by("pk").values_list("result", flat=True)) == ["", []]
