"""Articles with actions whose calls can be counted: `likes` says how often one was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import OperationalError, models
from django.db.models import F
from django.http import HttpResponse
from rest_framework import routers, serializers, viewsets
from rest_framework.response import Response

from actions import Action, ActionRegistry, Refusal
from actions.context import ActionContext
from actions.exceptions import RefusedError
from actions.mixins import ActionMixin
from example_app.urls import urlpatterns as example_urlpatterns
from tests.app.models import Article

meanwhile: list[Callable[[], object]] = []
"""What the action `like_meanwhile` calls while it runs, once each."""


class FileForm(forms.Form):
    """Takes a file."""

    file = forms.FileField()


def like(article: Article, *, by: int = 1) -> dict[str, Any]:
    """Like it."""
    article.likes += by
    article.save(update_fields=["likes"])
    return {"likes": article.likes}


def like_all(articles: models.QuerySet[Article]) -> dict[str, int]:
    """Like the selection, in one statement."""
    return {"liked": articles.update(likes=F("likes") + 1)}


def like_meanwhile(article: Article) -> dict[str, Any]:
    """Like it, and have something happen before that is committed."""
    liked = like(article)
    while meanwhile:
        meanwhile.pop()()
    return liked


def fail(article: Article) -> None:
    """Like it, and break."""
    like_meanwhile(article)
    raise ValueError("broken")


def refuse(article: Article) -> None:
    """Like it, and have second thoughts."""
    like_meanwhile(article)
    raise RefusedError("No.", code="second_thoughts", extra={"why": "because"})


def busy(article: Article) -> None:
    """Like it, and find the database busy."""
    like_meanwhile(article)
    raise OperationalError("database is locked")


def export(article: Article) -> HttpResponse:
    """Like it, and answer with a file."""
    like(article)
    return HttpResponse(b"a;b", content_type="text/csv")


def order(article: Article) -> Response:
    """Like it, and answer with a status of its own."""
    return Response(like(article), status=202, headers={"X-Job": "7"})


def attach(article: Article, *, file: Any) -> dict[str, Any]:
    """Like it, and take a file."""
    return {**like(article), "size": file.size}


def sign(article: Article, *, token: str = "") -> dict[str, Any]:
    """Like it, and answer with a secret."""
    return {**like(article), "access_token": "s3cr3t"}


def open_to_likes(article: Article, context: ActionContext) -> Refusal | None:
    """A condition."""
    return Refusal("published", "It is published.") if article.is_published else None


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "likes"]


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    filterset_fields = ["title"]
    # Of its own name: other tests have registries for articles, too.
    action_registry = ActionRegistry(
        "keyed",
        actions=[
            Action(id="like", function=like, conditions=(open_to_likes,)),
            Action(id="like_all", function=like_all, type="bulk"),
            Action(id="like_again", function=like),
            Action(id="like_meanwhile", function=like_meanwhile),
            Action(id="like_once", function=like, idempotency_key="required"),
            Action(id="like_loosely", function=like_meanwhile, atomic=False, conditions=(open_to_likes,)),
            Action(id="fail", function=fail),
            Action(id="fail_loosely", function=fail, atomic=False),
            Action(id="refuse", function=refuse),
            Action(id="busy", function=busy),
            Action(id="busy_loosely", function=busy, atomic=False),
            Action(id="export", function=export),
            Action(id="order", function=order),
            Action(id="attach", function=attach, form=FileForm),
            Action(id="sign", function=sign),
            Action(id="like_version", function=like, if_match="required"),
            Action(id="like_all_versions", function=like_all, type="bulk", if_match="required"),
        ],
    )


router = routers.SimpleRouter()
router.register("articles", Articles, basename="keyed-article")
urlpatterns = [*router.urls, *example_urlpatterns]
