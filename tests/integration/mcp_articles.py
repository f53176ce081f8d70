"""Articles as tools: a ViewSet with its own queryset, an object permission, and actions of every kind."""

from __future__ import annotations

from threading import Event
from typing import Any

from django.http import HttpResponse
from django.urls import include, path
from rest_framework import permissions, routers, serializers, viewsets
from rest_framework.throttling import UserRateThrottle

from actions import Action, ActionRegistry, Refusal
from actions.mcp import MCPView
from actions.mixins import ActionMixin
from tests.app.models import Article


def publish(article: Article, *, note: str = "", context: Any) -> dict[str, Any]:
    """Publish an article."""
    article.is_published = True
    article.body = note or article.body
    article.save(update_fields=["is_published", "body"])
    return {"is_published": True, "door": context.door}


def retitle(article: Article, *, id: str, ids: list[int], plan: str) -> dict[str, Any]:
    """Have fields of the same names as arguments of the tool."""
    return {"id": id, "ids": ids, "plan": plan}


def remove(article: Article) -> dict[str, str]:
    """Delete it."""
    title = article.title
    article.delete()
    return {"removed": title}


def send(article: Article) -> dict[str, bool]:
    """Act outside of the database."""
    return {"sent": True}


def count_up(article: Article, *, steps: int = 3, context: Any) -> dict[str, int]:
    """Work for a while, and say how far it is."""
    for step in range(1, steps + 1):
        context.progress(step, steps, f"Step {step}")
    article.likes = steps
    article.save(update_fields=["likes"])
    return {"likes": steps}


HEARD = Event()
"""Set by a client that has got the report of `wait`."""


def wait(article: Article, *, context: Any) -> dict[str, bool]:
    """Go on only when the first report has arrived."""
    context.progress(1, 2)
    return {"heard": HEARD.wait(5)}


def fail(article: Article) -> None:
    """Break."""
    raise ValueError("broken")


def picture(article: Article) -> HttpResponse:
    """Answer with a file."""
    return HttpResponse(b"\x89PNG", content_type="image/png")


def publish_all(articles: Any) -> dict[str, int]:
    """Publish the selection."""
    return {"published": articles.update(is_published=True)}


def lie(article: Article) -> dict[str, str]:
    """Answer with something else than is declared."""
    return {"likes": "many"}


def whoever(article: Article, *, context: Any) -> dict[str, Any]:
    """Tell what is known of the request."""
    request = context.request
    return {"auth": str(request.auth), "url": request.build_absolute_uri("/"), "address": request.META["REMOTE_ADDR"]}


def unpublished(article: Article, context: Any) -> Refusal | None:
    """It is not published yet."""
    return Refusal("published", "It is published already.") if article.is_published else None


class IsAuthor(permissions.BasePermission):
    message = "Only its author may do this."

    def has_object_permission(self, request: Any, view: Any, obj: Article) -> bool:
        return obj.author_id == request.user.pk


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "is_published"]


REGISTRY = ActionRegistry(
    "mcp_article",
    actions=[
        Action(id="publish", function=publish, conditions=(unpublished,), idempotent=True, title="Publish"),
        Action(id="retitle", function=retitle),
        Action(id="remove", function=remove, destructive=True),
        Action(id="send", function=send, destructive=True, preview=False),
        Action(id="count_up", function=count_up),
        Action(id="wait", function=wait),
        Action(id="fail", function=fail),
        Action(id="picture", function=picture),
        Action(id="lie", function=lie, result={"type": "object", "properties": {"likes": {"type": "integer"}}}),
        Action(id="whoever", function=whoever),
        Action(id="guarded", function=publish, permissions=("tests_app.change_article",)),
        Action(id="promised", status="todo"),
        Action(id="new", function=publish, status="alpha"),
        Action(id="gone", function=publish, sunset="2020-01-01"),
        Action(id="once", function=publish, idempotency_key="required"),
        Action(id="exact", function=publish, if_match="required"),
        Action(id="publish_all", type="bulk", function=publish_all),
    ],
)


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    """Of which nobody sees the hidden ones."""

    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = [permissions.IsAuthenticated, IsAuthor]
    filterset_fields = ["is_published", "title"]
    search_fields = ["title"]
    action_registry = REGISTRY

    def get_queryset(self) -> Any:
        return Article.objects.exclude(title="Hidden")


class TwiceAMinute(UserRateThrottle):
    rate = "2/min"


router = routers.DefaultRouter()
router.register("articles", Articles)

urlpatterns = [
    *router.urls,
    path("dj-actions/", include("actions.urls")),
    path("mcp/", MCPView.as_view(registries=["mcp_article"])),
    path("few/", MCPView.as_view(registries=[REGISTRY], actions=["mcp_article:publish"], page_size=1)),
    path("paged/", MCPView.as_view(registries=[REGISTRY], page_size=5)),
    path("slow/", MCPView.as_view(registries=[REGISTRY], throttle_classes=[TwiceAMinute])),
    path(
        "open/", MCPView.as_view(registries=[REGISTRY], permission_classes=[], allowed_origins=["https://*.pages.io"])
    ),
    path("wrong/", MCPView.as_view(actions=["mcp_article:nothing"])),
]
