"""`manage.py action todo mark_done 7 --note x --as alice`."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.urls import include, path
from django.utils import timezone
from rest_framework import routers, serializers, viewsets

from actions import Action, ActionRegistry
from actions.exceptions import ActionError
from actions.mixins import ActionMixin
from actions.models import EventAction, WorkerHeartbeat
from actions.versions import etag_of
from example_app.models import Todo
from example_app.urls import router as example_router
from example_app.views import TodoViewSet
from tests.app.models import Article

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

SECRET = "hunter2-and-more"


def tell(article: Article, context: Any, **payload: Any) -> dict[str, Any]:
    """Answer with what came."""
    return {"got": {name: getattr(value, "name", value) for name, value in payload.items()}}


def wipe(article: Article, *, text: str = "") -> dict[str, Any]:
    article.body = text
    article.save()
    return {"wiped": True}


def burn(article: Article) -> dict[str, Any]:
    article.likes = 0
    article.save()
    return {"burnt": True}


def count_up(article: Article, context: Any) -> None:
    for done in range(1, 4):
        context.progress(done, 3, f"step {done}")


def picture(article: Article) -> HttpResponse:
    return HttpResponse(b"<svg/>", content_type="image/svg+xml")


def empty_all() -> dict[str, int]:
    return {"emptied": 0}


def lock(article: Article, *, token: str = "", password: str = "", ok: bool = False) -> dict[str, Any]:
    return {"length": len(token), "password": len(password)}


def sort_out(articles: Any, *, ids: list[str]) -> dict[str, Any]:
    return {"articles": sorted(articles.values_list("title", flat=True)), "ids": ids}


KINDS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "note": {"type": "string", "description": "100 % of what there is to say"},
        "days": {"type": "integer", "minimum": 1},
        "price": {"type": "number"},
        "urgent": {"type": "boolean", "default": False},
        "tags": {"type": "array", "items": {"type": "string"}},
        "numbers": {"type": "array", "items": {"type": "integer"}},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False},
        "due_date": {"type": ["string", "null"], "format": "date"},
        "level": {"enum": ["low", "high"]},
        "key": {"type": "integer", "description": "a field of its own"},
        "color": {"type": "boolean"},
        "anything": {},
    },
}
PICTURE = {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}}, "required": ["photo"]}
LOCK = {
    "type": "object",
    "properties": {
        "token": {"type": "string", "maxLength": 20},
        "password": {"type": "string", "format": "password"},
        "ok": {"type": "boolean"},
    },
}
REGISTRY = ActionRegistry(
    "command_article",
    "/articles/",
    actions=[
        Action(id="tell", function=tell, schema=KINDS, title="Tell", deprecated="2026-01-01"),
        Action(id="attach", function=tell, schema=PICTURE),
        Action(id="wipe", function=wipe, destructive=True),
        Action(id="burn", function=burn, destructive=True, preview=False),
        Action(id="count_up", function=count_up),
        Action(id="picture", function=picture),
        Action(id="lock", function=lock, schema=LOCK, sensitive=("token",)),
        Action(id="planned", status="alpha", function=burn),
        Action(id="empty_all", function=empty_all, type="bulk", selection="none"),
        Action(id="sort_out", function=sort_out, type="bulk"),
    ],
)


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "likes"]


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    action_registry = REGISTRY
    filterset_fields = {"title": ["exact"], "likes": ["gte"]}


router = routers.SimpleRouter()
router.register("articles", Articles)
urlpatterns = [
    path("", include(example_router.urls)),
    path("", include(router.urls)),
    path("dj-actions/", include("actions.urls")),
]


class Ran:
    """What a command has written, and its exit status."""

    def __init__(self, *words: Any, **options: Any) -> None:
        out, err = io.StringIO(), io.StringIO()
        self.status, self.error = 0, ""
        self.cause: BaseException | None = None
        try:
            call_command("action", *words, stdout=out, stderr=err, **options)
        except CommandError as error:
            self.status, self.error, self.cause = error.returncode, str(error), error.__cause__
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def answer(self) -> Any:
        assert not self.error, self.error
        return json.loads(self.out)


def run(*words: Any, **options: Any) -> Ran:
    return Ran(*words, "--as", "alice", **options)


@pytest.fixture
def article(alice: User) -> Article:
    return Article.objects.create(title="Bees", body="Buzz", likes=3)


@pytest.fixture
def typed_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What somebody types, or a program sends, to standard input."""

    def make(text: str, *, is_terminal: bool = False) -> None:
        stdin = io.StringIO(text)
        monkeypatch.setattr(stdin, "isatty", lambda: is_terminal)
        monkeypatch.setattr(sys, "stdin", stdin)

    make("")
    return make


@pytest.fixture(autouse=True)
def _nobody_types(typed_in: Any) -> None:
    """No test waits for the terminal that it may have been started from."""


def told(article: Article, *words: str) -> Any:
    return run("command_article", "tell", article.pk, *words).answer["got"]


# --- a call -----------------------------------------------------------------------------------------------------------


def test_an_action_is_performed_as_the_user_and_recorded(todo: Todo, alice: User) -> None:
    ran = run("todo", "mark_done", todo.pk, "--note", "Sent.")
    todo.refresh_from_db()
    assert ran.answer["done_by"] == "alice"
    assert ran.err == ""
    assert todo.is_done
    event = EventAction.objects.get()
    assert (event.door, event.actor_id, event.outcome) == ("command", str(alice.pk), "succeeded")
    assert event.request_data == {"note": "Sent."}


def test_keys_may_stand_behind_options(todo: Todo) -> None:
    assert run("todo", "mark_done", "--note", "Sent.", todo.pk).answer["id"] == todo.pk
    assert Ran("--as", "alice", "todo", "mark_done", todo.pk).answer["id"] == todo.pk


def test_several_keys_are_performed_on_many(todos: list[Todo]) -> None:
    ran = run("todo", "mark_done", *[each.pk for each in todos])
    assert ran.answer["counts"] == {"total": 3, "succeeded": 3, "failed": 0}
    assert Todo.objects.filter(is_done=True).count() == 3


def test_a_filter_says_which_are_meant(todos: list[Todo]) -> None:
    ran = run("todo", "mark_all_done", "--filter", f"list={todos[0].list_id}", "--filter", "is_done=false")
    assert ran.answer == {"done": 3}


def test_a_filter_of_no_value_is_no_filter(todos: list[Todo]) -> None:
    ran = run("todo", "mark_all_done", "--filter", "list")
    assert ran.status == 2
    assert "name=value" in ran.error


def test_all_has_to_be_said(todos: list[Todo]) -> None:
    ran = run("todo", "mark_all_done")
    assert (ran.status, ran.error) == (2, "Say which objects are meant: their keys, --filter, --all or --items.")
    assert run("todo", "mark_all_done", "--all").answer == {"done": 3}


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["mark_all_done", "--filter", "lst=3"], 2, '--filter: there is no filter "lst". Did you mean "list"?'),
        (["mark_all_done", "--filter", "zzz=3"], 2, '--filter: there is no filter "zzz". There are: due_after,'),
        (["mark_all_done", "--filter", "list=999999"], 1, "  --filter list: Select a valid choice."),
        (["mark_all_done", "--filter", "list="], 1, "a filter of the list"),
        (["mark_all_done", "--all", "--filter", "is_done=false"], 1, "  --all: All, and only some"),
        (["mark_all_done", "x"], 1, "  keys.0: 'x' is not a key"),
        (["mark_all_done", "999999"], 1, "  keys: Not found: 999999."),
        (["mark_done", "1", "--at", "2020-05-01T08:00Z"], 1, "  --at: 2020-05-01T08:00:00Z is over"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_the_command_line(
    todos: list[Todo], words: list[str], status: int, expected: str
) -> None:
    words = [str(todos[0].pk) if word == "1" else word for word in words]
    ran = run("todo", *words)
    assert ran.status == status
    assert expected in ran.error
    assert "?all=true" not in ran.error
    assert "parameter" not in ran.error


def test_items_have_a_payload_each(todos: list[Todo], tmp_path: Path, typed_in: Any) -> None:
    items = [{"id": each.pk, "params": {"note": each.title}} for each in todos]
    file = tmp_path / "items.json"
    file.write_text(json.dumps(items), encoding="utf-8")
    assert run("todo", "mark_done", "--items", str(file)).answer["status"] == "success"
    assert [each.note for each in Todo.objects.order_by("pk")] == ["Todo 0", "Todo 1", "Todo 2"]
    typed_in(json.dumps(items[:1]))
    assert run("todo", "mark_done", "--items", "-").answer["counts"]["total"] == 1


@pytest.mark.parametrize("text", ["{}", "[1]", "[", "[NaN]"])
def test_items_that_are_none_are_refused(todo: Todo, text: str, typed_in: Any) -> None:
    typed_in(text)
    ran = run("todo", "mark_done", "--items", "-")
    assert ran.status == 2
    assert ran.error.startswith("--items: ")


def test_an_instance_action_wants_an_object(todo: Todo) -> None:
    ran = run("todo", "mark_done")
    assert ran.status == 2
    assert "give its key" in ran.error


def test_an_action_for_no_objects_takes_none(alice: User) -> None:
    assert run("command_article", "empty_all").answer == {"emptied": 0}
    assert run("command_article", "empty_all", 7).status == 2
    assert run("command_article", "empty_all", "--all").status == 2


def test_a_field_called_ids_and_keys_do_not_meet(article: Article) -> None:
    other = Article.objects.create(title="Ants")
    ran = run("command_article", "sort_out", article.pk, other.pk, "--ids", "x", "--ids", "y")
    assert ran.answer == {"articles": ["Ants", "Bees"], "ids": ["x", "y"]}


# --- the payload ------------------------------------------------------------------------------------------------------


def test_options_become_what_the_schema_declares(article: Article) -> None:
    words = ["--note", "x=1", "--days", "3", "--price", "1.5", "--urgent", "--tags", "a", "--tags", "b,c"]
    words += ["--numbers", "1", "--numbers", "2", "--address", '{"city": "Bonn"}', "--level", "high"]
    assert told(article, *words) == {
        "note": "x=1",
        "days": 3,
        "price": 1.5,
        "urgent": True,
        "tags": ["a", "b,c"],
        "numbers": [1, 2],
        "address": {"city": "Bonn"},
        "level": "high",
    }


def test_a_default_is_the_payloads(article: Article) -> None:
    assert told(article) == {"urgent": False}


def test_no_is_said_by_no(article: Article) -> None:
    assert told(article, "--no-urgent") == {"urgent": False}
    assert told(article, "--urgent", "--no-urgent") == {"urgent": False}


@pytest.mark.parametrize("option", ["--due-date", "--due_date"])
def test_underscores_may_be_hyphens(article: Article, option: str) -> None:
    assert told(article, option, "2026-05-01")["due_date"] == "2026-05-01"


def test_an_empty_text_is_null_where_that_is_allowed(article: Article) -> None:
    assert told(article, "--due-date", "", "--note", "") == {"due_date": None, "note": "", "urgent": False}


def test_an_empty_text_is_judged_by_the_payload(article: Article) -> None:
    ran = run("command_article", "tell", article.pk, "--days", "")
    assert ran.status == 1
    assert "days: " in ran.error


def test_param_takes_every_field(article: Article) -> None:
    words = ["--param", "key=7", "--param", "address.city=Bonn", "--param", "urgent=yes", "--param", "anything=7"]
    assert told(article, *words) == {"key": 7, "address": {"city": "Bonn"}, "urgent": True, "anything": "7"}


def test_a_name_that_the_command_has_itself_is_the_commands(article: Article) -> None:
    ran = run("command_article", "tell", article.pk, "--key", "k", "--no-color", "--color")
    assert ran.answer["got"] == {"urgent": False, "color": True}
    assert EventAction.objects.get().key_hash


def test_data_is_the_whole_payload_and_options_replace_its_members(
    article: Article, tmp_path: Path, typed_in: Any
) -> None:
    assert told(article, "--data", '{"days": 3, "note": "x"}', "--note", "y")["note"] == "y"
    file = tmp_path / "payload.json"
    file.write_text('{"days": 4}', encoding="utf-8")
    assert told(article, "--data", f"@{file}")["days"] == 4
    typed_in('{"days": 5}')
    assert told(article, "--data", "-")["days"] == 5


@pytest.mark.parametrize("text", ["[]", "{", '{"days": Infinity}', "@/nowhere/at/all.json"])
def test_data_that_is_no_object_is_refused(article: Article, text: str) -> None:
    ran = run("command_article", "tell", article.pk, "--data", text)
    assert ran.status == 2
    assert ran.error.startswith("--data: ")


def test_standard_input_is_read_once(article: Article, typed_in: Any) -> None:
    typed_in("[]")
    ran = run("command_article", "tell", "--data", "-", "--items", "-")
    assert ran.status == 2
    assert "only one option" in ran.error


def test_the_sentences_about_a_field_are_the_payloads_own(article: Article) -> None:
    ran = run("command_article", "tell", article.pk, "--days", "many", "--level", "medium", "--param", "colour=red")
    assert ran.status == 1
    assert isinstance(ran.cause, ActionError)
    assert set(ran.cause.errors) == {"days", "level", "colour"}
    assert 'days: Must be a whole number, not "many".' in ran.error


def test_a_file_is_named_by_its_path(article: Article, tmp_path: Path) -> None:
    file = tmp_path / "bees.png"
    file.write_bytes(b"\x89PNG")
    assert run("command_article", "attach", article.pk, "--photo", file).answer["got"] == {"photo": "bees.png"}
    ran = run("command_article", "attach", article.pk, "--photo", tmp_path / "none.png")
    assert ran.status == 2
    assert ran.error.startswith("--photo: ")


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--token", SECRET], ["--password", SECRET], ["--param", f"token={SECRET}"]])
def test_a_secret_does_not_stand_on_the_command_line(article: Article, words: list[str]) -> None:
    ran = run("command_article", "lock", article.pk, *words)
    assert ran.status == 2
    assert SECRET not in ran.error
    assert not EventAction.objects.exists()


def test_a_secret_comes_from_a_file_or_standard_input(article: Article, tmp_path: Path, typed_in: Any) -> None:
    file = tmp_path / "token"
    file.write_text("abc\n", encoding="utf-8")
    typed_in("12345\n123\n")
    ran = run("command_article", "lock", article.pk, "--token", f"@{file}", "--password", "-", "--ok")
    assert ran.answer == {"length": 3, "password": 5}


def test_a_secret_is_asked_for_without_an_echo(
    article: Article, typed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed_in("", is_terminal=True)
    monkeypatch.setattr("actions.command_line.sources.getpass", lambda prompt: f"{prompt}!")
    assert run("command_article", "lock", article.pk, "--token", "-").answer["length"] == len("token: !")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_no_error_shows_a_secret(article: Article, tmp_path: Path, more: list[str]) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET * 2, encoding="utf-8")
    ran = run("command_article", "lock", article.pk, "--token", f"@{file}", *more)
    assert ran.status == 1
    assert "token" in ran.error
    assert SECRET not in ran.error + ran.out + ran.err


# --- who --------------------------------------------------------------------------------------------------------------


def test_somebody_has_to_call(todo: Todo) -> None:
    ran = Ran("todo", "mark_done", todo.pk)
    assert ran.status == 2
    assert "--as" in ran.error


def test_nobody_may_call_where_the_viewset_allows_it(article: Article) -> None:
    Ran("command_article", "tell", article.pk, "--anonymous")
    event = EventAction.objects.get()
    assert (event.outcome, event.actor_id) == ("succeeded", None)


def test_a_user_has_to_exist_and_be_active(todo: Todo, bob: User) -> None:
    assert 'no user "eve"' in Ran("todo", "mark_done", todo.pk, "--as", "eve").error
    User.objects.filter(pk=bob.pk).update(is_active=False)
    ran = Ran("todo", "mark_done", todo.pk, "--as", "bob")
    assert ran.status == 2
    assert "not active" in ran.error
    assert not EventAction.objects.exists()


# --- terms ------------------------------------------------------------------------------------------------------------


def test_a_preview_is_readable_and_its_plan_can_be_carried_out(todo: Todo) -> None:
    ran = run("todo", "mark_done", todo.pk, "--note", "x", "--dry-run")
    assert re.search(rf"example_app\.todo {todo.pk} +is_done +false +true", ran.out)
    assert '"done_by": "alice"' in ran.out
    todo.refresh_from_db()
    assert not todo.is_done
    plan = re.search(r"--plan (\S+)", ran.out)
    assert plan is not None
    assert run("todo", "mark_done", todo.pk, "--note", "x", "--plan", plan[1]).answer["id"] == todo.pk


def test_a_preview_shows_what_else_is_written(todos: list[Todo]) -> None:
    ran = run("todo", "mark_all_done", "--all", "--dry-run")
    assert ran.out.count("is_done") == 3


def test_a_preview_for_programs_is_one_document(todo: Todo) -> None:
    answer = run("todo", "mark_done", todo.pk, "--dry-run", "--json").answer
    assert answer["is_done"] is True
    assert {change["field"] for change in answer["changes"]} >= {"is_done", "done_at"}


def test_a_plan_that_does_not_hold_shows_the_difference(todo: Todo) -> None:
    plan = run("todo", "mark_done", todo.pk, "--dry-run", "--json").answer["plan"]
    Todo.objects.filter(pk=todo.pk).update(is_done=True)
    ran = run("todo", "mark_done", todo.pk, "--plan", plan)
    assert ran.status == 1
    assert "changes, planned: " in ran.error


def test_the_same_key_does_it_once(todo: Todo) -> None:
    first, second = (run("todo", "mark_done", todo.pk, "--key", "a key", "--note", "x") for _ in range(2))
    assert first.answer == second.answer
    assert "done before with this key" in second.err
    todo.refresh_from_db()
    assert todo.note == "x"


def test_a_version_needs_no_quotes(todo: Todo) -> None:
    etag = etag_of(TodoViewSet(), Todo.objects.get(pk=todo.pk))
    assert run("todo", "mark_done", todo.pk, "--if-match", "somethingelse").status == 1
    assert run("todo", "mark_done", todo.pk, "--if-match", etag.strip('"')).answer["is_done"]


def test_what_a_worker_is_to_do_is_accepted(todo: Todo) -> None:
    WorkerHeartbeat.objects.create(uid=uuid4(), name="worker", seen_at=timezone.now())
    ran = run("todo", "mark_done", todo.pk, "--later")
    event = EventAction.objects.get()
    assert ran.answer["event"] == event.pk
    assert f"/dj-actions/actionevents/{event.pk}/" in ran.err
    assert event.outcome == "pending"
    run("todo", "mark_done", todo.pk, "--at", "2036-05-01T08:00:00Z")
    assert EventAction.objects.latest("pk").scheduled_at.year == 2036


def test_what_fails_for_some_is_done_for_the_others(todos: list[Todo]) -> None:
    Todo.objects.filter(pk=todos[1].pk).update(is_done=True)
    ran = run("todo", "postpone", *[each.pk for each in todos], "--continue-on-error")
    assert (ran.status, ran.error) == (3, "Not done for 1 of 3 objects.")
    assert json.loads(ran.out)["status"] == "partial_success"
    assert Todo.objects.filter(due_date=None).count() == 1


def test_one_object_may_be_one_of_many(todo: Todo) -> None:
    assert run("todo", "mark_done", todo.pk, "--continue-on-error").answer["counts"]["total"] == 1
    assert run("todo", "mark_done", todo.pk, "--expect-count", 2).status == 1


def test_errors_of_several_objects_name_them(todos: list[Todo]) -> None:
    Todo.objects.filter(pk=todos[1].pk).update(is_done=True)
    ran = run("todo", "postpone", *[each.pk for each in todos])
    assert f"object {todos[1].pk}: The todo is done already." in ran.error


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--at", "noon"], "--at"),
        (["--key", "x" * 300], "--key"),
        (["--expect-count", "some"], "--expect-count"),
        (["--if-match", "a b"], "--if-match"),
        (["--plan", "a b"], "--plan"),
        (["--cron", " "], "--cron"),
    ],
)
def test_a_term_that_is_not_understood_is_named_as_it_was_given(todo: Todo, words: list[str], option: str) -> None:
    ran = run("todo", "mark_done", todo.pk, *words)
    assert ran.status == 2
    assert ran.error.startswith(f"{option}: ")
    assert not EventAction.objects.exists()


def test_a_term_that_contradicts_the_call_is_named_as_an_option(todos: list[Todo]) -> None:
    ran = run("todo", "mark_done", todos[0].pk, todos[1].pk, "--if-match", "x")
    assert ran.status == 1
    assert "--if-match: " in ran.error
    assert "If-Match" not in ran.error


# --- what is lost for good --------------------------------------------------------------------------------------------


def test_where_nobody_can_be_asked_a_destructive_action_is_refused(article: Article) -> None:
    ran = run("command_article", "wipe", article.pk)
    assert ran.status == 2
    assert all(option in ran.error for option in ("--dry-run", "--plan", "--yes"))
    assert not EventAction.objects.exists()
    assert run("command_article", "wipe", article.pk, "--yes").answer == {"wiped": True}


def test_a_preview_and_a_plan_need_no_yes(article: Article) -> None:
    plan = run("command_article", "wipe", article.pk, "--dry-run", "--json").answer["plan"]
    assert run("command_article", "wipe", article.pk, "--plan", plan).answer == {"wiped": True}


def test_on_a_terminal_it_shows_what_it_would_do_and_asks(article: Article, typed_in: Any) -> None:
    typed_in("no\n", is_terminal=True)
    ran = run("command_article", "wipe", article.pk)
    assert (ran.status, ran.error, ran.out) == (1, "Nothing was done.", "")
    assert re.search(r'body +"Buzz" +""', ran.err)
    article.refresh_from_db()
    assert article.body == "Buzz"
    typed_in("y\n", is_terminal=True)
    assert run("command_article", "wipe", article.pk).answer == {"wiped": True}


def test_it_does_only_what_was_agreed_to(article: Article, typed_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    typed_in("", is_terminal=True)

    def meanwhile() -> str:
        Article.objects.filter(pk=article.pk).update(body="Other")
        return "y\n"

    monkeypatch.setattr(sys.stdin, "readline", meanwhile)
    ran = run("command_article", "wipe", article.pk)
    assert isinstance(ran.cause, ActionError)
    assert ran.cause.status == 412
    article.refresh_from_db()
    assert article.body == "Other"


def test_what_cannot_be_shown_is_asked_all_the_same(article: Article, typed_in: Any) -> None:
    typed_in("\n", is_terminal=True)
    ran = run("command_article", "burn", article.pk)
    assert (ran.status, ran.error) == (1, "Nothing was done.")
    assert "cannot be shown beforehand" in ran.err
    typed_in("yes\n", is_terminal=True)
    assert run("command_article", "burn", article.pk).answer == {"burnt": True}


# --- what is told -----------------------------------------------------------------------------------------------------


def test_progress_is_told_in_lines_where_there_is_no_terminal(article: Article) -> None:
    ran = run("command_article", "count_up", article.pk)
    assert ran.err.splitlines()[0] == "1/3 (33 %) step 1"
    assert ran.err.splitlines()[-1] == "3/3 (100 %) step 3"
    assert json.loads(ran.out) is None or isinstance(json.loads(ran.out), dict)


def test_progress_is_one_line_on_a_terminal(article: Article) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    call_command(
        "action", "command_article", "count_up", article.pk, "--as", "alice", stdout=io.StringIO(), stderr=screen
    )
    shown = screen.getvalue()
    assert "\n" not in shown
    assert "\r3/3 (100 %) step 3" in shown
    assert shown.endswith("\r")


def test_nothing_is_told_where_that_is_wanted(article: Article) -> None:
    assert run("command_article", "count_up", article.pk, "--verbosity", 0).err == ""


def test_a_deprecated_action_says_so(article: Article) -> None:
    ran = run("command_article", "tell", article.pk)
    assert "deprecated" in ran.err
    assert "Deprecation: @" in run("command_article", "tell", article.pk, "-v", 2).err


def test_a_file_is_passed_on_as_it_is(article: Article) -> None:
    assert run("command_article", "picture", article.pk).out == "<svg/>"


def test_a_refusal_for_programs_is_a_problem_document(todo: Todo) -> None:
    ran = run("todo", "postpone", todo.pk, "--days", "400", "--json")
    problem = json.loads(ran.out)
    assert (ran.status, problem["status"], problem["code"]) == (1, 400, "invalid_payload")
    assert list(problem["errors"]) == ["days"]


# --- help -------------------------------------------------------------------------------------------------------------


def test_help_of_an_action_has_its_options(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("action", "command_article", "tell", "--help")
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert "--note TEXT" in shown
    assert "100 % of what there is to say." in shown
    assert "--urgent" in shown
    assert "--no-urgent" in shown
    assert "--level {low,high}" in shown
    assert re.search(r"--param\s+key=N", shown)
    assert "exit status:" in shown


def test_help_has_every_action_but_those_that_are_tried_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("action", "--help")
    shown = capsys.readouterr().out
    assert "todo mark_done" in shown
    assert "command_article tell" in shown
    assert "command_article planned" not in shown


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "todo mark_done"),
        (["todo"], "todo mark_done"),
        (["nothing"], 'There is no resource "nothing". There are: '),
        (["tod"], 'There is no resource "tod". There are: actionevent, '),
        (["tod"], 'Did you mean "todo"?'),
        (["tod", "mark_done"], 'Did you mean "todo"?'),
        (["todo", "mark_don"], 'Did you mean "mark_done"?'),
        (["zzz", "mark_done"], "There are: "),
        (["todo", "mark_done", "7", "--nte", "x"], "Did you mean --note?"),
        (["todo", "mark_done", "7", "--dry"], "Did you mean --dry-run?"),
        (["todo", "mark_done", "7", "--filter"], "--filter"),
    ],
)
def test_a_slip_is_answered_with_what_there_is(alice: User, words: list[str], hint: str) -> None:
    ran = run(*words)
    assert ran.status == 2
    assert hint in ran.error
    assert not EventAction.objects.exists()


def test_without_a_viewset_nobody_may_do_anything(alice: User) -> None:
    registry = ActionRegistry("command_alone", actions=[Action(id="burn", function=burn)])
    ran = run(registry.resource, "burn", 7)
    assert ran.status == 2
    assert 'No ViewSet serves "command_alone"' in ran.error


@pytest.mark.once
def test_on_a_command_line_a_slip_ends_with_status_2() -> None:
    program = [sys.executable, "manage.py", "action", "todo", "mark_don", "7", "--as", "alice"]
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(program, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert 'Did you mean "mark_done"?' in ended.stderr
    assert ended.stdout == ""
