"""What can be done with runs over REST, who may, and what is recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from rest_framework.test import APIClient

from actions import perform
from actions.models import EventAction
from actions.payloads import SchemaPayload
from actions.processes import services
from actions.processes.expressions import literal
from actions.processes.graph import Edge, Kind, Who
from actions.processes.models import Message, Run
from actions.processes.policies import Policy
from actions.processes.process import Process
from tests.processes import make_process, node, registered, task

pytestmark = pytest.mark.django_db

FORM = SchemaPayload(
    {
        "type": "object",
        "properties": {"approved": {"type": "boolean"}, "pin": {"type": "string"}},
        "required": ["approved"],
        "additionalProperties": False,
    }
)
STEERING = ("pause", "resume", "retry", "fork", "move", "send_message")


def one(context: Any, **arguments: Any) -> int:
    return 1


def with_form(process: Process) -> Process:
    return Process(**{**vars(process), "forms": {"form": FORM}})


def asking(who: Who | None = None, **options: Any) -> Process:
    """Asks somebody, and does something then."""
    made = make_process(
        node("ask", Kind.INPUT, "do", run="form", register="answer", who=who),
        task("do", register="done"),
        bodies={"do": one},
        **options,
    )
    return with_form(made)


def waiting() -> Process:
    """Waits for an hour."""
    return make_process(task("a", "b", policy=Policy(wait_for=literal(3600))), task("b"), bodies={"a": one, "b": one})


def listening() -> Process:
    """Waits for a message."""
    return make_process(node("hear", Kind.RECEIVE, "do", run="paid", register="paid"), task("do"), bodies={"do": one})


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


def post(client: APIClient, run: Run, action: str, payload: Any = None, **headers: Any) -> Any:
    return client.post(f"/runs/{run.pk}/{action}/", payload or {}, format="json", **headers)


def status_of(run: Run) -> tuple[str, str]:
    run.refresh_from_db()
    return run.status, run.waiting_for


# --- cancel, pause, resume --------------------------------------------------------------------------------------------


def test_who_started_a_run_may_cancel_it(api: APIClient, alice: User) -> None:
    with registered(waiting()):
        run = start(waiting(), alice)
        response = post(api, run, "cancel")
        assert (response.status_code, response.data["status"]) == (200, "cancelled")
        again = post(api, run, "cancel")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert status_of(run)[0] == "cancelled"


def test_others_may_not_even_see_it(client_of: Any, alice: User, bob: User) -> None:
    with registered(waiting()):
        run = start(waiting(), alice)
        assert post(client_of(bob), run, "cancel").status_code == 404
        assert post(client_of(None), run, "cancel").status_code in (401, 403)
    assert status_of(run)[0] == "waiting"


def test_staff_who_may_only_view_runs_do_not_cancel_them(client_of: Any, alice: User) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_run"))
    with registered(waiting()):
        run = start(waiting(), alice)
        assert post(client_of(viewer), run, "cancel").status_code == 403
    assert status_of(run)[0] == "waiting"


def test_a_cancelled_run_takes_back_what_it_did_where_that_is_asked(desk: APIClient) -> None:
    undone: list[Any] = []
    process = make_process(
        task("a", "b", policy=Policy(compensate="undo_a"), register="n"),
        task("b", policy=Policy(wait_for=literal(3600))),
        bodies={"a": one, "b": one, "undo_a": lambda context: undone.append(context.result)},
    )
    with registered(process):
        run = start(process)
        assert post(desk, run, "cancel", {"compensate": True}).status_code == 200
    assert (undone, status_of(run)[0]) == ([1], "cancelled")


def test_a_run_is_paused_and_resumed(desk: APIClient) -> None:
    with registered(waiting()):
        run = start(waiting())
        assert post(desk, run, "resume").status_code == 409
        paused = post(desk, run, "pause")
        assert (paused.status_code, paused.data["paused_at"] is not None) == (200, True)
        assert post(desk, run, "pause").status_code == 409
        resumed = post(desk, run, "resume")
        assert (resumed.status_code, resumed.data["paused_at"]) == (200, None)
    assert status_of(run) == ("waiting", "time")


@pytest.mark.parametrize("action", STEERING)
def test_who_started_a_run_does_not_steer_it(api: APIClient, alice: User, action: str) -> None:
    with registered(waiting()):
        run = start(waiting(), alice)
        assert post(api, run, action, {"name": "x"} if action == "send_message" else None).status_code == 403


# --- retry, fork, move ------------------------------------------------------------------------------------------------


def test_a_failed_run_is_retried_from_the_step_that_failed(desk: APIClient) -> None:
    broken = [True]

    def sometimes(context: Any) -> int:
        if broken:
            raise ValueError("no")
        return 2

    process = make_process(task("a", "b", register="a"), task("b", register="b"), bodies={"a": one, "b": sometimes})
    with registered(process):
        run = start(process)
        assert run.status == "failed"
        broken.clear()
        response = post(desk, run, "retry")
        assert (response.status_code, response.data["status"]) == (200, "succeeded")
        assert post(desk, run, "retry").status_code == 409
    run.refresh_from_db()
    assert run.state == {"a": 1, "b": 2}


def test_a_run_is_forked_with_another_payload(desk: APIClient, operator: User) -> None:
    process = make_process(
        task("a", "b", register="a"),
        task("b", register="b"),
        bodies={"a": one, "b": lambda context: context.payload["x"]},
    )
    with registered(process):
        run = start(process, payload={"x": 1})
        response = post(desk, run, "fork", {"node": "b", "payload": {"x": 5}})
        assert response.status_code == 200, response.content
        assert response.data["forked_from"] == run.pk
        forked = Run.objects.get(pk=response.data["id"])
        assert (forked.state, forked.actor_id) == ({"a": 1, "b": 5}, str(operator.pk))
        assert post(desk, run, "fork", {"node": "nothing"}).status_code == 409
        assert post(desk, run, "fork", {"nodes": "b"}).status_code == 400


def test_a_run_is_moved_to_the_new_definition(desk: APIClient) -> None:
    with registered(waiting()):
        run = start(waiting())
    renamed = make_process(task("wait", policy=Policy(wait_for=literal(3600))), bodies={"wait": one})
    with registered(renamed):
        assert post(desk, run, "move").status_code == 409
        response = post(desk, run, "move", {"mapping": {"a": "wait"}})
        assert (response.status_code, response.data["node"]) == (200, "wait")


def test_a_run_whose_process_is_gone_is_not_retried(desk: APIClient) -> None:
    def boom(context: Any) -> None:
        raise ValueError("no")

    process = make_process(task("a"), bodies={"a": boom})
    with registered(process):
        run = start(process)
    response = post(desk, run, "retry")
    assert (response.status_code, response.json()["code"]) == (409, "unknown_process")


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_message_reaches_the_run(desk: APIClient) -> None:
    with registered(listening()):
        run = start(listening())
        response = post(desk, run, "send_message", {"name": "paid", "data": {"amount": 5}})
        assert (response.status_code, response.data["run"]) == (200, run.pk)
        run.refresh_from_db()
        assert (run.status, run.state["paid"]) == ("succeeded", {"amount": 5})
        assert post(desk, run, "send_message", {"name": "paid"}).status_code == 409


@pytest.mark.parametrize(
    "payload",
    [{}, {"name": ""}, {"name": 5}, {"name": "x" * 200}, {"name": "x", "uid": "no"}, {"name": "x", "more": 1}],
)
def test_a_message_that_is_none_is_refused(desk: APIClient, payload: dict[str, Any]) -> None:
    with registered(listening()):
        run = start(listening())
        assert post(desk, run, "send_message", payload).status_code == 400
    assert not Message.objects.exists()


# --- inputs -----------------------------------------------------------------------------------------------------------


def test_an_input_is_provided_and_the_run_goes_on(api: APIClient, alice: User) -> None:
    with registered(asking()):
        run = start(asking(), alice)
        response = post(api, run, "provide_input", {"approved": True})
        assert (response.status_code, response.data["status"]) == (200, "succeeded"), response.content
        again = post(api, run, "provide_input", {"approved": True})
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    run.refresh_from_db()
    assert run.state == {"answer": {"approved": True}, "done": 1}


def test_an_input_may_be_sent_as_a_form(api: APIClient, alice: User) -> None:
    with registered(asking()):
        run = start(asking(), alice)
        response = api.post(
            f"/runs/{run.pk}/provide_input/", "approved=true", content_type="application/x-www-form-urlencoded"
        )
        assert response.status_code == 200, response.content
    run.refresh_from_db()
    assert run.state["answer"] == {"approved": True}


def test_an_answer_that_does_not_fit_is_refused_and_the_run_waits_on(api: APIClient, alice: User) -> None:
    with registered(asking()):
        run = start(asking(), alice)
        response = post(api, run, "provide_input", {"approved": "maybe"})
        assert (response.status_code, list(response.json()["errors"])) == (400, ["approved"])
    assert status_of(run) == ("waiting", "input")


def test_who_is_to_answer_need_not_see_the_run(client_of: Any, alice: User, bob: User) -> None:
    bob.groups.add(Group.objects.create(name="bosses"))
    process = asking(Who(groups=(literal("bosses"),)))
    with registered(process):
        run = start(process, alice)
        assert client_of(bob).get(f"/runs/{run.pk}/").status_code == 404
        assert post(client_of(alice), run, "provide_input", {"approved": True}).status_code == 403
        assert status_of(run) == ("waiting", "input")
        assert post(client_of(bob), run, "provide_input", {"approved": True}).status_code == 200
    assert status_of(run)[0] == "succeeded"


def test_of_several_branches_the_one_that_is_named_is_answered(desk: APIClient) -> None:
    process = with_form(
        make_process(
            node("split", Kind.SPLIT, Edge("a", "a"), Edge("b", "b"), join="join"),
            node("a", Kind.INPUT, "join", run="form", register="a"),
            node("b", Kind.INPUT, "join", run="form", register="b"),
            node("join", Kind.JOIN, "end"),
            node("end", Kind.END),
        )
    )
    with registered(process):
        run = start(process)
        refused = post(desk, run, "provide_input", {"approved": True})
        assert refused.status_code == 409
        first, second = refused.json()["runs"]
        assert post(desk, Run(pk=first), "provide_input", {"approved": True}).status_code == 200
        # Only one of them is left: the run's own key will do.
        assert post(desk, run, "provide_input", {"approved": False}).status_code == 200
        assert post(desk, Run(pk=second), "provide_input", {"approved": True}).status_code == 409
    run.refresh_from_db()
    assert (run.status, run.state) == ("succeeded", {"a": {"approved": True}, "b": {"approved": False}})


# --- what is said of them ---------------------------------------------------------------------------------------------


def available(client: APIClient, run: Run) -> dict[str, bool]:
    response = client.get(f"/runs/{run.pk}/actions/")
    assert response.status_code == 200, response.content
    return {each["name"]: each["available"] for each in response.data}


def test_a_run_says_what_can_be_done_with_it(desk: APIClient, operator: User) -> None:
    with registered(asking()):
        run = start(asking(), operator)
        possible = available(desk, run)
        assert {name for name, is_possible in possible.items() if is_possible} == {
            *("provide_input", "send_message", "cancel", "pause", "fork", "move")
        }
        services.cancel(run)
        assert {name for name, is_possible in available(desk, run).items() if is_possible} == {"fork"}


def test_who_started_a_run_is_told_what_is_for_others(api: APIClient, alice: User) -> None:
    with registered(waiting()):
        run = start(waiting(), alice)
        assert {name for name, is_possible in available(api, run).items() if is_possible} == {"cancel"}


def test_an_action_is_recorded_with_the_run_s_correlation_id(desk: APIClient) -> None:
    with registered(waiting()):
        run = start(waiting())
        response = post(desk, run, "pause")
        post(desk, run, "pause")
        said = post(desk, run, "cancel", HTTP_X_REQUEST_ID="mine-1")
    done, refused, named = EventAction.objects.filter(resource="run").order_by("pk")
    assert (done.action, done.object_id, done.correlation_id) == ("pause", str(run.pk), run.correlation_id)
    assert response["X-Request-ID"] == run.correlation_id
    assert (refused.outcome, refused.correlation_id) == ("refused", run.correlation_id)
    assert (named.correlation_id, said["X-Request-ID"]) == ("mine-1", "mine-1")


def test_the_record_of_an_action_has_no_secrets_of_the_process(api: APIClient, alice: User) -> None:
    process = asking(sensitive=("pin",))
    with registered(process):
        run = start(process, alice)
        post(api, run, "provide_input", {"approved": "no", "pin": "4711-secret"})
        post(api, run, "provide_input", {"approved": True, "pin": "4711-secret"})
        post(api, run, "provide_input", {"approved": True, "pin": "4711-secret"})
    events = EventAction.objects.filter(resource="run").order_by("pk")
    assert [each.outcome for each in events] == ["refused", "succeeded", "refused"]
    for each in events:
        assert "4711-secret" not in f"{each.request_data}{each.response_data}{each.changes}{each.error}"


def test_programs_reach_them_by_name(operator: User) -> None:
    with registered(waiting()):
        run = start(waiting())
        outcome = perform("run:cancel", run.pk, actor=operator)
    assert outcome.body["status"] == "cancelled"


@pytest.mark.parametrize("body", ["[]", "5", "null", "{", '"x"', '{"compensate": "x"}', '{"a": "\\u0000"}'])
@pytest.mark.parametrize("action", ["cancel", "fork", "move", "provide_input", "send_message"])
def test_odd_bodies_are_refused(desk: APIClient, action: str, body: str) -> None:
    with registered(asking()):
        run = start(asking())
        response = desk.generic("POST", f"/runs/{run.pk}/{action}/", body, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json"), response.content


@pytest.mark.parametrize("mapping", [{"a": 5}, {"a": None}, [], "a", {"a": {"b": 1}}])
def test_a_mapping_of_a_move_is_one_of_names(desk: APIClient, mapping: Any) -> None:
    with registered(waiting()):
        run = start(waiting())
        assert post(desk, run, "move", {"mapping": mapping}).status_code == 400
