"""What both libraries are told of the actions of a ViewSet."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django import forms
from django.http import FileResponse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import patched_settings
from drf_yasg import openapi
from drf_yasg.generators import OpenAPISchemaGenerator
from drf_yasg.inspectors import SwaggerAutoSchema
from rest_framework import viewsets
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter
from rest_framework.schemas.generators import EndpointEnumerator
from rest_framework.throttling import UserRateThrottle

from actions.context import ActionContext, Refusal
from actions.definitions import Action
from actions.mixins import ActionMixin
from example_app.filters import TodoFilter
from example_app.models import Todo
from example_app.serializers import TodoSerializer
from tests.contracts.openapi_documents import resolved

QUERY = {"dry_run", "scheduled_time", "cron"}
"""What each call may say in its query."""


class UploadForm(forms.Form):
    picture = forms.FileField(help_text="What it looks like.")
    note = forms.CharField(required=False)
    sizes = forms.MultipleChoiceField(choices=[(1, "Small"), (2, "Large")], required=False)

    def save(self, request: Any, pk: Any) -> Any: ...


def is_open(todo: Any, context: ActionContext) -> Refusal | None:
    """The todo is still
    open.

    More about it.
    """
    return None


def act(todo: Any, *, note: str = "", tags: list[str] | None = None) -> None: ...
def act_on_all(todos: Any, *, days: int) -> dict[str, int]: ...
def nest(todo: Any, *, inner: dict[str, int] | None = None) -> None: ...
def download(todo: Any) -> FileResponse: ...
def report(*, day: str) -> dict[str, Any]: ...


def viewset(*actions: Action, **attributes: Any) -> Any:
    """A ViewSet of todos with these actions."""
    base = {
        "queryset": Todo.objects.all(),
        "serializer_class": TodoSerializer,
        "authentication_classes": [BasicAuthentication],
        "permission_classes": [AllowAny],
        "filter_backends": [],
        "action_registry": list(actions),
    }
    return type("TodoViewSet", (ActionMixin, viewsets.ModelViewSet), {**base, **attributes})


def patterns(view: Any) -> Any:
    router = SimpleRouter()
    router.register("todos", view, basename="todo")
    return router.urls


def three(view: Any, version: str = "3.1.0") -> Any:
    """The document of drf-spectacular; it has nothing to complain about."""
    GENERATOR_STATS.reset()
    with patched_settings({"OAS_VERSION": version}):
        document = SchemaGenerator(patterns=patterns(view)).get_schema(public=True)
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    return document


def two(view: Any) -> Any:
    """The document of drf-yasg."""
    generator = OpenAPISchemaGenerator(openapi.Info("Todos", "1"), patterns=patterns(view))
    return generator.get_schema(None, public=True).as_dict()


@pytest.fixture(params=[two, three], ids=["2.0", "3.1"])
def document(request: pytest.FixtureRequest) -> Any:
    return request.param


def call(made: Any, name: str = "act") -> Any:
    """The operation that performs an action."""
    return next(resolved(made, item["post"]) for path, item in made["paths"].items() if path.endswith(f"/{name}/"))


def parameters(operation: Any, place: str) -> dict[str, Any]:
    """Those of the query, or of the headers, by name."""
    return {each["name"]: each for each in operation["parameters"] if each["in"] == place}


def test_title_and_description_are_the_definitions(document: Any) -> None:
    operation = call(document(viewset(Action(id="act", function=act, title="Do it", description="Really."))))
    assert operation["summary"] == "Do it"
    assert operation["description"].startswith("Really.\n\n")


@pytest.mark.parametrize(("status", "word"), [("alpha", "Alpha"), ("beta", "Beta"), ("todo", "Planned")])
def test_a_status_before_prod_is_said(document: Any, status: str, word: str, settings: Any) -> None:
    settings.DJACTION_SHOW_ALPHA = True
    assert f"**{word}:**" in call(document(viewset(Action(id="act", function=act, status=status))))["description"]


def test_conditions_are_told_in_their_own_words(document: Any) -> None:
    operation = call(document(viewset(Action(id="act", function=act, conditions=(is_open,)))))
    assert "**Only if:**\n- The todo is still open." in operation["description"]
    assert "More about it" not in operation["description"]


def test_permissions_are_told_by_name_or_in_their_own_words(document: Any) -> None:
    permissions = ("example_app.change_todo", "rest_framework.permissions.IsAdminUser")
    operation = call(document(viewset(Action(id="act", function=act, permissions=permissions))))
    assert "- `example_app.change_todo`\n- Allows access only to admin users." in operation["description"]


@pytest.mark.parametrize("deprecated", [True, "2026-05-01"])
def test_a_deprecated_action_is_marked(document: Any, deprecated: Any) -> None:
    made = document(viewset(Action(id="act", function=act, deprecated=deprecated), Action(id="b", function=act)))
    assert call(made)["deprecated"] is True
    assert "deprecated" not in call(made, "b")


def test_the_definitions_tags_are_taken(document: Any) -> None:
    made = document(viewset(Action(id="act", function=act, tags=("a", "b")), Action(id="other", function=act)))
    assert call(made)["tags"] == ["a", "b"]
    assert call(made, "other")["tags"] == made["paths"]["/todos/"]["get"]["tags"]


def test_programs_are_told_what_kind_of_action_it_is(document: Any) -> None:
    keys: Any = {"idempotent": True, "destructive": True, "background": True, "if_match": "required", "undo": "other"}
    action = Action(id="act", function=act, version="2", capabilities=("read",), max_objects=5, **keys)
    assert call(document(viewset(action, Action(id="other", function=act))))["x-action"] == {
        "id": "act",
        "type": "instance",
        "status": "prod",
        "version": "2",
        "idempotent": True,
        "destructive": True,
        "preview": True,
        "undo": "other",
        "background": True,
        "if_match": "required",
        "idempotency_key": "optional",
        "max_objects": 5,
        "capabilities": ["read"],
    }


def test_programs_are_not_told_what_is_not_so(document: Any) -> None:
    said = call(document(viewset(Action(id="act", function=act, preview=False))))["x-action"]
    assert said.keys() >= {"id", "type", "status", "if_match", "idempotency_key"}
    assert said.keys().isdisjoint({"preview", "undo", "destructive", "background", "max_objects", "capabilities"})


@pytest.mark.parametrize(
    ("keys", "attributes", "statuses"),
    [
        ({}, {}, "200 202 400 401 403 404 409 412 413 415 422 501 503"),
        ({"throttle": "1/min"}, {}, "200 202 400 401 403 404 409 412 413 415 422 429 501 503"),
        ({}, {"throttle_classes": [UserRateThrottle]}, "200 202 400 401 403 404 409 412 413 415 422 429 501 503"),
        ({"sunset": "2026-05-01"}, {}, "200 202 400 401 403 404 409 410 412 413 415 422 501 503"),
        ({"status": "todo"}, {}, "400 401 403 413 415 501"),
        ({}, {"authentication_classes": []}, "200 202 400 404 409 412 413 415 422 501 503"),
    ],
)
def test_the_refusals_that_are_possible_are_declared(document: Any, keys: Any, attributes: Any, statuses: str) -> None:
    operation = call(document(viewset(Action(id="act", function=act, **keys), **attributes)))
    assert sorted(operation["responses"]) == statuses.split()


def test_a_bulk_action_without_objects_finds_none_missing(document: Any) -> None:
    operation = call(document(viewset(Action(id="act", function=report, type="bulk", selection="none"))))
    assert "404" not in operation["responses"]
    assert set(parameters(operation, "query")) == QUERY


def test_without_a_limit_no_body_is_too_large(document: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert "413" not in call(document(viewset(Action(id="act", function=act))))["responses"]


def test_a_bulk_action_takes_ids_all_and_the_filters_of_the_list(document: Any) -> None:
    from django_filters.rest_framework import DjangoFilterBackend
    from rest_framework.filters import OrderingFilter, SearchFilter

    attributes = {
        "filterset_class": TodoFilter,
        "search_fields": ["title"],
        "filter_backends": [DjangoFilterBackend, SearchFilter, OrderingFilter],
        "action_query_parameters": ["archived"],
    }
    operation = call(document(viewset(Action(id="act", function=act_on_all, type="bulk"), **attributes)))
    expected = "all archived due_after due_before expect_count ids is_done list owner priority search"
    assert set(parameters(operation, "query")) == {*QUERY, *expected.split()}


def test_ids_of_a_query_are_one_value_with_commas() -> None:
    view = viewset(Action(id="act", function=act_on_all, type="bulk"))
    old = parameters(call(two(view)), "query")["ids"]
    new = parameters(call(three(view)), "query")["ids"]
    assert old["collectionFormat"] == "csv"
    assert (new["style"], new["explode"]) == ("form", False)


def test_ids_are_of_the_kind_of_the_key() -> None:
    made = three(viewset(Action(id="act", function=act_on_all, type="bulk"), lookup_field="title"))
    properties = made["components"]["schemas"]["TodoActPayload"]["properties"]
    assert properties["ids"]["items"] == {"type": "string"}


def test_an_action_keeps_a_field_of_its_own_that_is_called_ids() -> None:
    def keep(todos: Any, *, ids: str) -> None: ...

    made = three(viewset(Action(id="act", function=keep, type="bulk")))
    assert made["components"]["schemas"]["TodoActPayload"]["properties"]["ids"]["type"] == "string"


@pytest.mark.parametrize(("selection", "words"), [("filter", "say which are meant"), ("all", "all that the caller")])
def test_it_is_said_how_objects_are_chosen(document: Any, selection: str, words: str) -> None:
    action = Action(id="act", function=act_on_all, type="bulk", selection=selection, max_objects=50)
    description = call(document(viewset(action)))["description"]
    assert words in description
    assert "At most 50 at once." in description


def test_json_and_forms_are_taken_where_a_form_can_say_it() -> None:
    made = three(viewset(Action(id="act", function=act), Action(id="nest", function=nest)))
    assert list(call(made)["requestBody"]["content"]) == ["application/json", "application/x-www-form-urlencoded"]
    assert list(call(made, "nest")["requestBody"]["content"]) == ["application/json"]


def test_a_file_is_sent_as_multipart_only(document: Any) -> None:
    operation = call(document(viewset(Action(id="act", form=UploadForm))))
    consumed = operation["consumes"] if "consumes" in operation else list(operation["requestBody"]["content"])
    assert consumed == ["multipart/form-data"]


def test_swagger_takes_a_file_as_a_field_of_a_form() -> None:
    fields = {field["name"]: field for field in call(two(viewset(Action(id="act", form=UploadForm))))["parameters"]}
    assert fields["picture"]["in"] == "formData"
    assert fields["picture"]["type"] == "file"
    assert fields["picture"]["required"] is True
    assert fields["note"]["type"] == "string"
    assert fields["sizes"]["items"] == {"type": "integer", "enum": [1, 2]}
    assert fields["sizes"]["collectionFormat"] == "multi"


def test_a_body_is_required_where_a_field_is() -> None:
    view = viewset(Action(id="act", function=act_on_all, type="bulk"), Action(id="b", function=act))
    made = three(view)
    assert call(made)["requestBody"]["required"] is True
    assert "required" not in call(made, "b")["requestBody"]
    assert [each["required"] for each in call(two(view))["parameters"] if each["in"] == "body"] == [True]


EXAMPLES = (
    {"title": "Nothing", "payload": {}},
    {"title": "A note", "payload": {"note": "x"}, "response": {"id": 1}, "description": "Short."},
)


def test_examples_of_the_definition_are_shown() -> None:
    operation = call(three(viewset(Action(id="act", function=act, examples=EXAMPLES))))
    content = operation["requestBody"]["content"]["application/json"]
    assert [(each["summary"], each["value"]) for each in content["examples"].values()] == [
        ("Nothing", {}),
        ("A note", {"note": "x"}),
    ]
    answers = operation["responses"]["200"]["content"]["application/json"]["examples"]
    assert [each["value"] for each in answers.values()] == [{"id": 1}]


def test_swagger_shows_the_first_example_that_says_something_and_tells_all() -> None:
    made = two(viewset(Action(id="act", function=act, examples=EXAMPLES)))
    assert made["definitions"]["TodoActPayload"]["example"] == {"note": "x"}
    assert '- Nothing: `{}`\n- A note: `{"note": "x"}`' in call(made)["description"]
    assert call(made)["responses"]["200"]["examples"] == {"application/json": {"id": 1}}


def test_an_example_payload_goes_before_the_examples() -> None:
    action = Action(id="act", function=act, example_payload={"note": "first"}, examples=EXAMPLES)
    assert two(viewset(action))["definitions"]["TodoActPayload"]["example"] == {"note": "first"}


def test_a_refusal_is_a_problem_document(document: Any) -> None:
    made = document(viewset(Action(id="act", function=act)))
    response = call(made)["responses"]["409"]
    schema = response["schema"] if "schema" in response else response["content"]["application/problem+json"]["schema"]
    assert schema["$ref"].endswith("/ActionProblem")
    assert "application/problem+json" in (call(made).get("produces") or response["content"])


def test_the_documentation_of_an_action_is_an_operation(document: Any) -> None:
    made = document(viewset(Action(id="act", function=act, title="Do it")))
    operation = made["paths"]["/todos/{id}/act/"]["get"]
    assert operation["operationId"] == "todos_act_documentation"
    assert operation["summary"] == "Documentation: Do it"
    assert "ActionDocumentation" in str(operation["responses"]["200"])


def test_a_function_with_a_file_as_its_answer_declares_one(document: Any) -> None:
    success = call(document(viewset(Action(id="act", function=download))))["responses"]["200"]
    schemas = [success.get("schema"), *(content["schema"] for content in success.get("content", {}).values())]
    assert {"type": "file"} in schemas or {"type": "string", "format": "binary"} in schemas


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_what_may_be_null_is_written_as_the_version_wants_it(version: str) -> None:
    made = three(viewset(Action(id="act", function=act)), version)
    written = made["components"]["schemas"]["TodoActPayload"]["properties"]["tags"]
    expected = {"type": "array", "nullable": True} if version.startswith("3.0") else {"type": ["array", "null"]}
    assert {key: value for key, value in written.items() if key in ("type", "nullable")} == expected


def test_the_projects_own_schema_class_stays_below() -> None:
    class OwnSwagger(SwaggerAutoSchema):
        def get_security(self) -> Any:
            return [{"own": []}]

    class Own(AutoSchema):
        def get_auth(self) -> Any:
            return [{"own": []}]

    view = viewset(Action(id="act", function=act), swagger_schema=OwnSwagger, schema=Own())
    assert call(two(view))["security"] == call(three(view))["security"] == [{"own": []}]


def test_a_viewset_that_wants_no_documentation_gets_none() -> None:
    view = viewset(Action(id="act", function=act), swagger_schema=None, schema=None)
    assert two(view)["paths"] == three(view)["paths"] == {}


def test_a_subclass_documents_its_own_actions(document: Any) -> None:
    parent = viewset(Action(id="act", function=act))
    document(parent)
    child = type("ChildViewSet", (parent,), {"action_registry": [Action(id="other", function=nest)]})
    made = document(child)
    assert call(made, "other")["x-action"]["id"] == "other"


def test_every_generator_is_told_to_leave_the_older_routes_out() -> None:
    endpoints = EndpointEnumerator(patterns(viewset(Action(id="act", function=act)))).get_api_endpoints()
    paths = {path for path, _method, _callback in endpoints}
    assert paths == {"/todos/", "/todos/{pk}/", "/todos/{pk}/act/", "/todos/actions/", "/todos/{pk}/actions/"}


def test_a_viewset_that_knows_no_anonymous_caller_is_documented_without_its_filters(
    document: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from django_filters.rest_framework import DjangoFilterBackend

    def get_queryset(self: Any) -> Any:
        return self.request.user.todos.all()

    attributes = {"get_queryset": get_queryset, "filter_backends": [DjangoFilterBackend], "filterset_class": TodoFilter}
    view = viewset(Action(id="act", function=act_on_all, type="bulk"), **attributes)
    # Without this line drf-spectacular complains of the same for its own part.
    view.queryset = None if document is two else Todo.objects.all()
    with caplog.at_level(logging.WARNING, "actions.openapi"):
        operation = call(document(view))
    assert set(parameters(operation, "query")) == {"ids", "all", "expect_count", *QUERY}
    assert "swagger_fake_view" in caplog.text
