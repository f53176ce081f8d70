"""Runs over REST: who sees them, and what is shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from actions.payloads import SchemaPayload
from actions.processes import services
from actions.processes.api.run_serializers import ProcessRunDetailSerializer
from actions.processes.expressions import literal, path
from actions.processes.graph import BODY, Edge, Kind, Who
from actions.processes.models import Run, StepRun
from actions.processes.policies import Policy, Retry
from actions.processes.process import Process
from tests.processes import make_due, make_process, node, registered, run_due, task

pytestmark = pytest.mark.django_db

FORM = SchemaPayload(
    {
        "type": "object",
        "properties": {"approved": {"type": "boolean"}, "pin": {"type": "string"}},
        "required": ["approved"],
        "additionalProperties": False,
    }
)


def one(context: Any, **arguments: Any) -> int:
    return 1


def boom(context: Any, **arguments: Any) -> None:
    raise ValueError("no")


def asking(who: Who | None = None, **options: Any) -> Process:
    """Asks somebody, and does something then."""
    return make_process(
        node("ask", Kind.INPUT, "do", run="form", register="answer", title="Approve it", who=who),
        task("do", register="done"),
        bodies={"do": one},
        **options,
    )


def with_form(process: Process) -> Process:
    return Process(**{**vars(process), "forms": {"form": FORM}})


def in_branches(count: int) -> Process:
    """Works on a list, an item at a time."""
    return make_process(
        node("each", Kind.EACH, Edge("item", BODY), target=literal(list(range(count))), join="join", register="all"),
        task("item", "join"),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END),
        bodies={"item": one},
    )


def waiting_branches(count: int) -> Process:
    """As many branches that wait for somebody."""
    names = [f"ask{number}" for number in range(count)]
    return make_process(
        node("split", Kind.SPLIT, *(Edge(name, name) for name in names), join="join"),
        *(node(name, Kind.INPUT, "join", run="form") for name in names),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END),
    )


@pytest.fixture
def viewer(db: None) -> User:
    """Staff with Django's permission to view runs."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_run"))
    return user


@pytest.fixture
def operator(db: None) -> User:
    """Staff with Django's permission to change runs."""
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_run"))
    return user


@pytest.fixture
def desk(operator: User, client_of: Any) -> APIClient:
    """The operator's client."""
    client: APIClient = client_of(operator)
    return client


def start(process: Process, actor: User | None = None, payload: Any = None) -> Run:
    return services.start(process.id, payload, actor=actor)


def statements(client: APIClient, address: str) -> int:
    """Of one request, with the permissions of its user read anew."""
    user = client.handler._force_user  # type: ignore[attr-defined]
    for name in ("_perm_cache", "_user_perm_cache", "_group_perm_cache"):
        user.__dict__.pop(name, None)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert response.status_code == 200, response.content
    return len(queries)


# --- who sees what ----------------------------------------------------------------------------------------------------


def test_whoever_started_a_run_sees_it_and_others_do_not(
    api: APIClient, alice: User, bob: User, client_of: Any
) -> None:
    process = make_process(task("a"), bodies={"a": one})
    with registered(process):
        run = start(process, alice)
        start(process, bob)
        start(process)
        assert [each["id"] for each in api.get("/runs/").data["results"]] == [run.pk]
        for address in (f"/runs/{run.pk}/", f"/runs/{run.pk}/steps/", f"/runs/{run.pk}/picture.svg"):
            assert api.get(address).status_code == 200
            assert client_of(bob).get(address).status_code == 404
            assert client_of(None).get(address).status_code in (401, 403)


def test_staff_see_all_runs_with_django_s_permission_only(viewer: User, desk: APIClient, client_of: Any) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    process = make_process(task("a"), bodies={"a": one})
    with registered(process):
        start(process)
        assert len(client_of(viewer).get("/runs/").data["results"]) == 1
        assert len(desk.get("/runs/").data["results"]) == 1
        assert client_of(clerk).get("/runs/").data["results"] == []


def test_tracebacks_are_for_staff(api: APIClient, alice: User, desk: APIClient) -> None:
    process = make_process(task("a"), bodies={"a": boom})
    with registered(process):
        run = start(process, alice)
        for client, is_there in ((api, False), (desk, True)):
            shown = client.get(f"/runs/{run.pk}/").data
            assert ("traceback" in shown["error"]) is is_there
            assert ("traceback" in shown["steps"][0]["error"]) is is_there
            assert ("traceback" in shown["steps"][0]["attempts"][0]["error"]) is is_there


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize(
    "path", ["/runs/abc/", "/runs/-1/", f"/runs/{10**20}/", "/runs/1/nothing/", "/schedules/x/", "/inputs/x/claim/"]
)
def test_what_there_is_not_is_a_problem_and_no_page(api: APIClient, path: str, method: str) -> None:
    response = getattr(api, method)(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["detail"] == f"There is nothing at {path}."


def test_secrets_are_masked_everywhere(desk: APIClient) -> None:
    def tell(context: Any, **arguments: Any) -> dict[str, Any]:
        context.log(f"The PIN is {context.payload['pin']}")
        return {"pin": context.payload["pin"], "text": f"PIN {context.payload['pin']}", "api_key": "key-12345"}

    process = make_process(
        task("a", "b", register="told", args={"pin": path("payload.pin")}),
        task("b"),
        bodies={"a": tell, "b": boom},
        sensitive=("pin",),
    )
    with registered(process):
        run = start(process, payload={"pin": "4711-secret", "password": "hunter2hunter2"})
        text = "".join(
            desk.get(address).content.decode() for address in ("/runs/", f"/runs/{run.pk}/", f"/runs/{run.pk}/steps/")
        )
    assert run.status == "failed"
    for secret in ("4711-secret", "hunter2hunter2", "key-12345"):
        assert secret not in text


# --- everything about a run -------------------------------------------------------------------------------------------


def test_a_run_is_shown_with_its_steps_and_their_tries(api: APIClient, alice: User) -> None:
    def second(context: Any) -> int:
        context.log(f"Try {context.attempt}")
        if context.attempt == 1:
            raise ConnectionError("busy")
        return 5

    policy = Policy(retry=Retry(attempts=2, delay_seconds=0))
    process = make_process(
        task("a", "b", title="First", register="n", policy=policy), task("b"), bodies={"a": second, "b": one}
    )
    with registered(process):
        run = start(process, alice, {"x": 1})
        make_due(run)
        run_due()
        response = api.get(f"/runs/{run.pk}/")
    shown = response.data
    assert (shown["status"], shown["payload"], shown["state"]) == ("succeeded", {"x": 1}, {"n": 5})
    first, second_step = shown["steps"]
    assert (first["node"], first["title"], first["number"], first["status"], first["result"]) == (
        "a",
        "First",
        0,
        "succeeded",
        5,
    )
    assert [(each["attempt"], each["status"], each["log"]) for each in first["attempts"]] == [
        (1, "failed", "Try 1"),
        (2, "succeeded", "Try 2"),
    ]
    assert (second_step["number"], second_step["title"]) == (1, "b")
    assert (shown["current"], shown["branches"], shown["steps_next"]) == ([], [], None)
    assert "Retry-After" not in response


def test_a_run_says_what_each_of_its_steps_at_hand_waits_for(desk: APIClient, operator: User) -> None:
    process = make_process(
        node("split", Kind.SPLIT, *(Edge(name, name) for name in ("time", "condition", "ask", "hear")), join="join"),
        task("time", "join", policy=Policy(wait_for=literal(3600))),
        task("condition", "join", policy=Policy(as_soon_as=({"test": "payload.x > 5"},))),
        node("ask", Kind.INPUT, "join", run="form", title="Approve it", who=Who(groups=(literal("bosses"),))),
        node("hear", Kind.RECEIVE, "join", run="paid", target=literal("4711")),
        node("join", Kind.JOIN, "end"),
        node("end", Kind.END),
        bodies={"time": one, "condition": one},
        forms={"form": FORM.json_schema()},
    )
    with registered(with_form(process)):
        run = start(process, payload={"x": 1})
        response = desk.get(f"/runs/{run.pk}/")
    assert int(response["Retry-After"]) > 0
    shown = response.data
    at = {each["node"]: each for each in shown["current"]}
    assert (at["split"]["waiting_for"], at["split"]["open_children"]) == ("branches", 4)
    assert at["time"]["waiting_for"] == "time"
    assert at["time"]["due_at"] is not None
    assert at["condition"]["conditions"] == ["payload.x > 5"]
    assert at["hear"]["message"] == "paid:4711"
    ask = at["ask"]["input"]
    assert (ask["title"], ask["groups"], ask["is_mine"]) == ("Approve it", ["bosses"], False)
    assert ask["schema"]["required"] == ["approved"]
    assert shown["branches_by_status"] == {"waiting": 4}
    assert {each["parent_id"] for each in shown["branches"]} == {run.pk}


def test_a_run_names_the_processes_that_it_has_started(desk: APIClient) -> None:
    inner = make_process(task("a", policy=Policy(wait_for=literal(60))), bodies={"a": one}, name="inner")
    outer = make_process(node("call", Kind.PROCESS, run="inner"), name="outer")
    with registered(inner, outer):
        run = start(outer)
        shown = desk.get(f"/runs/{run.pk}/").data
        (child,) = shown["branches"]
        assert (child["kind"], child["process"], child["status"]) == ("process", "inner", "waiting")
        assert desk.get(f"/runs/{run.pk}/branches/").data["results"] == [child]
        inside = desk.get(urlsplit(child["url"]).path).data
    assert inside["parent_id"] == run.pk


def test_what_is_answered_is_what_the_documents_say(desk: APIClient) -> None:
    with registered(with_form(asking())):
        run = start(asking())
        shown = desk.get(f"/runs/{run.pk}/").data
    fields = ProcessRunDetailSerializer().fields
    assert set(shown) == set(fields)
    assert set(shown["current"][0]) == set(fields["current"].child.fields)  # type: ignore[attr-defined]
    assert set(shown["current"][0]["input"]) == set(fields["current"].child.fields["input"].fields)  # type: ignore[attr-defined]
    with registered(in_branches(2)):
        run = start(in_branches(2))
        shown = desk.get(f"/runs/{run.pk}/").data
    assert set(shown["branches"][0]) == set(fields["branches"].child.fields)  # type: ignore[attr-defined]
    assert set(shown["steps"][0]) == set(fields["steps"].child.fields)  # type: ignore[attr-defined]
    attempt = fields["steps"].child.fields["attempts"].child  # type: ignore[attr-defined]
    assert set(shown["steps"][0]["attempts"][0]) == set(attempt.fields)


def test_a_run_whose_process_is_gone_is_shown(desk: APIClient) -> None:
    with registered(with_form(asking())):
        run = start(asking())
    shown = desk.get(f"/runs/{run.pk}/").data
    assert (shown["title"], shown["status"], shown["current"][0]["title"]) == ("made", "waiting", "Approve it")
    assert desk.get(f"/runs/{run.pk}/picture.svg").status_code == 200


@pytest.mark.parametrize("make", [in_branches, waiting_branches])
@pytest.mark.parametrize("address", ["", "steps/", "picture.svg", "actions/"])
def test_the_number_of_statements_does_not_depend_on_the_size_of_a_run(
    viewer: User, client_of: Any, make: Any, address: str
) -> None:
    client = client_of(viewer)
    small, large = make(3), make(60)
    with registered(small):
        first = start(small)
        client.get(f"/runs/{first.pk}/{address}")
        few = statements(client, f"/runs/{first.pk}/{address}")
    with registered(large):
        second = start(large)
        client.get(f"/runs/{second.pk}/{address}")
        assert statements(client, f"/runs/{second.pk}/{address}") <= few
    assert few <= 16


def test_three_hundred_steps_cost_as_many_statements_as_three(viewer: User, client_of: Any) -> None:
    client, counts = client_of(viewer), []
    for length in (3, 300):
        steps = [task(f"n{number}", f"n{number + 1}") for number in range(length - 1)]
        process = make_process(*steps, task(f"n{length - 1}"), bodies={f"n{number}": one for number in range(length)})
        with registered(process):
            run = start(process)
            assert StepRun.objects.filter(root_id=run.pk).count() == length
            counts.append(statements(client, f"/runs/{run.pk}/"))
    assert counts[0] == counts[1]


def test_long_histories_come_in_pages(desk: APIClient) -> None:
    with registered(in_branches(120)):
        run = start(in_branches(120))
        shown = desk.get(f"/runs/{run.pk}/").data
        nodes = [step["node"] for step in shown["steps"]]
        address = shown["steps_next"]
        assert urlsplit(address).path == f"/runs/{run.pk}/steps/"
        pages = 0
        while address:
            page = desk.get(address).data
            nodes += [step["node"] for step in page["results"]]
            address, pages = page["next"], pages + 1
    assert (len(nodes), pages) == (StepRun.objects.filter(root_id=run.pk).count(), 2)
    assert nodes.count("item") == 120


def test_many_branches_come_in_pages(desk: APIClient) -> None:
    with registered(in_branches(120)):
        run = start(in_branches(120))
        address = desk.get(f"/runs/{run.pk}/").data["branches_url"]
        assert urlsplit(address).path == f"/runs/{run.pk}/branches/"
        found, pages = [], 0
        while address:
            page = desk.get(address).data
            found += [each["id"] for each in page["results"]]
            address, pages = page["next"], pages + 1
    assert found == list(Run.objects.filter(root_id=run.pk).order_by("pk").values_list("pk", flat=True))
    assert pages == 3


def test_the_branches_of_a_run_are_shown_to_those_who_see_it(desk: APIClient, client_of: Any, bob: User) -> None:
    with registered(in_branches(2)):
        run = start(in_branches(2))
    assert client_of(bob).get(f"/runs/{run.pk}/branches/").status_code == 404
    assert desk.get(f"/runs/{run.pk}/branches/?cursor=x").status_code == 404
    assert len(desk.get(f"/runs/{run.pk}/branches/").data["results"]) == 2


def test_of_many_branches_those_that_are_not_over_are_shown(desk: APIClient) -> None:
    with registered(in_branches(120)):
        run = start(in_branches(120))
        last = Run.objects.filter(root_id=run.pk).latest("pk")
        Run.objects.filter(pk=last.pk).update(status="waiting")
        shown = desk.get(f"/runs/{run.pk}/").data
    assert len(shown["branches"]) == 100
    assert shown["branches"][0]["id"] == last.pk
    assert shown["branches_by_status"] == {"succeeded": 119, "waiting": 1}


@pytest.mark.parametrize("suffix", ["svg", "mmd"])
def test_the_picture_of_a_run_tells_what_was_done(desk: APIClient, suffix: str) -> None:
    process = make_process(task("a", "b"), task("b"), bodies={"a": one, "b": boom})
    with registered(process):
        run = start(process)
        response = desk.get(f"/runs/{run.pk}/picture.{suffix}", HTTP_ACCEPT="image/avif,image/*")
    assert response.status_code == 200
    text = response.content.decode()
    assert "succeeded" in text
    assert "failed" in text


# --- lists ------------------------------------------------------------------------------------------------------------


def test_runs_are_filtered(desk: APIClient, alice: User, bob: User) -> None:
    good = make_process(task("a"), bodies={"a": one}, name="good")
    bad = make_process(task("a"), bodies={"a": boom}, name="bad")
    with registered(good, bad):
        first, second = start(good, alice), start(bad, bob)
        third = services.start("good", correlation_id="order-7")

    def found(query: str) -> list[int]:
        response = desk.get(f"/runs/?{query}")
        assert response.status_code == 200, response.content
        return [each["id"] for each in response.data["results"]]

    assert found("") == [third.pk, second.pk, first.pk]
    assert found("process=good") == [third.pk, first.pk]
    assert found("status=failed") == [second.pk]
    assert found("status=failed&status=succeeded") == [third.pk, second.pk, first.pk]
    assert found(f"actor_id={alice.pk}") == [first.pk]
    assert found("correlation_id=order-7") == [third.pk]
    assert found("created_before=2001-01-01T00:00:00Z") == []
    assert found(f"uid={first.uid}") == [first.pk]


def test_a_list_is_read_in_pages_and_a_fixed_number_of_statements(viewer: User, client_of: Any) -> None:
    client = client_of(viewer)
    process = make_process(task("a"), bodies={"a": one})
    with registered(process):
        for _number in range(7):
            start(process)
        few = statements(client, "/runs/?page_size=2")
        assert statements(client, "/runs/?page_size=7") == few
        seen, address = [], "/runs/?page_size=3"
        while address:
            page = client.get(address).data
            seen += [each["id"] for each in page["results"]]
            address = page["next"]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7
    assert not {"payload", "state", "result"} & set(page["results"][0])


def test_branches_are_no_runs_of_the_list(desk: APIClient) -> None:
    with registered(in_branches(3)):
        run = start(in_branches(3))
        assert [each["id"] for each in desk.get("/runs/").data["results"]] == [run.pk]
        branch = Run.objects.filter(root_id=run.pk).first()
        assert branch is not None
        assert desk.get(f"/runs/{branch.pk}/").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/runs/99999999999999999999/",
        "/runs/9999999999999999999/",
        "/runs/0/",
        "/runs/x/",
        "/runs/-1/",
        "/runs/%00/",
        "/runs/9999999999999999999/picture.svg",
        "/runs/99999999999999999999999999/picture.svg",
        "/runs/9999999999999999999/steps/",
        "/runs/9999999999999999999/branches/",
        "/runs/?cursor=x",
        "/runs/?cursor=cD0lMDA%3D",
        "/runs/?cursor=bz05OTk5OTk5OTk5OTk5OTk5OTk5",
        "/runs/?forked_from=99999999999999999999",
        "/runs/?uid=x",
        "/runs/?status=x",
        "/runs/?process=%00",
        "/runs/?created_after=x",
        "/runs/?created_after=1190-11-22T21:33:17%2B19:07",
        "/runs/?created_before=2026-05-01T00:00:00-23:59",
        "/runs/?created_after=0001-01-01T00:00:00%2B10:00",
        "/runs/?created_before=9999-12-31T23:59:59-10:00",
        "/runs/?page_size=x",
        "/runs/?page_size=99999999999999999999",
        "/processes/?cursor=x",
        "/processes/%00/",
        "/processes/" + "x" * 3000 + "/",
        "/inputs/?after=x",
        "/inputs/?after=99999999999999999999",
        "/inputs/?process=%00",
        "/schedules/?cursor=x",
        "/schedules/99999999999999999999/",
    ],
)
def test_nonsense_is_refused_and_never_an_error_of_the_server(client_of: Any, staff: User, address: str) -> None:
    client = client_of(staff)
    client.raise_request_exception = True
    assert client.get(address).status_code in (200, 400, 404)


def test_a_broken_cursor_of_steps_is_refused(desk: APIClient) -> None:
    with registered(in_branches(1)):
        run = start(in_branches(1))
        assert desk.get(f"/runs/{run.pk}/steps/?cursor=x").status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
def test_runs_are_written_by_nobody(desk: APIClient, method: str) -> None:
    with registered(in_branches(1)):
        run = start(in_branches(1))
        assert getattr(desk, method)(f"/runs/{run.pk}/", {}, format="json").status_code == 405
        assert getattr(desk, method)("/runs/", {}, format="json").status_code == 405


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_inputs_are_listed_for_who_may_answer_them(api: APIClient, bob: User, client_of: Any) -> None:
    bosses = Group.objects.create(name="bosses")
    bob.groups.add(bosses)
    process = with_form(asking(Who(groups=(literal("bosses"),))))
    with registered(process):
        run = start(process)
        assert api.get("/inputs/").data == {"next": None, "results": []}
        (shown,) = client_of(bob).get("/inputs/").data["results"]
        assert (shown["root_id"], shown["title"], shown["is_mine"]) == (run.pk, "Approve it", True)
        assert shown["schema"]["required"] == ["approved"]
        assert urlsplit(shown["url"]).path == f"/runs/{run.pk}/provide_input/"
        assert client_of(bob).get("/inputs/?process=other").data["results"] == []
        assert client_of(None).get("/inputs/").status_code in (401, 403)


def test_many_inputs_cost_as_many_statements_as_one(api: APIClient) -> None:
    process = with_form(asking(Who(groups=(literal("nobody"),))))
    counts = []
    with registered(process):
        # Groups and permissions of the user are read once.
        statements(api, "/inputs/")
        for _number in range(2):
            for _time in range(5):
                start(process)
            counts.append(statements(api, "/inputs/"))
    assert counts[0] == counts[1]


def test_inputs_come_in_pages(api: APIClient) -> None:
    with registered(with_form(asking())):
        for _number in range(60):
            start(asking())
        seen, address = [], "/inputs/?process=made"
        while address:
            page = api.get(address).data
            seen += [each["id"] for each in page["results"]]
            address = page["next"]
    assert (len(seen), seen) == (60, sorted(seen))
