"""Dashboard, history, errors: numbers by process, and what one run has done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.payloads import SchemaPayload
from actions.processes import services
from actions.processes.expressions import path
from actions.processes.graph import BODY, Edge, Kind
from actions.processes.models import Run, StepRun
from actions.processes.pages import Dashboard
from actions.processes.policies import Policy, Retry
from actions.processes.registry import processes
from tests.processes import make_process, node, registered, run_due, task

from .asking import ANSWER, asking, fresh, group, member

pytestmark = pytest.mark.django_db


def fail(context: Any) -> None:
    # Without the word that the origin's report looked for.
    raise LookupError("no such customer")


BREAKS = make_process(task("look", "end"), node("end", Kind.END), bodies={"look": fail}, name="breaks")
FORKS = replace(
    make_process(
        node("ways", Kind.SPLIT, Edge("left", "left"), Edge("right", "right"), join="meet"),
        task("left", "meet"),
        node("right", Kind.INPUT, "meet", run="right", who=group("approvers")),
        node("meet", Kind.JOIN, "all"),
        node("all", Kind.EACH, Edge("one", BODY), Edge("over"), target=path("payload.items"), join="over"),
        task("one", "over"),
        node("over", Kind.JOIN, "end"),
        node("end", Kind.END),
        bodies={"left": lambda context: context.log("went left"), "one": lambda context: context.item},
        name="forks",
    ),
    forms={"right": SchemaPayload(ANSWER)},
)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def permitted(name: str, *codenames: str, **options: Any) -> User:
    user = member(name, **options)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return fresh(user)


@pytest.fixture
def boss() -> User:
    return permitted("boss", "view_run", "view_opentask", is_staff=True)


@pytest.fixture
def ada() -> User:
    return member("ada", "approvers")


@pytest.fixture(autouse=True)
def _registered() -> Any:
    with registered(BREAKS, FORKS, asking(group("approvers"))):
        yield


# --- dashboard --------------------------------------------------------------------------------------------------------


def counts_of(text: str, title: str) -> list[int]:
    part = text.split(f"<h2>{title}", 1)[1].split("</dl>", maxsplit=1)[0]
    return [int(each.split("</dd>")[0]) for each in part.split("<dd>")[1:]]


def test_the_dashboard_counts_runs_by_process(boss: User, ada: User) -> None:
    for _number in range(2):
        services.start("asks")
    services.provide_input(services.start("asks"), {"is_fine": True}, actor=ada)
    services.start("breaks")
    text = browser(boss).get("/tasks/dashboard/").content.decode()
    assert counts_of(text, "Asks") == [0, 2, 0, 1, 2]
    assert counts_of(text, "breaks") == [0, 0, 1, 0, 0]
    assert counts_of(text, "forks") == [0, 0, 0, 0, 0]


def test_the_dashboard_looks_back_as_many_days_as_it_is_asked_to(boss: User, ada: User) -> None:
    run = services.provide_input(services.start("asks"), {"is_fine": True}, actor=ada)
    Run.objects.filter(pk=run.pk).update(ended_at=timezone.now() - timedelta(days=40))
    client = browser(boss)
    for query, expected in (("", 0), ("?history=7", 0), ("?history=50", 1), ("?history=0", 1), ("?history=x", 0)):
        assert counts_of(client.get(f"/tasks/dashboard/{query}").content.decode(), "Asks")[3] == expected
    assert "Last 7 days" in client.get("/tasks/dashboard/?history=7").content.decode()


def test_a_process_that_is_gone_is_named_and_breaks_nothing(boss: User) -> None:
    services.start("asks")
    processes.remove("asks")
    text = browser(boss).get("/tasks/dashboard/").content.decode()
    assert "There is no process “asks” any more" in text
    assert "obsolete" in text


def test_a_process_may_show_something_of_its_own_or_nothing(boss: User, tmp_path: Any, settings: Any) -> None:
    (tmp_path / "own.html").write_text("<p>{{ dashboard.waiting }} of {{ waiting }}</p>")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    own = Dashboard("own.html", context=lambda runs: {"waiting": runs.filter(status="waiting").count()})
    shown = replace(asking(name="shown"), title="Shown", dashboard=own)
    hidden = replace(asking(name="hidden"), title="Hidden", dashboard=Dashboard(is_hidden=True))
    with registered(shown, hidden):
        services.start("shown")
        services.start("hidden")
        text = browser(boss).get("/tasks/dashboard/").content.decode()
    assert "<p>1 of 1</p>" in text
    assert "Hidden" not in text


@pytest.mark.parametrize(
    "own", [Dashboard("no_such.html"), Dashboard("own.html", context=lambda runs: list(runs.extra(where=["no <sql>"])))]
)
def test_a_process_whose_own_part_fails_leaves_the_others_shown(
    own: Dashboard, boss: User, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(asking(name="broken"), title="Broken", dashboard=own)
    with registered(broken, shown := replace(asking(name="shown"), title="Shown")):
        services.start(broken.id)
        answer = browser(boss).get("/tasks/dashboard/")
        services.start(shown.id)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Shown" in text
    assert "What this process shows of itself cannot be shown" in text
    assert "<sql>" not in text
    assert "The part of broken" in caplog.text


@pytest.mark.parametrize("path", ["/tasks/dashboard/", "/tasks/errors/"])
def test_overviews_need_permission_to_view_runs_and_tasks(path: str, ada: User) -> None:
    assert browser(ada).get(path).status_code == 403
    assert browser(permitted("half", "view_run", is_staff=True)).get(path).status_code == 403
    assert browser(permitted("whole", "view_run", "view_opentask")).get(path).status_code == 200


# --- history ----------------------------------------------------------------------------------------------------------


def test_history_shows_branches_and_items_below_what_began_them(boss: User, ada: User) -> None:
    run = services.start("forks", {"items": ["x", "y"]}, actor=ada)
    before = browser(boss).get(f"/tasks/dashboard/{run.pk}/").content.decode()
    assert before.count('class="branch"') == 2
    assert "went left" in before
    assert "Waits for “Right”" in before
    services.provide_input(Run.objects.get(waiting_for="input"), {"is_fine": True}, actor=ada)
    run_due()
    after = browser(boss).get(f"/tasks/dashboard/{run.pk}/").content.decode()
    assert after.count('class="branch"') == 4
    assert "answered by ada" in after
    assert after.index("ways") < after.index("left") < after.index("right") < after.index("item 1")
    picture = browser(boss).get(f"/tasks/dashboard/{run.pk}/picture.svg")
    assert picture["Content-Type"] == "image/svg+xml"


def test_history_of_a_long_loop_has_pages_and_costs_the_same(boss: User) -> None:
    run = services.start("asks")
    now = timezone.now()

    def add(count: int) -> None:
        first = StepRun.objects.count()
        StepRun.objects.bulk_create(
            StepRun(
                run_id=run.pk,
                root_id=run.pk,
                number=first + number,
                node="ask",
                status="succeeded",
                entered_at=now,
                started_at=now,
                duration_seconds=0.1,
            )
            for number in range(count)
        )

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/tasks/dashboard/{run.pk}/")
        return len(queries)

    client = browser(boss)
    add(5)
    first = cost()
    add(400)
    assert cost() <= first
    text = client.get(f"/tasks/dashboard/{run.pk}/").content.decode()
    assert text.count('<li class="step') == 200
    assert "(200th time)" in text
    following = text.split('href="?after=')[1].split('"')[0]
    assert "First steps" in client.get(f"/tasks/dashboard/{run.pk}/?after={following}").content.decode()


def test_history_of_a_run_that_has_done_nothing(boss: User) -> None:
    run = services.start("asks")
    answer = browser(boss).get(f"/tasks/dashboard/{run.pk}/")
    assert answer.status_code == 200
    processes.remove("asks")
    assert browser(boss).get(f"/tasks/dashboard/{run.pk}/").status_code == 200


def test_whoever_has_started_a_run_sees_its_history_and_others_do_not(ada: User) -> None:
    run = services.start("asks", actor=ada)
    assert browser(ada).get(f"/tasks/dashboard/{run.pk}/").status_code == 200
    assert browser(member("eve")).get(f"/tasks/dashboard/{run.pk}/").status_code == 403
    assert browser(member("eva")).get(f"/tasks/dashboard/{run.pk}/picture.svg").status_code == 403
    assert browser(ada).get("/tasks/dashboard/99999/").status_code == 404


def test_secrets_are_masked_in_history(boss: User) -> None:
    process = replace(
        make_process(
            task("tell", "end", policy=Policy(retry=Retry(attempts=1))),
            node("end", Kind.END),
            bodies={"tell": tell},
            name="tells",
        ),
        sensitive=("iban",),
    )
    with registered(process):
        run = services.start("tells", {"iban": "DE00 1234 5678"})
        text = browser(boss).get(f"/tasks/dashboard/{run.pk}/").content.decode()
        trace = browser(boss).get(f"/tasks/dashboard/{run.pk}/traceback/0/").content.decode()
    assert "cannot pay" in text
    assert "1234" not in text
    assert "1234" not in trace


def tell(context: Any) -> None:
    raise ValueError(f"cannot pay to {context.payload['iban']}")


# --- errors -----------------------------------------------------------------------------------------------------------


def test_the_report_has_whatever_has_failed_whatever_it_is_called(boss: User) -> None:
    run = services.start("breaks")
    text = browser(boss).get("/tasks/errors/").content.decode()
    assert "<strong>LookupError</strong>: no such customer" in text
    assert f"/tasks/dashboard/{run.pk}/traceback/0/" in text
    assert "Nothing has failed" not in text


def test_a_traceback_is_for_those_who_may_see_the_code(boss: User, ada: User) -> None:
    run = services.start("breaks", actor=ada)
    step = StepRun.objects.get(node="look")
    for key in (0, step.pk):
        text = browser(boss).get(f"/tasks/dashboard/{run.pk}/traceback/{key}/").content.decode()
        assert "Traceback (most recent call last)" in text
        assert "no such customer" in text
        assert browser(ada).get(f"/tasks/dashboard/{run.pk}/traceback/{key}/").status_code == 403
    assert "Traceback" not in browser(ada).get(f"/tasks/dashboard/{run.pk}/").content.decode()
    assert browser(boss).get(f"/tasks/dashboard/{run.pk}/traceback/99999/").status_code == 404
    waiting = services.start("asks")
    text = browser(boss).get(f"/tasks/dashboard/{waiting.pk}/traceback/0/").content.decode()
    assert "No traceback available" in text


def test_a_run_that_cannot_go_on_stands_in_the_report(boss: User) -> None:
    run = services.start("asks")
    processes.remove("asks")
    Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
    run_due()
    text = browser(boss).get("/tasks/errors/").content.decode()
    assert "Cannot go on" in text
