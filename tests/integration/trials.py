"""Articles with actions that do what a test says, for previews, plans and the changes that a record holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from pydantic import BaseModel
from rest_framework import routers, serializers, viewsets
from rest_framework.response import Response
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, perform
from actions.context import ActionContext, Refusal
from actions.mixins import ActionMixin
from tests.app.models import Article, Parcel

Work = Callable[[Article, ActionContext], Any]
WORK: dict[str, Work] = {}
"""What `act` may be asked to do, by name."""


def work(function: Work) -> Work:
    """Let `act` do it."""
    WORK[function.__name__] = function
    return function


def act(article: Article, *, kind: str, context: ActionContext) -> Any:
    """Do one of the things that a function may do."""
    return WORK[kind](article, context)


@work
def publish(article: Article, context: ActionContext) -> None:
    article.is_published, article.published_at = True, timezone.now()
    article.save(update_fields=["is_published", "published_at"])


@work
def set_only(article: Article, context: ActionContext) -> None:
    article.save(update_fields=["title"])
    article.title = "Never saved"


@work
def like(article: Article, context: ActionContext) -> dict[str, Any]:
    article.likes = F("likes") + 1
    article.save(update_fields=["likes"])
    return {"liked": True}


@work
def create_one(article: Article, context: ActionContext) -> None:
    Parcel.objects.create(label="One")


@work
def create_article(article: Article, context: ActionContext) -> None:
    Article.objects.create(title="Another")


@work
def create_watched(article: Article, context: ActionContext) -> dict[str, Any]:
    another = Article(title="Another", author=article.author)
    context.changes.watch(another)
    another.save()
    return {"made": True}


@work
def delete_watched(article: Article, context: ActionContext) -> dict[str, Any]:
    other = Article.objects.exclude(pk=article.pk).get()
    context.changes.watch(other)
    other.delete()
    return {"deleted": True}


@work
def make_and_delete(article: Article, context: ActionContext) -> None:
    another = Article(title="Another")
    context.changes.watch(another)
    another.save()
    another.delete()


@work
def change_watched(article: Article, context: ActionContext) -> None:
    other = Article.objects.exclude(pk=article.pk).get()
    context.changes.watch(other)
    other.title = "Changed"
    other.save()


@work
def change_unwatched(article: Article, context: ActionContext) -> None:
    publish(article, context)
    Article.objects.exclude(pk=article.pk).update(title="Changed")


@work
def create_several(article: Article, context: ActionContext) -> None:
    Parcel.objects.bulk_create([Parcel(label=f"Parcel {number}") for number in range(3)])


@work
def create_several_articles(article: Article, context: ActionContext) -> None:
    Article.objects.bulk_create([Article(title=f"Article {number}") for number in range(4)])


@work
def add_groups(article: Article, context: ActionContext) -> None:
    context.actor.groups.add(*Group.objects.all())  # type: ignore[union-attr]


@work
def delete_author(article: Article, context: ActionContext) -> dict[str, Any]:
    assert article.author is not None
    article.author.delete()
    return {"deleted": True}


@work
def raw(article: Article, context: ActionContext) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tests_app_article SET likes = likes + 1")


@work
def raw_many(article: Article, context: ActionContext) -> None:
    with connection.cursor() as cursor:
        rows = [(f"Article {number}", False, 0, "") for number in range(3)]
        cursor.executemany(
            "INSERT INTO tests_app_article (title, is_published, likes, body) VALUES (%s, %s, %s, %s)", rows
        )


@work
def only_read(article: Article, context: ActionContext) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("WITH few AS (SELECT 1 AS n) SELECT n FROM few")
        cursor.execute("/* about */ SELECT 1")
    keys = Article.objects.order_by().values("pk")
    return {"count": len(keys.union(keys))}


@work
def fail_inside(article: Article, context: ActionContext) -> None:
    """Save, and take a part of it back."""
    article.title = "Kept"
    article.save()
    try:
        with transaction.atomic():
            article.title, article.body = "Lost", "Lost"
            article.save()
            context.mail(EmailMessage("Lost", "", None, ["alice@example.com"]))
            Parcel.objects.create(label="Lost")
            raise ValueError  # noqa: TRY301
    except ValueError:
        pass


@work
def delete_inside(article: Article, context: ActionContext) -> dict[str, Any]:
    try:
        with transaction.atomic():
            article.delete()
            raise ValueError  # noqa: TRY301
    except ValueError:
        return {"deleted": False}


@work
def leave_work(article: Article, context: ActionContext) -> None:
    """Leave work for after the commit, in every way."""
    publish(article, context)
    transaction.on_commit(later)
    transaction.on_commit(later, robust=True)
    with transaction.atomic():
        transaction.on_commit(later)
    context.mail(EmailMessage("Published", "", None, ["alice@example.com"]))


SENT: list[str] = []


def later() -> None:
    """What would leave."""
    SENT.append("later")


@work
def call_another(article: Article, context: ActionContext) -> None:
    perform("tried:act", article.pk, {"kind": "leave_work"}, actor=context.actor)  # type: ignore[arg-type]


@work
def call_another_of_another(article: Article, context: ActionContext) -> None:
    other = Article.objects.exclude(pk=article.pk).get()
    perform("tried:act", other.pk, {"kind": "publish"}, actor=context.actor)  # type: ignore[arg-type]


@work
def call_outside(article: Article, context: ActionContext) -> None:
    perform("tried:charge", article.pk, {}, actor=context.actor)  # type: ignore[arg-type]


@work
def write_elsewhere(article: Article, context: ActionContext) -> None:
    publish(article, context)
    Article.objects.using("other").create(title="Elsewhere")


@work
def read_elsewhere(article: Article, context: ActionContext) -> dict[str, Any]:
    return {"count": Article.objects.using("other").count()}


@work
def answer_file(article: Article, context: ActionContext) -> FileResponse:
    publish(article, context)
    return FileResponse(iter([b"content"]), filename="a.txt", as_attachment=True)


@work
def answer_stream(article: Article, context: ActionContext) -> StreamingHttpResponse:
    publish(article, context)
    return StreamingHttpResponse(iter([b"a", b"b"]), content_type="text/csv", status=201)


@work
def answer_text(article: Article, context: ActionContext) -> HttpResponse:
    return HttpResponse("text", content_type="text/plain")


@work
def answer_list(article: Article, context: ActionContext) -> Response:
    return Response([1, 2], status=201, headers={"X-Job": "7"})


@work
def answer_nothing(article: Article, context: ActionContext) -> Response:
    publish(article, context)
    return Response(status=204)


@work
def fail(article: Article, context: ActionContext) -> None:
    publish(article, context)
    raise ValueError("broken")


class BodyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Changes its instance already when it is checked."""

    class Meta:
        model = Article
        fields = ["title"]


class TitleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["title"]


class Title(BaseModel):
    """What pydantic checks."""

    title: str


def rename(article: Article, *, title: str) -> None:
    """Give it another title."""
    article.title = title
    article.save(update_fields=["title"])


def keep_secret(article: Article, *, body: str) -> dict[str, Any]:
    """Save what nobody may read."""
    article.body = body
    article.save(update_fields=["body"])
    return {"saved": True}


def charge(article: Article) -> None:
    """Do something outside of the database."""
    SENT.append("charged")


def publish_all(articles: QuerySet[Article]) -> dict[str, int]:
    """Publish the selection in one statement."""
    return {"published": articles.filter(is_published=False).update(is_published=True)}


def not_closed(article: Article, context: ActionContext) -> Refusal | None:
    """It is open."""
    return Refusal("closed", "It is closed.") if article.title == "Closed" else None


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "is_published"]


class Tried(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    filterset_fields = ["likes", "title"]
    action_registry = ActionRegistry(
        "tried",
        actions=[
            Action(id="act", function=act, conditions=(not_closed,)),
            Action(id="rename_by_form", form=BodyForm),
            Action(id="rename_by_serializer", serializer=TitleSerializer),
            Action(id="rename_by_pydantic", function=rename, schema=Title),
            Action(id="keep_secret", function=keep_secret, sensitive=("body",)),
            Action(id="charge", function=charge, preview=False),
            Action(id="loose", function=act, atomic=False),
            Action(id="publish_all", function=publish_all, type="bulk"),
        ],
    )


class Deferred(Tried):
    """Does not load all of an object."""

    queryset = Article.objects.defer("title")
    action_registry = ActionRegistry("deferred", actions=[Action(id="rename", function=rename)])


router = routers.DefaultRouter()
router.register("articles", Tried, basename="tried")
router.register("deferred", Deferred, basename="deferred")
urlpatterns = router.urls


def post(http: APIClient, path: str, data: Any = None, **headers: str) -> Any:
    """A call with these headers, `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post(path, data or {}, format="json", headers=named)


def preview(http: APIClient, path: str, data: Any = None, **headers: str) -> Any:
    """The same as a preview."""
    return post(http, path, data, Prefer="dry-run", **headers)
