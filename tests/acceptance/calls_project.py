"""Actions that a test can stop in the middle, and their pages: the URL configuration of the workers that it kills."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.db.models import F
from django.urls import include, path
from rest_framework import routers, serializers, viewsets
from rest_framework.permissions import IsAuthenticated

from actions import Action, ActionRegistry
from actions.mixins import ActionMixin
from tests.app.models import Article

RESOURCE = "waiting_article"
PATIENCE_SECONDS = 60


def folder() -> Path:
    """Where the action and the test leave messages for each other."""
    return Path(os.environ["CALLS_FOLDER"])


def begun() -> list[str]:
    """Process ids of the workers that have begun the action, in that order."""
    file = folder() / "begun"
    return file.read_text().split() if file.exists() else []


def like(article: Article) -> dict[str, int]:
    """Like an article, and wait half-way as long as the test wants it."""
    Article.objects.filter(pk=article.pk).update(likes=F("likes") + 1)
    # Outside of the database, so that it tells of attempts that were rolled back, too.
    with (folder() / "begun").open("a") as file:
        file.write(f"{os.getpid()}\n")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (folder() / "wait").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return {"pid": os.getpid()}


class ArticleSerializer(serializers.ModelSerializer[Article]):
    """What is answered."""

    class Meta:
        model = Article
        fields = ["id", "likes"]


class ArticleViewSet(ActionMixin, viewsets.ReadOnlyModelViewSet[Article]):
    """Everybody's articles."""

    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = [IsAuthenticated]
    action_registry = ActionRegistry(
        RESOURCE,
        f"/{RESOURCE}/",
        [
            Action(id="like", function=like, description="Like it, once more after a worker's death."),
            Action(id="like_once", function=like, interrupted="fail", description="Like it, or fail."),
        ],
        source=__name__,
    )


router = routers.SimpleRouter()
router.register(RESOURCE, ArticleViewSet, basename=RESOURCE)

urlpatterns = [path("dj-actions/", include("actions.urls")), *router.urls]
