"""`actions = ActionsField()` in a serializer: what the caller may do with the object, inside of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from drf_yasg import openapi
from drf_yasg.generators import OpenAPISchemaGenerator
from rest_framework import generics, pagination, routers, serializers, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.test import APIClient

from actions import Action, ActionContext, ActionRegistry, perform
from actions.conditions import condition
from actions.context import Refusal
from actions.exceptions import ConfigurationError
from actions.fields import ActionsField
from actions.mixins import ActionMixin
from example_app.models import Todo, TodoList
from example_app.permissions import MayChange

HERE = __name__


@condition(passes=lambda todos, context: todos.filter(list__is_shared=True))
def shared(todo: Todo, context: ActionContext) -> Refusal | None:
    """The todo stands in a shared list; asked of one, that costs a statement."""
    is_shared = TodoList.objects.filter(todos=todo, is_shared=True).exists()
    return None if is_shared else Refusal("private", "Its list is not shared.")


def touch(todo: Todo) -> None:
    """Change nothing, and answer with the object."""


class TodoWithActions(serializers.ModelSerializer[Todo]):
    actions = ActionsField()

    class Meta:
        model = Todo
        fields = ["id", "title", "actions"]


class NamedTodo(serializers.ModelSerializer[Todo]):
    """For views that are not the ViewSet."""

    actions = ActionsField(viewset=f"{HERE}.Todos", help_text="What can be done.")

    class Meta:
        model = Todo
        fields = ["id", "actions"]


class ListWithTodos(serializers.ModelSerializer[TodoList]):
    todos = NamedTodo(many=True, read_only=True)

    class Meta:
        model = TodoList
        fields = ["id", "todos"]


class ListWithUnnamedTodos(serializers.ModelSerializer[TodoList]):
    todos = TodoWithActions(many=True, read_only=True)

    class Meta:
        model = TodoList
        fields = ["id", "todos"]


class Plain(serializers.Serializer[Any]):
    actions = ActionsField()


class Pages(pagination.PageNumberPagination):
    page_size = 10
    page_size_query_param = "size"
    max_page_size = 100


class Todos(ActionMixin, viewsets.ModelViewSet[Todo]):
    queryset = Todo.objects.select_related("list")
    serializer_class = TodoWithActions
    permission_classes = [IsAuthenticated, MayChange]
    pagination_class = Pages
    action_registry = ActionRegistry(
        "errand",
        actions=[
            Action(id="touch", function=touch, status="prod"),
            Action(id="spread", function=touch, status="prod", conditions=(shared,)),
            Action(id="untried", function=touch, status="alpha"),
        ],
    )

    def get_queryset(self) -> Any:
        return Todo.objects.visible_to(self.request.user).select_related("list")


class AllTodos(Todos):
    pagination_class = None


class ByTitle(AllTodos):
    lookup_field = "title"
    lookup_value_regex = "[^/]+"


class Lists(viewsets.ReadOnlyModelViewSet[TodoList]):
    queryset = TodoList.objects.prefetch_related("todos")
    serializer_class = ListWithTodos
    filter_backends = []


class UnnamedLists(Lists):
    serializer_class = ListWithUnnamedTodos


class PlainTodos(generics.ListAPIView[Todo]):
    queryset = Todo.objects.select_related("list")
    serializer_class = NamedTodo
    pagination_class = None
    filter_backends = []


router = routers.SimpleRouter()
router.register("todos", Todos, basename="errand")
router.register("all", AllTodos, basename="all")
router.register("titles", ByTitle, basename="titles")
router.register("lists", Lists, basename="lists")
router.register("unnamed", UnnamedLists, basename="unnamed")
urlpatterns = [path("api/", include(router.urls)), path("api/plain/", PlainTodos.as_view())]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def thirty(todo_list: TodoList, alice: User) -> list[Todo]:
    """Some in a shared list and the rest not."""
    other = TodoList.objects.create(name="Shared", owner=alice, is_shared=True)
    return [
        Todo.objects.create(title=f"Todo {number}", owner=alice, list=other if number % 3 else todo_list)
        for number in range(30)
    ]


def get(client: APIClient, url: str) -> Any:
    response = client.get(url)
    assert response.status_code == 200, response.content
    return response.json()


def statements(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


def test_an_object_has_what_its_own_route_answers(api: APIClient, todo: Todo) -> None:
    inside = get(api, f"/api/todos/{todo.pk}/")["actions"]

    assert inside == get(api, f"/api/todos/{todo.pk}/actions/")
    assert [(entry["href"], entry["available"]) for entry in inside] == [
        (f"/api/todos/{todo.pk}/touch/", True),
        (f"/api/todos/{todo.pk}/spread/", False),
    ]


def test_a_link_leads_where_it_says_whatever_the_key(api: APIClient, todo: Todo) -> None:
    Todo.objects.update(title="50 % off?")
    inside = get(api, "/api/titles/")[0]["actions"]

    assert inside[0]["href"] == "/api/titles/50%20%25%20off%3F/touch/"
    assert inside == get(api, "/api/titles/50%20%25%20off%3F/actions/")
    assert api.post(inside[0]["href"], {}, format="json").status_code == 200


@pytest.mark.parametrize("query", ["", "?page=2&size=7", "?search=Todo"])
def test_every_object_of_a_page_has_it(api: APIClient, thirty: list[Todo], query: str) -> None:
    page = get(api, f"/api/todos/{query}")["results"]

    assert len(page) in (7, 10)
    for each in page:
        assert each["actions"] == get(api, f"/api/todos/{each['id']}/actions/")


def test_it_is_for_this_caller(todo: Todo, bob: User, client_of: Any) -> None:
    TodoList.objects.update(is_shared=True)

    [touch_entry, _spread] = get(client_of(bob), f"/api/todos/{todo.pk}/")["actions"]

    assert [reason["kind"] for reason in touch_entry["reasons"]] == ["permission"]


def test_a_condition_with_a_form_over_a_queryset_costs_one_statement_for_the_page(
    api: APIClient, thirty: list[Todo]
) -> None:
    Todo.objects.update(list=thirty[1].list)
    three = statements(lambda: get(api, "/api/todos/?size=3"))
    all_of_them = statements(lambda: get(api, "/api/todos/?size=30"))

    # The number of todos, the page, and the condition.
    assert (three, all_of_them) == (3, 3)
    assert statements(lambda: get(api, "/api/all/")) == 2


def test_alpha_actions_are_there_for_those_who_ask_for_them(api: APIClient, todo: Todo) -> None:
    for query, names in {"?alpha=true": 3, "?alpha=false": 2, "?alpha=something_of_the_projects_own": 2}.items():
        assert len(get(api, f"/api/todos/{todo.pk}/{query}")["actions"]) == names


def test_the_answer_of_an_action_has_it(api: APIClient, todo: Todo) -> None:
    answer = api.post(f"/api/todos/{todo.pk}/touch/", {}, format="json").json()

    assert answer["actions"] == get(api, f"/api/todos/{todo.pk}/actions/")


def test_so_has_the_answer_of_a_changed_object(api: APIClient, todo: Todo) -> None:
    answer = api.patch(f"/api/todos/{todo.pk}/", {"title": "New", "actions": []}, format="json").json()

    assert (answer["title"], len(answer["actions"])) == ("New", 2)


def test_python_gets_it_too(api: APIClient, todo: Todo, alice: User) -> None:
    outcome = perform("errand:touch", target=todo.pk, actor=alice)

    assert outcome.body["actions"] == get(api, f"/api/todos/{todo.pk}/actions/")


def test_inside_of_another_object_it_is_that_of_the_viewset_that_is_named(
    api: APIClient, thirty: list[Todo], todo_list: TodoList
) -> None:
    todos = get(api, f"/api/lists/{todo_list.pk}/")["todos"]

    assert len(todos) == 10
    for each in todos:
        assert each["actions"] == get(api, f"/api/todos/{each['id']}/actions/")


def test_so_it_is_in_a_view_without_actions(api: APIClient, thirty: list[Todo]) -> None:
    answer = get(api, "/api/plain/")

    assert answer[3]["actions"] == get(api, f"/api/todos/{answer[3]['id']}/actions/")
    Todo.objects.update(list=thirty[1].list)
    assert statements(lambda: get(api, "/api/plain/")) == 2


def test_without_a_route_the_registry_says_where_it_is(
    api: APIClient, todo: Todo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Todos.action_registry, "resource", "of_no_route")
    with pytest.raises(ConfigurationError, match=rf"URL of example_app.Todo {todo.pk} is not known. Register Todos"):
        api.get("/api/plain/")

    monkeypatch.setattr(Todos.action_registry, "basepath", "/errands/")
    assert get(api, "/api/plain/")[0]["actions"][0]["href"] == f"/errands/{todo.pk}/touch/"


def test_a_view_that_has_no_actions_for_it_is_a_mistake_of_the_project(api: APIClient, todo: Todo) -> None:
    with pytest.raises(ConfigurationError, match=r"TodoWithActions\.actions: UnnamedLists has no actions for .*Todo"):
        api.get(f"/api/unnamed/{todo.list_id}/")


@pytest.mark.parametrize("context", [{}, {"view": object()}, {"request": object()}])
def test_a_context_without_view_or_request_is_a_mistake_of_the_project(todo: Todo, context: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r'TodoWithActions\.actions needs "view" and "request"'):
        TodoWithActions(todo, context=context).data  # noqa: B018 - the property does the work


def test_what_is_no_object_of_a_model_is_a_mistake_of_the_project() -> None:
    with pytest.raises(ConfigurationError, match=r"Plain\.actions is for objects of a model, not dict"):
        Plain({"title": "x"}).data  # noqa: B018 - the property does the work


def test_an_object_that_is_not_saved_has_none() -> None:
    assert TodoWithActions(Todo(title="x")).data["actions"] == []


def test_swagger_describes_the_entries() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = OpenAPISchemaGenerator(openapi.Info("Todos", "1"), patterns=router.urls).get_schema(None, True)
    definitions = document.as_dict()["definitions"]

    field = definitions["TodoWithActions"]["properties"]["actions"]
    assert (field["type"], field["readOnly"]) == ("array", True)
    assert field["items"] == {"$ref": "#/definitions/AvailableAction"}
    assert_entry(definitions["AvailableAction"], definitions["ActionReason"])


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_openapi_describes_the_entries_without_a_warning(version: str) -> None:
    GENERATOR_STATS.reset()
    with patched_settings({"OAS_VERSION": version}):
        document: Any = SchemaGenerator(patterns=router.urls).get_schema(public=True)
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    components = document["components"]["schemas"]

    field = components["TodoWithActions"]["properties"]["actions"]
    assert (field["type"], field["readOnly"]) == ("array", True)
    assert field["items"] == {"$ref": "#/components/schemas/AvailableAction"}
    assert_entry(components["AvailableAction"], components["ActionReason"])


def assert_entry(entry: dict[str, Any], reason: dict[str, Any]) -> None:
    """The members of an entry and of a reason, and what they are."""
    kinds = {name: member["type"] for name, member in entry["properties"].items()}
    assert kinds == {
        **dict.fromkeys(["name", "title", "href", "method", "status"], "string"),
        **dict.fromkeys(["available", "destructive", "idempotent"], "boolean"),
        "reasons": "array",
        "schema": "object",
    }
    assert sorted(reason["properties"]) == ["code", "detail", "fix", "kind"]


def test_drfs_metadata_describe_the_entries(api: APIClient, todo: Todo) -> None:
    fields = api.options("/api/todos/").json()["actions"]["POST"]

    assert fields["actions"]["read_only"] is True
    assert set(fields["actions"]["child"]["children"]) >= {"name", "available", "reasons"}


def test_the_browsable_api_shows_an_object_with_its_actions(api: APIClient, todo: Todo) -> None:
    response = api.get(f"/api/todos/{todo.pk}/", HTTP_ACCEPT="text/html")

    assert response.status_code == 200
    assert f"/api/todos/{todo.pk}/spread/" in response.content.decode()
