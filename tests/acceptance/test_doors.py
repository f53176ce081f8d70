"""One table of cases, through every door: the same codes, the same data afterwards, the same records.

The ViewSet has a queryset, a permission and an object permission of its own, none of which asks whether somebody is
staff: Django's admin lets nobody else in. A door cannot say everything; what it cannot stands in GAPS, with the reason,
and is asserted, so that a gap that is closed or opened is noticed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from re import search
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db.models import Q, QuerySet
from django.test import Client
from django.urls import include, path
from rest_framework import permissions, routers, serializers, viewsets
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, Refusal, perform
from actions.admin import ActionsAdminMixin
from actions.exceptions import ActionError
from actions.mcp import MCPView
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.problem import document
from actions.terms import Terms
from actions.versions import etag_of
from tests.app.models import Article

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def publish(article: Article, *, note: str = "", times: int = 0) -> dict[str, Any]:
    """Publish an article."""
    article.is_published = True
    article.body = note
    article.likes += times
    article.save()
    return {"title": article.title, "note": note}


def publish_all(articles: QuerySet[Article], *, note: str = "") -> list[dict[str, Any]]:
    """Publish several."""
    return [publish(article, note=note) for article in articles]


def wipe(article: Article) -> dict[str, Any]:
    """Lose what it says."""
    article.body = ""
    article.save()
    return {"wiped": True}


def unpublished(article: Article, context: Any) -> Refusal | None:
    """The article is not published yet."""
    return Refusal("published", "It is published already.") if article.is_published else None


def all_unpublished(articles: QuerySet[Article], context: Any) -> Refusal | None:
    """None of the articles is published yet."""
    return Refusal("published", "It is.") if articles.filter(is_published=True).exists() else None


REGISTRY = ActionRegistry(
    "door_article",
    "/articles/",
    actions=[
        Action(id="publish", title="Publish", function=publish, conditions=(unpublished,)),
        Action(id="publish_exactly", title="Publish it", function=publish, if_match="required"),
        Action(id="wipe", title="Wipe", function=wipe, destructive=True),
        Action(id="publish_all", title="All", function=publish_all, type="bulk", conditions=(all_unpublished,)),
    ],
)


class IsNoGuest(permissions.BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return bool(request.user.username != "guest")


class IsAuthor(permissions.BasePermission):
    def has_object_permission(self, request: Any, view: Any, obj: Article) -> bool:
        return request.method in permissions.SAFE_METHODS or obj.author_id == request.user.pk


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "body", "is_published", "likes"]


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = [permissions.IsAuthenticated, IsNoGuest, IsAuthor]
    action_registry = REGISTRY

    def get_queryset(self) -> QuerySet[Article]:
        """What is private only its author sees."""
        return Article.objects.filter(~Q(title__startswith="private") | Q(author=self.request.user.pk))


class ArticleAdmin(ActionsAdminMixin, admin.ModelAdmin):
    action_registry = REGISTRY


site = admin.AdminSite()
site.register(Article, ArticleAdmin)

router = routers.SimpleRouter()
router.register("articles", Articles)
urlpatterns = [
    path("admin/", site.urls),
    path("mcp/", MCPView.as_view(registries=[REGISTRY])),
    path("dj-actions/", include("actions.urls")),
    *router.urls,
]

# --- what is said, and what comes back --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """What somebody wants, in no door's words."""

    user: User
    action: str = "publish"
    target: Article | None = None
    ids: tuple[int, ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)
    is_preview: bool = False
    plan: str | None = None
    key: str | None = None
    etag: str | None = None
    is_each: bool = False

    @property
    def terms(self) -> Terms:
        return Terms(
            is_preview=self.is_preview,
            plan=self.plan,
            key=self.key,
            if_match=None if self.etag is None else (self.etag,),
            is_each=self.is_each,
        )


@dataclass(frozen=True)
class Answer:
    """What a door answered, in no door's words."""

    status: int = 200
    code: str | None = None
    errors: frozenset[str] = frozenset()
    """Names of the fields that have errors."""
    body: Any = None
    """None where the door answers with a page."""
    changes: int | None = None
    """How many fields a preview shows."""
    plan: str | None = None

    @classmethod
    def of_problem(cls, problem: Mapping[str, Any]) -> Answer:
        return cls(problem["status"], problem["code"], frozenset(problem.get("errors", ())))

    @classmethod
    def of_body(cls, body: Any, preview: Any = None) -> Answer:
        preview = body if preview is None and isinstance(body, dict) and "changes" in body else preview
        if preview is None:
            return cls(body=body)
        return cls(body=body, changes=len(preview["changes"]), plan=preview["plan"])


class NotOfferedError(Exception):
    """The door has no words for it."""


# --- the doors --------------------------------------------------------------------------------------------------------


class Door:
    """One way in."""

    name = ""

    def call(self, call: Call) -> Answer:
        raise NotImplementedError


class Rest(Door):
    name = "rest"

    def call(self, call: Call) -> Answer:
        client = APIClient()
        client.force_authenticate(call.user)
        place = f"/articles/{call.target.pk}/{call.action}/" if call.target else f"/articles/{call.action}/"
        data = {**call.payload, **({"ids": list(call.ids)} if call.ids else {})}
        response = client.post(place, data, format="json", headers=self._headers(call))
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json"
            return Answer.of_problem(response.json())
        return replace(Answer.of_body(response.json()), status=response.status_code)

    @staticmethod
    def _headers(call: Call) -> dict[str, str]:
        preferences = [*(["dry-run"] * call.is_preview), *(["continue-on-error"] * call.is_each)]
        said = {
            "Prefer": ", ".join(preferences),
            "If-Plan": call.plan,
            "If-Match": call.etag,
            "Idempotency-Key": call.key and f'"{call.key}"',
        }
        return {name: value for name, value in said.items() if value}


class Python(Door):
    name = "python"

    def call(self, call: Call) -> Answer:
        try:
            outcome = perform(
                f"door_article:{call.action}",
                call.target,
                call.payload,
                actor=call.user,
                ids=call.ids or None,
                terms=call.terms,
            )
        except ActionError as error:
            return Answer.of_problem(document(error))
        return replace(Answer.of_body(outcome.body), status=outcome.status)


class Command(Door):
    name = "command"

    def call(self, call: Call) -> Answer:
        keys = [call.target.pk] if call.target else list(call.ids)
        words = ["door_article", call.action, *keys, "--as", call.user.username, "--json", *self._options(call)]
        out, refusal = io.StringIO(), None
        try:
            call_command("action", *words, stdout=out, stderr=io.StringIO())
        except CommandError as error:
            refusal = error
        if refusal is None or refusal.returncode == 3:
            return Answer.of_body(json.loads(out.getvalue()))
        assert refusal.returncode == 1, refusal
        return Answer.of_problem(json.loads(out.getvalue()))

    @staticmethod
    def _options(call: Call) -> list[str]:
        words = [f"--{name}={value}" for name, value in call.payload.items()]
        flags = {"--dry-run": call.is_preview, "--continue-on-error": call.is_each}
        said = {"--plan": call.plan, "--key": call.key, "--if-match": call.etag}
        words += [flag for flag, is_said in flags.items() if is_said]
        return words + [f"{option}={value}" for option, value in said.items() if value is not None]


class Mcp(Door):
    name = "mcp"

    def call(self, call: Call) -> Answer:
        is_bulk = call.action == "publish_all"
        if call.ids and not is_bulk:
            raise NotOfferedError
        said = {
            "id": call.target and call.target.pk,
            "ids": list(call.ids) or None,
            "payload": dict(call.payload) or None,
            "dry_run": call.is_preview or None,
            "plan": call.plan,
            "idempotency_key": call.key,
            "etag": call.etag,
            "continue_on_error": call.is_each or None,
        }
        told = self._told(call, {name: value for name, value in said.items() if value is not None})
        if "error" in told:
            return Answer.of_problem(told["error"])
        return Answer.of_body(told.get("report", told.get("result")), told.get("preview"))

    @staticmethod
    def _told(call: Call, arguments: dict[str, Any]) -> Any:
        client = APIClient()
        client.force_authenticate(call.user)
        params = {"name": f"door_article-{call.action}", "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        answer = client.post("/mcp/", json.dumps(message), content_type="application/json").json()
        result = answer["result"]
        assert result["isError"] == ("error" in result["structuredContent"])
        return result["structuredContent"]


class Admin(Door):
    name = "admin"

    def call(self, call: Call) -> Answer:
        is_version_asked = call.action == "publish_exactly"
        if (call.etag and not is_version_asked) or (call.is_each and call.action == "publish_all"):
            raise NotOfferedError
        client = Client()
        client.force_login(call.user)
        place = f"{call.target.pk}/_actions" if call.target else "_actions"
        response = client.post(f"/admin/tests_app/article/{place}/{call.action}/", self._form(call))
        if response.status_code == 302:
            return Answer()
        state = response.context["state"]
        if state.error is not None:
            assert response.status_code == state.error.status
            return Answer.of_problem(document(state.error))
        assert response.status_code == 200
        plan = search(r'name="djaction-plan" value="([^"]*)"', response.content.decode())
        return Answer(changes=len(state.effects.changes), plan=plan and unescape(plan[1]))

    @staticmethod
    def _form(call: Call) -> dict[str, Any]:
        step = "preview" if call.is_preview else "confirm" if call.plan else "run"
        said = {
            "djaction-step": step,
            "djaction-plan": call.plan,
            "djaction-key": call.key,
            "djaction-version": call.etag,
            "djaction-ids": json.dumps(call.ids) if call.ids else None,
            "djaction-each": "on" if call.is_each else None,
        }
        return {**call.payload, **{name: value for name, value in said.items() if value is not None}}


DOORS = {door.name: door for door in (Rest(), Python(), Command(), Admin(), Mcp())}

GAPS = {
    ("mcp", "some_of_many"): "a tool of an instance action is for one object",
    ("admin", "some_of_a_bulk_action"): "in the admin, a bulk action gets its objects at once",
    ("admin", "wrong_version"): "its pages send the version only where the definition demands one",
    ("admin", "right_version"): "its pages send the version only where the definition demands one",
}
"""What a door cannot say."""

# --- the table --------------------------------------------------------------------------------------------------------

Send = Callable[[Call], Answer]


class World:
    """People and articles."""

    def __init__(self) -> None:
        self.alice, self.bob, self.guest = (self._user(name) for name in ("alice", "bob", "guest"))
        self.own = self._article("own", self.alice)
        self.second = self._article("second", self.alice)
        self.published = self._article("published", self.alice, is_published=True)
        self.foreign = self._article("foreign", self.bob)
        self.private = self._article("private", self.bob)

    @staticmethod
    def _user(name: str) -> User:
        user = User.objects.create_user(name, is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_article"))
        return user

    @staticmethod
    def _article(title: str, author: User, **values: Any) -> Article:
        return Article.objects.create(title=title, body="old", author=author, **values)

    def etag(self, article: Article) -> str:
        return etag_of(Articles(), Article.objects.get(pk=article.pk))

    @staticmethod
    def state() -> dict[str, tuple[bool, str, int]]:
        rows = Article.objects.values_list("title", "is_published", "body", "likes")
        return {title: values for title, *values_ in rows for values in [tuple(values_)]}


@dataclass(frozen=True)
class Case:
    """What is done, and what has to come of it at every door."""

    steps: Callable[[World, Send], Answer]
    """Sends the calls and gives back the last answer."""
    answer: Answer = field(default_factory=Answer)
    """`body` is looked at where the door has one."""
    after: Mapping[str, tuple[bool, str, int]] = field(default_factory=dict)
    """What is different afterwards."""
    records: tuple[tuple[str, int, str | None], ...] = ()
    """Outcome, status and code of each."""


DONE = {"own": (True, "new", 2)}
"""What `of_own` does."""
SUCCEEDED, NEW = ("succeeded", 200, None), {"note": "new", "times": 2}
BODY = {"title": "own", "note": "new"}


def of_own(world: World, **said: Any) -> Call:
    """Alice publishes an article of hers."""
    return replace(Call(world.alice, target=world.own, payload=NEW), **said)


def refused(status: int, code: str) -> dict[str, Any]:
    return {"answer": Answer(status, code), "records": (("refused", status, code),)}


def replayed(world: World, send: Send) -> Answer:
    first = send(of_own(world, key="a key"))
    again = send(of_own(world, key="a key"))
    assert first == again
    return again


def reused(world: World, send: Send) -> Answer:
    send(of_own(world, key="a key"))
    return send(of_own(world, key="a key", payload={**NEW, "note": "other"}))


def planned(world: World, send: Send, *, is_changed: bool = False) -> Answer:
    plan = send(of_own(world, is_preview=True)).plan
    assert plan
    if is_changed:
        Article.objects.filter(pk=world.own.pk).update(likes=7)
    return send(of_own(world, plan=plan))


def plan_of_another(world: World, send: Send) -> Answer:
    plan = send(of_own(world, is_preview=True)).plan
    return send(of_own(world, plan=plan, payload={**NEW, "note": "other"}))


def some(world: World, send: Send, action: str) -> Answer:
    ids = (world.own.pk, world.published.pk, world.second.pk)
    call = Call(world.alice, action=action, ids=ids, payload={"note": "new"}, is_each=True)
    answer = send(call)
    if answer.body is None:
        return answer
    failed = [result["error"]["code"] for result in answer.body["results"] if not result["ok"]]
    return replace(answer, body={"counts": answer.body["counts"], "failed": failed})


SOME = {
    "answer": Answer(body={"counts": {"total": 3, "succeeded": 2, "failed": 1}, "failed": ["published"]}),
    "after": {"own": (True, "new", 0), "second": (True, "new", 0)},
    "records": (SUCCEEDED,),
}
CASES: dict[str, Case] = {
    "permitted": Case(
        lambda world, send: send(of_own(world)), answer=Answer(body=BODY), after=DONE, records=(SUCCEEDED,)
    ),
    "refused_by_view_permission": Case(
        lambda world, send: send(of_own(world, user=world.guest)), **refused(403, "permission_denied")
    ),
    "refused_by_object_permission": Case(
        lambda world, send: send(of_own(world, target=world.foreign)), **refused(403, "permission_denied")
    ),
    "hidden_by_get_queryset": Case(
        lambda world, send: send(of_own(world, target=world.private)), **refused(404, "not_found")
    ),
    "refused_by_condition": Case(
        lambda world, send: send(of_own(world, target=world.published)), **refused(409, "published")
    ),
    "invalid_payload": Case(
        lambda world, send: send(of_own(world, payload={"note": "new", "times": "many"})),
        answer=Answer(400, "invalid_payload", frozenset({"times"})),
        records=(("refused", 400, "invalid_payload"),),
    ),
    "previewed": Case(
        lambda world, send: replace(send(of_own(world, is_preview=True)), body=None, plan=None),
        answer=Answer(changes=3),
    ),
    "preview_refused": Case(
        lambda world, send: send(of_own(world, target=world.published, is_preview=True)),
        answer=Answer(409, "published"),
    ),
    "replayed_with_the_same_key": Case(replayed, answer=Answer(body=BODY), after=DONE, records=(SUCCEEDED,)),
    "key_of_another_call": Case(
        reused,
        answer=Answer(422, "key_reused"),
        after=DONE,
        records=(SUCCEEDED, ("refused", 422, "key_reused")),
    ),
    "plan_carried_out": Case(planned, answer=Answer(body=BODY), after=DONE, records=(SUCCEEDED,)),
    "plan_changed": Case(
        lambda world, send: planned(world, send, is_changed=True),
        **{**refused(412, "plan_changed"), "after": {"own": (False, "old", 7)}},
    ),
    "plan_of_another_call": Case(plan_of_another, **refused(412, "plan_of_another_call")),
    "wrong_version": Case(lambda world, send: send(of_own(world, etag='"nothing"')), **refused(412, "version_changed")),
    "right_version": Case(
        lambda world, send: send(of_own(world, etag=world.etag(world.own))),
        answer=Answer(body=BODY),
        after=DONE,
        records=(SUCCEEDED,),
    ),
    "wrong_version_where_one_is_demanded": Case(
        lambda world, send: send(of_own(world, action="publish_exactly", etag='"nothing"')),
        **refused(412, "version_changed"),
    ),
    "right_version_where_one_is_demanded": Case(
        lambda world, send: send(of_own(world, action="publish_exactly", etag=world.etag(world.own))),
        answer=Answer(body=BODY),
        after=DONE,
        records=(SUCCEEDED,),
    ),
    "some_of_many": Case(lambda world, send: some(world, send, "publish"), **SOME),
    "some_of_a_bulk_action": Case(lambda world, send: some(world, send, "publish_all"), **SOME),
    "all_or_none": Case(
        lambda world, send: send(
            Call(world.alice, action="publish_all", ids=(world.own.pk, world.foreign.pk), payload={"note": "new"})
        ),
        **refused(403, "permission_denied"),
    ),
    "several_and_one_is_hidden": Case(
        lambda world, send: send(
            Call(world.alice, action="publish_all", ids=(world.own.pk, world.private.pk), payload={"note": "new"})
        ),
        answer=Answer(404, "objects_not_found", frozenset({"ids"})),
        records=(("refused", 404, "objects_not_found"),),
    ),
}


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_a_case_is_the_same_at_every_door(door: Door, name: str, world: World) -> None:
    case, before = CASES[name], world.state()
    if (door.name, name) in GAPS:
        with pytest.raises(NotOfferedError):
            case.steps(world, door.call)
        return
    answer = case.steps(world, door.call)
    expected = case.answer if answer.body is not None else replace(case.answer, body=None)
    assert answer == expected
    assert answer.body is not None or case.answer.body is None or door.name == "admin"
    assert world.state() == {**before, **case.after}
    records = EventAction.objects.order_by("pk")
    assert [(each.outcome, each.status_code, each.error and each.error["code"]) for each in records] == [*case.records]
    assert {each.door for each in records} <= {door.name}


def test_every_gap_is_one_of_the_table() -> None:
    assert {door for door, _name in GAPS} <= set(DOORS)
    assert {name for _door, name in GAPS} <= set(CASES)


@pytest.mark.parametrize("name", ["permitted", "refused_by_condition", "invalid_payload", "replayed_with_the_same_key"])
def test_the_records_differ_only_by_their_door(name: str, world: World) -> None:
    records = {}
    for door in DOORS.values():
        Article.objects.filter(pk=world.own.pk).update(is_published=False, body="old", likes=0)
        EventAction.objects.all().delete()
        CASES[name].steps(world, door.call)
        records[door.name] = EventAction.objects.values(*SAME).get()
    assert all(record == records["rest"] for record in records.values()), records


SAME = (
    *("resource", "action", "action_type", "object_id", "selection", "actor_id", "actor_name", "outcome"),
    *("status_code", "request_data", "response_data", "error", "changes", "key_hash", "definition_version"),
)
"""Columns that say what was done, by whom, and what came of it."""


@pytest.mark.parametrize("name", ["admin", "command", "mcp"])
def test_doors_for_people_and_agents_do_not_lose_anything_unseen(
    name: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    call = Call(world.alice, action="wipe", target=world.own)
    door, before = DOORS[name], world.state()
    if name == "command":
        with pytest.raises(AssertionError, match="--plan"):
            door.call(call)
        plan = door.call(replace(call, is_preview=True)).plan
    else:
        plan = door.call(call).plan
    assert plan
    assert world.state() == before
    assert not EventAction.objects.exists()
    door.call(replace(call, plan=plan))
    assert world.state() == {**before, "own": (False, "", 0)}


@pytest.mark.parametrize("name", ["rest", "python"])
def test_doors_for_programs_do_what_they_are_told(name: str, world: World) -> None:
    DOORS[name].call(Call(world.alice, action="wipe", target=world.own))
    assert world.state()["own"] == (False, "", 0)
