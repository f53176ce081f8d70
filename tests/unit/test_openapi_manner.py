"""What both documents say of how a call may be carried out, and of what it then answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rest_framework import serializers

from actions.definitions import Action
from actions.openapi.headers import CONDITIONAL_GET
from actions.terms import read_terms
from example_app.models import Todo

from .test_openapi_operations import act, act_on_all, call, download, parameters, report, three, two, viewset


class Planned(serializers.ModelSerializer[Todo]):
    plan = serializers.IntegerField(source="priority")

    class Meta:
        model = Todo
        fields = ["id", "plan"]


@pytest.fixture(params=[two, three], ids=["2.0", "3.1"])
def document(request: pytest.FixtureRequest) -> Any:
    return request.param


def schema_of(answer: Any) -> Any:
    """What a success looks like, in either document."""
    return answer["schema"] if "schema" in answer else answer["content"]["application/json"]["schema"]


def preferences(operation: Any) -> list[str]:
    said = parameters(operation, "header")["Prefer"]
    return (said.get("schema") or said)["items"]["enum"]  # type: ignore[no-any-return]


EVERY = {"Prefer", "Idempotency-Key", "If-Match", "If-Plan"}


@pytest.mark.parametrize(
    ("keys", "headers", "query", "preferred"),
    [
        ({}, EVERY, {"dry_run", "scheduled_time", "cron"}, ["dry-run", "respond-async"]),
        ({"preview": False}, EVERY - {"If-Plan"}, {"scheduled_time", "cron"}, ["respond-async"]),
        ({"atomic": False}, EVERY - {"If-Plan"}, {"scheduled_time", "cron"}, ["respond-async"]),
        (
            {"background": True},
            EVERY - {"If-Plan"},
            {"dry_run", "scheduled_time", "cron"},
            ["dry-run", "respond-async"],
        ),
        (
            {"type": "bulk", "function": act_on_all},
            EVERY - {"If-Match"},
            {"dry_run", "scheduled_time", "cron", "expect_count", "ids", "all"},
            ["dry-run", "respond-async", "continue-on-error"],
        ),
        (
            {"type": "bulk", "function": report, "selection": "none"},
            EVERY - {"If-Match"},
            {"dry_run", "scheduled_time", "cron"},
            ["dry-run", "respond-async"],
        ),
    ],
)
def test_a_call_may_say_what_its_action_can_do(
    document: Any, keys: Any, headers: set[str], query: set[str], preferred: list[str]
) -> None:
    operation = call(document(viewset(Action(**{"id": "act", "function": act, **keys}))))
    assert set(parameters(operation, "header")) == headers
    assert set(parameters(operation, "query")) == query
    assert preferences(operation) == preferred


def test_of_a_promised_action_there_is_nothing_to_say(document: Any) -> None:
    operation = call(document(viewset(Action(id="act", status="todo"))))
    assert not parameters(operation, "header")
    assert not parameters(operation, "query")


@pytest.mark.parametrize(("key", "header"), [("if_match", "If-Match"), ("idempotency_key", "Idempotency-Key")])
def test_what_an_action_demands_is_required(document: Any, key: str, header: str) -> None:
    keys: Any = {key: "required"}
    made = document(viewset(Action(id="act", function=act, **keys), Action(id="other", function=act)))
    assert parameters(call(made), "header")[header]["required"] is True
    assert not parameters(call(made, "other"), "header")[header].get("required")


def test_what_many_operations_have_stands_in_the_components() -> None:
    made = three(viewset(Action(id="act", function=act), Action(id="other", function=act)))
    for name in ("act", "other"):
        operation = made["paths"][f"/todos/{{id}}/{name}/"]["post"]
        assert {"$ref": "#/components/parameters/ActionIdempotencyKey"} in operation["parameters"]
        assert operation["responses"]["422"] == {"$ref": "#/components/responses/ActionKeyReused"}
        assert operation["responses"]["200"]["headers"]["Action-Event"] == {"$ref": "#/components/headers/ActionEvent"}


@pytest.mark.parametrize(
    ("header", "text", "is_one"),
    [
        ("Idempotency-Key", '"8e03978e-40d5"', True),
        ("Idempotency-Key", "8e03978e-40d5", True),
        ("Idempotency-Key", '"a \\"quoted\\" one"', True),
        ("Idempotency-Key", "a, b", False),
        ("Idempotency-Key", '""', False),
        ("Idempotency-Key", "x" * 256, False),
        ("If-Match", '"1f9a0c"', True),
        ("If-Match", 'W/"1f9a0c", "2"', True),
        ("If-Match", "*", True),
        ("If-Match", "1f9a0c", False),
        ("If-Plan", "eyJhIjoxfQ:1abc:x-y_z", True),
        ("If-Plan", "a b", False),
    ],
)
def test_the_declared_form_of_a_header_is_the_one_that_is_understood(header: str, text: str, is_one: bool) -> None:
    declared = parameters(call(three(viewset(Action(id="act", function=act)))), "header")[header]["schema"]
    assert bool(re.search(declared["pattern"], text)) == is_one
    if is_one:
        read_terms({header: text}, {})
    else:
        with pytest.raises(Exception, match="not understood"):
            read_terms({header: text}, {})


def test_an_answer_may_have_the_members_of_a_preview(document: Any) -> None:
    made = document(viewset(Action(id="act", function=act), Action(id="other", function=act, preview=False)))
    assert "ActionPreview" in str(schema_of(call(made)["responses"]["200"]))
    assert "Dry-Run-Applied" in call(made)["responses"]["200"]["headers"]
    assert "ActionPreview" not in str(call(made, "other")["responses"]["200"])
    assert "Dry-Run-Applied" not in call(made, "other")["responses"]["200"]["headers"]


CLOSED = {"type": "object", "properties": {"done": {"type": "integer"}}, "additionalProperties": False}
OWN_PLAN = {"type": "object", "properties": {"plan": {"type": "integer"}}}


@pytest.mark.parametrize("result", [CLOSED, OWN_PLAN, Planned])
def test_where_a_preview_has_no_room_in_the_answer_it_is_another_one(result: Any) -> None:
    view = viewset(Action(id="act", function=act, result=result))
    assert list(schema_of(call(three(view))["responses"]["200"])) == ["anyOf"]
    assert "ActionPreview" not in str(call(two(view))["responses"]["200"])


def test_the_preview_of_a_file_is_json() -> None:
    content = call(three(viewset(Action(id="act", function=download))))["responses"]["200"]["content"]
    assert content["application/octet-stream"]["schema"] == {"type": "string", "format": "binary"}
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/ActionPreview"}


def test_what_is_for_later_is_accepted(document: Any) -> None:
    accepted = call(document(viewset(Action(id="act", function=act))))["responses"]["202"]
    assert "ActionAccepted" in str(accepted)
    assert {"Location", "Retry-After", "Action-Event"} <= set(accepted["headers"])


def test_an_action_in_the_background_answers_200_only_to_what_is_not_done_now(document: Any) -> None:
    keys: Any = {"function": act, "background": True}
    made = document(viewset(Action(id="act", **keys), Action(id="other", preview=False, **keys)))
    assert call(made)["responses"]["200"]["description"].startswith("It was only tried, or carried out before")
    assert call(made, "other")["responses"]["200"]["description"].startswith("It was carried out before")
    assert "`no_worker`" in call(made)["responses"]["503"]["description"]
    assert "always done by a worker" in call(made)["description"]


def test_a_required_version_may_be_missing(document: Any) -> None:
    actions = (Action(id="act", function=act, if_match="required"), Action(id="other", function=act))
    made = document(viewset(*actions))
    assert "428" in call(made)["responses"]
    assert "428" not in call(made, "other")["responses"]
    assert "ETag" in call(made)["responses"]["412"]["headers"]


def test_a_bulk_action_without_a_preview_meets_no_other_version(document: Any) -> None:
    operation = call(document(viewset(Action(id="act", function=act_on_all, type="bulk", preview=False))))
    assert "412" not in operation["responses"]


@pytest.mark.parametrize("scope", ["*", "todo", "todo:act"])
def test_a_budget_may_be_spent(document: Any, scope: str, settings: Any) -> None:
    settings.DJACTION_BUDGETS = {scope: "500/day"}
    actions = (Action(id="act", function=act), Action(id="other", function=act, throttle="1/min"))
    made = document(viewset(*actions))
    assert "`budget_exceeded`" in call(made)["responses"]["429"]["description"]
    assert ("`budget_exceeded`" in call(made, "other")["responses"]["429"]["description"]) == (scope != "todo:act")


def test_the_headers_of_its_life_are_declared(document: Any) -> None:
    keys: Any = {"status": "beta", "deprecated": "2026-05-01", "sunset": "2030-05-01"}
    made = document(viewset(Action(id="act", function=act, **keys), Action(id="other", function=act)))
    life = {"Action-Status", "Deprecation", "Sunset"}
    for answer in (call(made)["responses"]["200"], call(made)["responses"]["202"]):
        assert life <= set(answer["headers"])
    assert life <= set(made["paths"]["/todos/{id}/act/"]["get"]["responses"]["200"]["headers"])
    assert life.isdisjoint(call(made, "other")["responses"]["200"]["headers"])


@pytest.mark.parametrize(("if_match", "required"), [("optional", ["id"]), ("required", ["id", "etag"])])
def test_each_object_may_have_a_payload_of_its_own(if_match: str, required: list[str]) -> None:
    action = Action(id="act", function=act_on_all, type="bulk", if_match=if_match)
    made = three(viewset(action))
    content = call(made)["requestBody"]["content"]
    payload, items = content["application/json"]["schema"]["anyOf"]
    assert payload == content["application/x-www-form-urlencoded"]["schema"]
    written = made["components"]["schemas"][items["$ref"].rpartition("/")[2]]
    assert written["properties"]["items"]["items"]["required"] == required


def test_an_action_keeps_a_field_of_its_own_that_is_called_items() -> None:
    def keep(todos: Any, *, items: str) -> None: ...

    operation = call(three(viewset(Action(id="act", function=keep, type="bulk"))))
    assert "anyOf" not in operation["requestBody"]["content"]["application/json"]["schema"]


def test_object_by_object_is_another_answer_of_a_bulk_action() -> None:
    made = three(viewset(Action(id="act", function=act_on_all, type="bulk"), Action(id="other", function=act)))
    assert "ActionResults" in str(schema_of(call(made)["responses"]["200"]))
    assert "ActionResults" not in str(schema_of(call(made, "other")["responses"]["200"]))


def test_an_instance_action_says_how_it_is_done_to_several(document: Any) -> None:
    made = document(viewset(Action(id="act", function=act), Action(id="later", status="todo")))
    assert "`POST …/act/` without an object's key" in call(made)["description"]
    assert "POST" not in call(made, "later")["description"]


def test_it_is_said_what_takes_an_action_back(document: Any) -> None:
    made = document(viewset(Action(id="act", function=act, undo="other"), Action(id="other", function=act)))
    assert "`other` takes it back." in call(made)["description"]


def test_the_list_of_actions_can_be_asked_for_objects(document: Any) -> None:
    made = document(viewset(Action(id="act", function=act)))
    operation = made["paths"]["/todos/actions/"]["get"]
    assert [each["name"] for each in operation["parameters"]] == ["alpha", "ids"]
    assert {"400", "404"} <= set(operation["responses"])
    if document is three:
        assert len(schema_of(operation["responses"]["200"])["anyOf"]) == 2


@pytest.mark.parametrize(
    ("middleware", "version_field", "is_told"),
    [([], None, True), ([CONDITIONAL_GET], None, False), ([CONDITIONAL_GET], "updated_at", True)],
)
def test_reading_an_object_tells_its_version(
    document: Any, settings: Any, middleware: list[str], version_field: str | None, is_told: bool
) -> None:
    settings.MIDDLEWARE = middleware
    made = document(viewset(Action(id="act", function=act), version_field=version_field))
    read, written = (made["paths"]["/todos/{id}/"][method]["responses"]["200"] for method in ("get", "put"))
    assert ("ETag" in read.get("headers", {})) == is_told
    assert "ETag" not in written.get("headers", {})
    available = made["paths"]["/todos/{id}/actions/"]["get"]["responses"]["200"]
    assert ("ETag" in available.get("headers", {})) == (not middleware)


def test_a_field_of_the_payload_that_is_called_like_a_parameter_stays_the_payloads(document: Any) -> None:
    def repeat(todo: Any, *, cron: str) -> None: ...

    made = document(viewset(Action(id="act", function=repeat), Action(id="other", function=act)))
    assert "Or in the body." not in parameters(call(made), "query")["cron"]["description"]
    assert "Or in the body." in parameters(call(made), "query")["scheduled_time"]["description"]
    assert "Or in the body." in parameters(call(made, "other"), "query")["cron"]["description"]
