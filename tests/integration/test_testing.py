"""What `actions.testing` gives to those who test their actions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.urls import include, path
from rest_framework.routers import DefaultRouter
from rest_framework.test import APIClient
from rest_framework.viewsets import ModelViewSet

from actions import testing
from actions.context import ActionContext
from actions.definitions import Action
from actions.exceptions import FailedActionError, RefusedError
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.registry import ActionRegistry
from actions.testing import (
    ActionClient,
    EventActionFactory,
    action_url,
    assert_in_registry,
    assert_recorded,
    assert_recording,
    assert_refused,
    call_action,
    get_bulk_action_url,
    get_instance_action_url,
    is_served,
    make_context,
    perform_action,
)
from actions.tests import testutils
from example_app.actions.action_registry import ACTIONS
from example_app.models import Todo
from example_app.serializers import TodoSerializer
from example_app.views import TodoViewSet


class SluggedViewSet(ActionMixin, ModelViewSet[User]):
    """People by their user name, under a URL with a part of its own and a namespace."""

    queryset = User.objects.all()
    serializer_class = TodoSerializer
    lookup_field = "username"
    lookup_url_kwarg = "who"
    action_registry = ActionRegistry(
        "people", actions=[Action(id="greet", function=lambda user: {}), Action(id="count", type="bulk", function=len)]
    )


router = DefaultRouter()
router.register("people", SluggedViewSet, basename="person")
urlpatterns = [path("<str:shop>/", include((router.urls, "shops"), namespace="shop"))]


class TestUrls:
    @pytest.mark.parametrize("where", [TodoViewSet, ACTIONS, "todo"], ids=["viewset", "registry", "basename"])
    def test_the_url_of_an_action_is_found(self, where: Any) -> None:
        assert action_url(where, "mark_done", 7) == "/todos/7/mark_done/"
        assert action_url(where, "mark_all_done") == "/todos/mark_all_done/"

    def test_a_model_instance_is_its_own_key(self) -> None:
        assert action_url(TodoViewSet, "mark_done", Todo(pk=7)) == "/todos/7/mark_done/"

    @pytest.mark.urls(__name__)
    @pytest.mark.parametrize("where", [SluggedViewSet, "shop:person"])
    def test_look_ups_namespaces_and_further_parts_are_those_of_the_url(self, where: Any) -> None:
        assert action_url(where, "greet", User(username="alice"), shop="a") == "/a/people/alice/greet/"
        assert action_url(where, "count", shop="a") == "/a/people/count/"

    def test_an_unknown_action_is_answered_with_those_that_there_are(self) -> None:
        with pytest.raises(AssertionError, match=r'There is no route for "mark_don"\. There are: assign, .*mark_done'):
            action_url(TodoViewSet, "mark_don", 7)

    def test_a_viewset_that_no_url_leads_to_says_so(self) -> None:
        with pytest.raises(AssertionError, match="No route leads to actions of SluggedViewSet"):
            action_url(SluggedViewSet, "greet", 7)

    def test_an_instance_action_needs_its_object(self) -> None:
        with pytest.raises(AssertionError, match="cannot be made with no object"):
            action_url(TodoViewSet, "mark_done")

    def test_a_registry_is_served_or_not(self) -> None:
        assert is_served(ACTIONS)
        assert not is_served(SluggedViewSet.action_registry)

    @pytest.mark.parametrize("context", ["", None])
    def test_urls_without_a_context_have_no_prefix(self, context: str | None) -> None:
        assert get_instance_action_url(context, "todos", 7, "mark_done") == "/todos/7/mark_done/"
        assert get_bulk_action_url(context, "todos", "mark_all_done") == "/todos/mark_all_done/"

    @pytest.mark.parametrize("context", ["legacy", "/legacy/"])
    def test_urls_with_a_context_begin_with_it(self, context: str) -> None:
        assert get_instance_action_url(context, "todos", 7, "mark_done") == "/legacy/todos/7/mark_done/"
        assert get_bulk_action_url(context, "todos", "mark_all_done") == "/legacy/todos/mark_all_done/"

    def test_the_urls_are_the_real_ones(self) -> None:
        assert get_instance_action_url("", "todos", 7, "mark_done") == action_url(TodoViewSet, "mark_done", 7)
        assert get_bulk_action_url("", "todos", "move") == action_url(TodoViewSet, "move")


class TestRegistries:
    def test_an_action_that_can_be_called_is_in_its_registry(self) -> None:
        assert assert_in_registry(ACTIONS, "mark_done", "instance")["title"] == "Mark a todo as done"

    def test_one_that_is_not_there_is_shown_with_what_is_wrong(self) -> None:
        registry = ActionRegistry("broken", actions=[Action(id="nothing")])
        with pytest.raises(AssertionError, match=r'broken has no "nothing" that can be called.\n.*nothing to run'):
            assert_in_registry(registry, "nothing")

    def test_one_of_another_type_is_not_what_was_asked_for(self) -> None:
        with pytest.raises(AssertionError, match='"mark_done" is of type instance, not bulk'):
            assert_in_registry(ACTIONS, "mark_done", "bulk")

    @pytest.mark.django_db
    @pytest.mark.parametrize("url", ["/todos/actions/", "/todos/actions/list/"])
    def test_the_list_over_rest_is_a_registry_too(self, api: APIClient, url: str) -> None:
        response = api.get(url)
        assert assert_in_registry(response, "mark_done", "instance")["url"] == "/todos/:pk/mark_done/"
        assert assert_in_registry(response.json(), "move")["id"] == "move"
        with pytest.raises(AssertionError, match='"mark_done" is not among bulk_actions, which are: bulk_mark_done'):
            assert_in_registry(response, "mark_done", "bulk")


class TestCalls:
    def test_an_action_is_called_over_http(self, api: APIClient, todo: Todo) -> None:
        response = call_action(api, TodoViewSet, "mark_done", todo, {"note": "Sent."})
        assert (response.status_code, response.json()["is_done"]) == (200, True)

    def test_a_bulk_action_takes_ids(self, api: APIClient, todos: list[Todo]) -> None:
        response = call_action(api, "todo", "mark_all_done", ids=[todos[0].pk, todos[1].pk])
        assert response.json() == {"done": 2}

    def test_a_bulk_action_takes_a_filter(self, api: APIClient, todos: list[Todo]) -> None:
        response = call_action(api, TodoViewSet, "mark_all_done", query={"list": todos[0].list_id})
        assert response.json() == {"done": 3}

    def test_the_body_can_be_a_form(self, api: APIClient, todo: Todo) -> None:
        assert call_action(api, TodoViewSet, "mark_done", todo, {"note": "x"}, format="multipart").status_code == 200
        form = "application/x-www-form-urlencoded"
        assert call_action(api, TodoViewSet, "mark_done", todo, "note=y", content_type=form).status_code == 200
        todo.refresh_from_db()
        assert todo.note == "x\ny"

    def test_a_client_knows_actions_and_who_calls(self, alice: User, todo: Todo) -> None:
        client = ActionClient(actor=alice)
        assert client.act(TodoViewSet, "mark_done", todo).json()["done_by"] == "alice"
        assert client.describe(TodoViewSet, "mark_done", todo).json()["id"] == "mark_done"

    @pytest.mark.parametrize("where", [TodoViewSet, ACTIONS, "todo"], ids=["viewset", "registry", "resource"])
    def test_an_action_is_performed_without_http(self, where: Any, alice: User, todo: Todo) -> None:
        outcome = perform_action(where, "mark_done", todo, {"note": "Sent."}, actor=alice)
        assert outcome.body["done_by"] == "alice"
        todo.refresh_from_db()
        assert todo.note == "Sent."

    @pytest.mark.once
    def test_it_is_found_although_nobody_has_asked_for_a_url(self) -> None:
        program = (
            "import django; django.setup()\n"
            "from actions.call import find\n"
            "print(find('todo:mark_done')[0].viewset.__name__)\n"
        )
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert finished.stdout == "TodoViewSet\n"

    def test_the_selection_is_passed_on(self, alice: User, todos: list[Todo]) -> None:
        outcome = perform_action(TodoViewSet, "mark_all_done", actor=alice, filters={"list": todos[0].list_id})
        assert outcome.body == {"done": 3}

    def test_a_function_alone_gets_a_context(self) -> None:
        context = make_context(action="mark_done")
        assert isinstance(context, ActionContext)
        assert (context.action, context.correlation_id) == ("mark_done", str(context.uid))
        assert isinstance(context.actor, AnonymousUser)


class TestRecords:
    def test_what_was_recorded_is_given_back(self, api: APIClient, alice: User, todo: Todo) -> None:
        call_action(api, TodoViewSet, "mark_done", todo)
        [event] = assert_recorded(action="todo:mark_done", outcome="succeeded", object=todo, actor=alice)
        assert event.status_code == 200

    @pytest.mark.parametrize(
        "wrong",
        [
            {"action": "reopen"},
            {"action": "parcel:mark_done"},
            {"outcome": "failed"},
            {"object": 0},
            {"object": None},
            {"actor": None},
            {"actor": 0},
            {"door": "python"},
            {"status_code": 409},
            {"count": 2},
            {"count": 0},
        ],
        ids=str,
    )
    def test_anything_else_is_not_what_was_recorded(self, api: APIClient, todo: Todo, wrong: dict[str, Any]) -> None:
        call_action(api, TodoViewSet, "mark_done", todo)
        with pytest.raises(AssertionError, match=rf"todo {todo.pk}: mark_done \(succeeded\) 200 by alice through rest"):
            assert_recorded(**wrong)

    def test_nobody_and_no_object_can_be_asked_for(
        self, client_of: Callable[..., APIClient], todos: list[Todo]
    ) -> None:
        call_action(client_of(None), TodoViewSet, "mark_all_done", query={"all": "true"})
        assert_recorded(action="mark_all_done", object=None, actor=None, outcome="refused")

    @pytest.mark.django_db
    def test_that_nothing_was_recorded_can_be_asked_for(self) -> None:
        assert assert_recorded(count=0) == []
        with pytest.raises(AssertionError, match=r"Expected 1 of anything in the record, found 0\. It has: nothing\."):
            assert_recorded()

    def test_a_block_looks_only_at_what_is_recorded_inside(self, api: APIClient, todo: Todo) -> None:
        call_action(api, TodoViewSet, "mark_done", todo)
        with assert_recording(action="mark_done", request_data__note="x") as events:
            call_action(api, TodoViewSet, "mark_done", todo, {"note": "x"})
        assert [event.request_data for event in events] == [{"note": "x"}]

    def test_a_block_without_a_record_fails(self, api: APIClient, todo: Todo) -> None:
        call_action(api, TodoViewSet, "mark_done", todo)
        with (
            pytest.raises(AssertionError, match="Expected 1 of action='mark_done'"),
            assert_recording(action="mark_done"),
        ):
            pass

    def test_an_error_in_the_block_is_not_hidden(self, db: None) -> None:
        with pytest.raises(ZeroDivisionError), assert_recording():
            _ = 1 / 0


class TestRefusals:
    def test_a_response_is_refused_for_a_reason(self, api: APIClient, todo: Todo) -> None:
        response = call_action(api, TodoViewSet, "mark_done", todo, {"note": 5})
        refused = assert_refused(response, code="invalid_payload", status=400, field="note")
        assert refused.problem["title"] == "Bad Request"

    @pytest.mark.parametrize(
        ("expected", "message"),
        [
            ({"code": "refused"}, "Refused with code 'invalid_payload', not 'refused'"),
            ({"status": 409}, "Refused with status 400, not 409"),
            ({"field": "days"}, 'The field "days" has no error'),
        ],
    )
    def test_another_reason_is_shown(self, api: APIClient, todo: Todo, expected: dict[str, Any], message: str) -> None:
        response = call_action(api, TodoViewSet, "mark_done", todo, {"note": 5})
        with pytest.raises(AssertionError, match=message):
            assert_refused(response, **expected)

    def test_a_success_is_no_refusal(self, api: APIClient, todo: Todo) -> None:
        response = call_action(api, TodoViewSet, "mark_done", todo)
        with pytest.raises(AssertionError, match="The action was not refused: 200"):
            assert_refused(response)

    def test_another_error_than_an_action_s_is_no_refusal(self, api: APIClient) -> None:
        with pytest.raises(AssertionError, match="404 is no problem document"):
            assert_refused(api.get("/nothing/"))

    def test_a_call_without_http_is_refused_inside_a_block(self, alice: User, todo: Todo) -> None:
        with assert_refused(code="not_done", status=409) as refused:
            perform_action(TodoViewSet, "reopen", todo, actor=alice)
        assert refused.problem["detail"] == "The todo is not done yet."

    def test_a_block_that_is_not_refused_fails(self) -> None:
        with pytest.raises(AssertionError, match="The action was not refused"), assert_refused():
            pass

    def test_a_block_that_is_refused_otherwise_fails(self) -> None:
        with pytest.raises(AssertionError, match="not 'busy'"), assert_refused(code="busy"):
            raise RefusedError

    def test_an_error_that_nobody_expects_is_not_hidden(self) -> None:
        with pytest.raises(ZeroDivisionError), assert_refused():
            _ = 1 / 0

    def test_a_failure_can_be_asked_for_like_a_refusal(self) -> None:
        with assert_refused(code="failed", status=500):
            raise FailedActionError


@pytest.mark.django_db
class TestFactories:
    def test_a_record_is_made(self) -> None:
        event = EventActionFactory.create()
        assert EventAction.objects.get() == event
        assert (event.outcome, event.status_code, event.correlation_id) == ("succeeded", 200, str(event.uid))

    def test_records_of_each_outcome_and_type_are_made(self, alice: User) -> None:
        EventActionFactory.create(refused=True, actor=alice)
        EventActionFactory.create(failed=True, bulk=True)
        assert_recorded(outcome="refused", actor=alice, error__code="refused")
        assert_recorded(outcome="failed", object=None, actor=None, action_type="bulk")

    @pytest.mark.once
    def test_without_factory_boy_the_extra_is_named(self) -> None:
        program = (
            "import sys; sys.modules['factory'] = None\n"
            "import django; django.setup()\n"
            "from actions import testing\n"
            "from actions.testing import *\n"
            "from actions.exceptions import MissingExtraError\n"
            "try: testing.EventActionFactory\n"
            "except MissingExtraError as error: print(error)\n"
        )
        finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert finished.stdout == 'factory-boy is not installed. Install it with: pip install "dj-actions[testing]"\n'


def test_every_public_name_can_be_imported() -> None:
    assert all(hasattr(testing, name) for name in testing.__all__)
    assert "EventActionFactory" not in testing.__all__
    assert not hasattr(testing, "nothing")


def test_the_older_names_are_the_same() -> None:
    assert testutils.assert_in_registry is assert_in_registry
    assert testutils.get_instance_action_url is get_instance_action_url
    assert testutils.get_bulk_action_url is get_bulk_action_url
