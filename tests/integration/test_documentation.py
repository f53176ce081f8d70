"""What callers are told of an action: what it takes and answers, not how it is made."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.http import FileResponse
from rest_framework import routers, serializers, viewsets
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient
from rest_framework.urlpatterns import format_suffix_patterns

from actions import Action
from actions.mixins import ActionMixin
from tests.app.models import Article

COUNTED = {"type": "object", "properties": {"done": {"type": "integer", "examples": [12]}}}
NOTE = {"type": "object", "properties": {"note": {"type": "string"}}}


class TitleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["title"]


class NoteForm(forms.Form):
    note = forms.CharField()


class SavingForm(NoteForm):
    def save(self, request: Any, pk: int) -> None: ...


def is_open(article: Article, context: Any) -> None: ...
def unsaid(article: Any, **payload: Any): ...  # type: ignore[no-untyped-def]
def nothing(article: Any, **payload: Any) -> None: ...
def counted(article: Any) -> dict[str, int]: ...
def one(article: Any) -> Article: ...
def several(articles: Any) -> list[Article]: ...
def download(article: Any) -> FileResponse: ...


class Articles(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = TitleSerializer
    permission_classes = []
    action_registry = [
        Action(
            id="note",
            function=unsaid,
            form=f"{__name__}.NoteForm",
            serializer=TitleSerializer,
            permissions=("tests_app.change_article", AllowAny),
            conditions=(is_open, f"{__name__}.is_open"),
            idempotent=True,
        ),
        Action(id="named", function=unsaid, result=f"{__name__}.TitleSerializer"),
        Action(id="written", function=unsaid, schema=NOTE, result=COUNTED, serializer=False),
        Action(id="unsaid", function=unsaid),
        Action(id="unsaid_of_all", function=unsaid, type="bulk"),
        Action(id="nothing", function=nothing),
        Action(id="counted", function=counted),
        Action(id="one", function=one),
        Action(id="several", function=several, type="bulk"),
        Action(id="download", function=download),
        Action(id="saving", form=SavingForm),
        Action(id="declared", function=unsaid, type="bulk", result={"type": "integer", "default": 3}),
        Action(id="without_example", function=unsaid, result=NOTE),
        Action(id="shown", function=unsaid, result=COUNTED, examples=({"response": {"done": 1}},)),
        Action(id="planned", status="todo", schema=NOTE),
        Action(id="ended", function=nothing, schema=NOTE, sunset="2020-01-01"),
        Action(id="ending", function=nothing, schema=NOTE, sunset="2999-12-31"),
    ]


router = routers.SimpleRouter()
router.register("articles", Articles)
# A resource whose URL looks like the older form of an action's.
router.register("actions", Articles, basename="actions")
urlpatterns = format_suffix_patterns(router.urls)

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__), pytest.mark.once]


@pytest.fixture
def http() -> APIClient:
    return APIClient()


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Title", body="Text")


def documents(http: APIClient, article: Article, name: str) -> list[dict[str, Any]]:
    """An action's own documentation, and its entry in the list of the resource."""
    listed = http.get("/articles/actions/").json()
    entries = [*listed["bulk_actions"], *listed["instance_actions"]]
    return [http.get(f"/articles/{article.pk}/{name}/").json(), next(each for each in entries if each["id"] == name)]


@pytest.mark.parametrize("name", ["note", "named"])
def test_callers_are_not_told_where_the_code_is(http: APIClient, article: Article, name: str) -> None:
    for document in documents(http, article, name):
        internal = {"function", "form", "serializer", "schema", "result", "permissions", "conditions"}
        assert not internal & set(document)
        assert __name__ not in str(document)


def test_callers_are_told_the_rest_of_the_definition(http: APIClient, article: Article) -> None:
    for document in documents(http, article, "note"):
        assert (document["id"], document["type"], document["idempotent"]) == ("note", "instance", True)


def test_callers_are_told_schemas(http: APIClient, article: Article) -> None:
    for document in documents(http, article, "written"):
        assert (document["schema"], document["result"], document["serializer"]) == (NOTE, COUNTED, False)


@pytest.mark.parametrize("base", ["/articles/", "/actions/"])
@pytest.mark.parametrize("end", ["/", ".json"])
@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("{pk}/unsaid", "{pk}/unsaid"),
        ("{pk}/actions/unsaid", "{pk}/unsaid"),
        ("unsaid", "unsaid"),
        ("actions/unsaid", "unsaid"),
        ("unsaid_of_all", "unsaid_of_all"),
        ("actions/unsaid_of_all", "unsaid_of_all"),
    ],
)
def test_the_url_is_the_main_one(http: APIClient, article: Article, base: str, asked: str, path: str, end: str) -> None:
    document = http.get(f"{base}{asked.format(pk=article.pk)}{end}").json()

    assert document["url"] == f"{base}{path.format(pk=article.pk)}{end}"


def test_in_python_the_definition_is_whole() -> None:
    routers.SimpleRouter().get_routes(Articles)
    documented = Articles.action_registry["actions"]["note"]  # type: ignore[call-overload]
    assert documented["form"] == f"{__name__}.NoteForm"
    assert documented["permissions"] == ["tests_app.change_article", AllowAny]
    assert documented["conditions"] == [is_open, f"{__name__}.is_open"]


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("{pk}/unsaid", None),
        ("unsaid_of_all", None),
        ("{pk}/counted", None),
        ("{pk}/download", None),
        ("{pk}/without_example", None),
        ("{pk}/written", {"done": 12}),
        ("declared", {"meta": {}, "results": [3]}),
        ("{pk}/shown", {"done": 1}),
        ("{pk}/named", {"title": ""}),
        ("{pk}/nothing", {"title": ""}),
        ("{pk}/one", {"title": ""}),
        ("{pk}/saving", {"title": ""}),
        ("several", {"meta": {}, "results": [{"title": ""}]}),
    ],
)
def test_the_example_of_an_answer_is_what_is_known_of_it(
    http: APIClient, article: Article, path: str, example: Any
) -> None:
    assert http.get(f"/articles/{path.format(pk=article.pk)}/").json()["example_response"] == example


@pytest.mark.parametrize(("name", "forms"), [("planned", 0), ("ended", 0), ("ending", 2)])
def test_a_form_is_shown_for_what_can_be_called(http: APIClient, article: Article, name: str, forms: int) -> None:
    page = http.get(f"/articles/{article.pk}/{name}/", HTTP_ACCEPT="text/html").content.decode()

    assert page.count('method="POST" enctype') + page.count('name="_content"') == forms
    assert page.count('name="note"') == (1 if forms else 0)
