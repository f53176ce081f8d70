"""What an execution leaves behind: one `EventAction`, whatever came of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import DatabaseError
from django.http import HttpResponse
from rest_framework import routers, serializers, viewsets
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate

from actions import Action, ActionRegistry, perform
from actions.exceptions import ActionError, FailedActionError
from actions.mixins import ActionMixin
from actions.models import ActionEvent, EventAction
from actions.redaction import MASK, redact, secret_names
from example_app.models import Todo, TodoList
from tests.app.models import Article

pytestmark = pytest.mark.django_db


def event_of(response: Any = None) -> EventAction:
    """The one record that there is."""
    return EventAction.objects.get()


def test_a_success_is_recorded_with_all_that_an_operator_asks_for(api: APIClient, todo: Todo, alice: User) -> None:
    api.post(f"/todos/{todo.pk}/mark_done/", {"note": "x"}, format="json")

    event = event_of()
    assert (event.resource, event.action, event.action_type, event.object_id) == (
        "todo",
        "mark_done",
        "instance",
        str(todo.pk),
    )
    assert (event.actor_id, event.actor_name, event.door) == (str(alice.pk), "alice", "rest")
    assert (event.outcome, event.status_code, event.definition_version) == ("succeeded", 200, "1.0")
    assert event.request_data == {"note": "x"}
    assert event.response_data["done_by"] == "alice"
    assert event.duration_seconds > 0
    assert event.error is None


def test_the_fields_that_were_saved_stand_with_before_and_after(api: APIClient, todo: Todo) -> None:
    api.post(f"/todos/{todo.pk}/mark_done/", {"note": "x"}, format="json")

    changes = {change["field"]: change for change in event_of().changes}
    about = {"model": "example_app.todo", "key": str(todo.pk)}
    assert changes["is_done"] == {**about, "field": "is_done", "before": False, "after": True}
    assert changes["note"] == {**about, "field": "note", "before": "", "after": "x"}
    assert "title" not in changes


def test_a_refusal_is_recorded_with_its_reason(api: APIClient, todo: Todo) -> None:
    api.post(f"/todos/{todo.pk}/postpone/", {"days": 1000}, format="json")

    event = event_of()
    assert (event.outcome, event.status_code) == ("refused", 400)
    assert event.error["code"] == "invalid_payload"
    assert "days" in event.error["errors"]


def test_a_missing_object_is_recorded_as_it_was_asked_for(api: APIClient, todo: Todo) -> None:
    api.post("/todos/4711/mark_done/", {}, format="json")

    assert (event_of().status_code, event_of().object_id) == (404, "4711")


def test_a_denied_call_is_recorded_and_one_by_nobody_too(todo: Todo, client_of: Any) -> None:
    client_of(None).post(f"/todos/{todo.pk}/mark_done/", {}, format="json")

    event = event_of()
    assert (event.status_code, event.actor_id, event.actor_name) == (403, None, "")


def test_calls_that_reach_no_action_leave_nothing(api: APIClient, todo: Todo) -> None:
    api.get(f"/todos/{todo.pk}/mark_done/")
    api.put(f"/todos/{todo.pk}/mark_done/", {}, format="json")
    api.post(f"/todos/{todo.pk}/no_such/", {}, format="json")

    assert not EventAction.objects.exists()


def test_a_bulk_record_says_which_objects_were_asked_for(
    api: APIClient, todos: list[Todo], todo_list: TodoList
) -> None:
    api.post(f"/todos/mark_all_done/?list={todo_list.pk}", {}, format="json")

    event = event_of()
    assert (event.action_type, event.object_id) == ("bulk", None)
    assert event.selection == {"filter": {"list": str(todo_list.pk)}}


def test_tracking_is_switched_off_by_a_setting_at_once(api: APIClient, todo: Todo, settings: Any) -> None:
    settings.DJACTION_TRACK_ACTIONS = False

    assert api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json").status_code == 200
    assert not EventAction.objects.exists()


def test_the_older_name_of_the_model_is_the_same_model() -> None:
    assert ActionEvent is EventAction


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = "__all__"


def fail(article: Article) -> None:
    """Change something and then break."""
    article.title = "half"
    article.save()
    raise ValueError("the reason is secret-ish")


def log_in(article: Article, *, user: str, password: str, options: dict[str, str] | None = None) -> dict[str, str]:
    """Take secrets."""
    return {"token": "abc", "user": user}


def unserialisable(article: Article) -> dict[str, object]:
    """Change something and answer with what JSON has no word for."""
    article.title = "changed"
    article.save()
    return {"it": object()}


def unserialisable_list(article: Article) -> list[object]:
    """Change something and answer with a list of what JSON has no word for."""
    article.title = "changed"
    article.save()
    return [object()]


def download(article: Article) -> HttpResponse:
    """Answer with a file."""
    return HttpResponse(b"%PDF", content_type="application/pdf")


def answer_404(article: Article) -> HttpResponse:
    """Change something and then answer that there is nothing."""
    article.title = "changed"
    article.save()
    return HttpResponse(status=404)


def attach(article: Article, *, file: UploadedFile) -> dict[str, int]:
    """Take a file."""
    return {"size": file.size}


def rename_unsaved(article: Article) -> dict[str, str]:
    """Change an attribute and never save it."""
    article.title = "never saved"
    return {}


def like_twice(article: Article, *, context: Any) -> dict[str, str]:
    """Call another action."""
    perform("recorded:like", article, actor=None)
    perform("recorded:like", article, actor=None)
    return {"correlation_id": context.correlation_id}


def like(article: Article) -> None:
    """Count one more."""
    article.likes += 1
    article.save(update_fields=["likes"])


def break_the_database(article: Article) -> None:
    """Ask the database for something that it cannot do."""
    raise DatabaseError("no such table")


class ArticleViewSet(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    action_registry = ActionRegistry(
        "recorded",
        actions=[
            Action(id=function.__name__, function=function)
            for function in (
                fail,
                log_in,
                unserialisable,
                unserialisable_list,
                download,
                answer_404,
                attach,
                rename_unsaved,
                like_twice,
                like,
                break_the_database,
            )
        ],
    )


router = routers.SimpleRouter()
router.register("articles", ArticleViewSet)


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="A title")


def call(article: Article, action: str, data: Any = None, user: User | None = None, **options: Any) -> Any:
    """The action over REST, without a URLconf."""
    request = APIRequestFactory().post("/", data or {}, **({"format": "json"} | options))
    if user:
        force_authenticate(request, user)
    view = ArticleViewSet.as_view({"post": action}, detail=True, action_name=action)
    response = view(request, pk=article.pk)
    return response.render() if hasattr(response, "render") else response


def test_a_failure_rolls_back_and_its_record_stays(article: Article) -> None:
    response = call(article, "fail")

    article.refresh_from_db()
    assert (response.status_code, article.title) == (500, "A title")
    assert "secret-ish" not in response.content.decode()
    event = event_of()
    assert (event.outcome, event.status_code) == ("failed", 500)
    assert event.error["exception"] == "ValueError: the reason is secret-ish"
    assert "in fail" in event.error["traceback"]
    assert event.changes is None


def test_a_failure_reaches_monitoring_as_an_unhandled_exception_would(article: Article, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__

    with pytest.raises(FailedActionError) as caught:
        APIClient().post(f"/articles/{article.pk}/fail/")
    assert isinstance(caught.value.__cause__, ValueError)


def test_secrets_never_reach_the_record(article: Article) -> None:
    call(article, "log_in", {"user": "eve", "password": "hunter2", "options": {"api-key": "k", "x": "y"}})

    event = event_of()
    assert event.request_data == {"user": "eve", "password": "********", "options": {"api-key": "********", "x": "y"}}
    assert event.response_data == {"token": "********", "user": "eve"}


def test_a_result_that_is_no_json_changes_nothing(article: Article) -> None:
    response = call(article, "unserialisable")

    article.refresh_from_db()
    assert (response.status_code, response.data["code"], article.title) == (500, "result_not_json", "A title")
    assert event_of().outcome == "failed"


def test_a_file_is_answered_as_it_is_and_described_in_the_record(article: Article) -> None:
    response = call(article, "download")

    assert (response.content, response["Content-Type"]) == (b"%PDF", "application/pdf")
    assert event_of().response_content == "application/pdf, 4 bytes"
    assert event_of().response_data is None


def test_an_upload_reaches_the_function_and_is_named_in_the_record(article: Article) -> None:
    file = SimpleUploadedFile("a.txt", b"12345", content_type="text/plain")

    response = call(article, "attach", {"file": file}, format="multipart")

    assert response.data == {"size": 5}
    assert event_of().request_data["file"]["name"] == "a.txt"


def test_a_field_that_was_never_saved_is_no_change(article: Article) -> None:
    call(article, "rename_unsaved")

    assert event_of().changes is None


def test_what_one_gesture_causes_is_joined(article: Article) -> None:
    call(article, "like_twice")

    outer = EventAction.objects.get(action="like_twice")
    inner = EventAction.objects.filter(action="like")
    assert [(event.parent_uid, event.correlation_id, event.door) for event in inner] == [
        (outer.uid, outer.correlation_id, "python")
    ] * 2


def test_an_error_of_the_database_that_nobody_sent_is_a_failure(article: Article) -> None:
    assert call(article, "break_the_database").status_code == 500


def test_the_python_door_performs_with_the_viewsets_own_rules(todo: Todo, alice: User, bob: User) -> None:
    outcome = perform("todo:mark_done", todo, {"note": "x"}, actor=alice)

    assert outcome.event is not None
    assert (outcome.body["done_by"], outcome.event.door) == ("alice", "python")
    with pytest.raises(ActionError) as refused:
        perform("todo:mark_done", todo.pk, actor=bob)
    assert refused.value.status == 404


def test_the_python_door_asks_the_views_permissions(todo: Todo) -> None:
    with pytest.raises(ActionError) as refused:
        perform("todo:mark_done", todo.pk)

    assert refused.value.status in (401, 403)
    assert event_of().outcome == "refused"


def test_the_python_door_takes_ids_filters_and_all(todos: list[Todo], todo_list: TodoList, alice: User) -> None:
    assert perform("todo:mark_all_done", actor=alice, ids=[todos[0].pk]).body == {"done": 1}
    assert perform("todo:mark_all_done", actor=alice, filters={"list": todo_list.pk}).body == {"done": 2}
    assert perform("todo:mark_all_done", actor=alice, is_all=True).body == {"done": 0}


def test_what_a_form_of_the_browsable_api_sends_besides_is_no_request_data(article: Article) -> None:
    call(
        article, "attach", {"csrfmiddlewaretoken": "abc", "file": SimpleUploadedFile("a.txt", b"1")}, format="multipart"
    )

    assert set(event_of().request_data) == {"file"}


@pytest.mark.parametrize(
    ("name", "is_masked"),
    [
        ("new_password", True),
        ("userToken", True),
        ("X-API-Key", True),
        ("my_very_own_secret", True),
        ("secretary", False),
        ("pinned", False),
        ("tokens_left", False),
        ("note", False),
    ],
)
def test_names_with_a_secret_s_word_in_them_are_masked(name: str, is_masked: bool) -> None:
    kept = redact({name: "value"}, secret_names(()))

    assert kept == {name: MASK if is_masked else "value"}


def test_no_item_of_a_list_may_be_what_json_cannot_hold(article: Article) -> None:
    response = call(article, "unserialisable_list")

    article.refresh_from_db()
    assert (response.status_code, response.data["code"], article.title) == (500, "result_not_json", "A title")


def test_a_response_that_says_it_failed_is_a_failure_and_rolls_back(article: Article) -> None:
    response = call(article, "answer_404")

    article.refresh_from_db()
    assert (response.status_code, response.data["code"], article.title) == (500, "result_is_error", "A title")


def test_a_project_s_own_secrets_come_on_top_of_those_that_always_are(article: Article, settings: Any) -> None:
    settings.DJACTION_SENSITIVE_FIELDS = ["user"]

    call(article, "log_in", {"user": "eve", "password": "hunter2"})

    assert event_of().request_data == {"user": "********", "password": "********"}


urlpatterns = router.urls
