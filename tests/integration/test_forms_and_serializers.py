"""Actions that are a form or a serializer: what `save()` returns, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework import exceptions, routers, serializers, viewsets
from rest_framework.test import APIClient

from actions import Action
from actions.fields import CommaSeparatedCharField
from actions.mixins import ActionMixin
from tests.app.models import Article


class RetitleForm(forms.Form):
    title = forms.CharField(help_text="The new one.")

    def save(self, request: Any, pk: int) -> tuple[dict[str, Any], Article]:
        article = Article.objects.get(pk=pk)
        article.title = self.cleaned_data["title"]
        article.save()
        return {"by": request.user.get_username()}, article


class BulkForm(forms.Form):
    ids = CommaSeparatedCharField()

    def save(self, request: Any, pk: None) -> tuple[dict[str, Any], Any]:
        articles = Article.objects.filter(pk__in=self.cleaned_data["ids"])
        return {"count": articles.update(is_published=True)}, articles


class ArticleForm(forms.ModelForm):
    class Meta:
        model = Article
        fields = ["title", "body"]


class UploadForm(forms.Form):
    file = forms.FileField()

    def save(self, request: Any, pk: int) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {"name": self.cleaned_data["file"].name}


class OwnForm(forms.Form):
    """Builds itself."""

    word = forms.CharField()

    @classmethod
    def get_form(cls, viewset: Any, request: Any, pk: int, instance: Article) -> OwnForm:
        return cls({"word": f"{request.data['first']} {instance.title}"})

    def save(self, request: Any, pk: int) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {"word": self.cleaned_data["word"]}


class RefusingForm(forms.Form):
    how = forms.CharField()

    def save(self, request: Any, pk: int) -> None:
        raise {
            "django denied": PermissionDenied("Not you."),
            "rest denied": exceptions.PermissionDenied("Not you."),
            "django invalid": ValidationError("Not this."),
            "rest invalid": exceptions.ValidationError({"how": ["Not this."]}),
        }[self.cleaned_data["how"]]


class ArticleSerializer(serializers.ModelSerializer[Article]):
    seen_by = serializers.SerializerMethodField()

    class Meta:
        model = Article
        fields = ["id", "title", "is_published", "seen_by"]

    def get_seen_by(self, article: Article) -> str:
        return str(self.context["request"].user.get_username())


class PublishSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["is_published"]


class TitleSerializer(serializers.Serializer[Article]):
    title = serializers.CharField()


class ArticleViewSet(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = []
    action_registry = [
        Action(id="retitle", form=RetitleForm),
        Action(id="retitle_raw", form=RetitleForm, serializer=TitleSerializer),
        Action(id="bulk_publish", form=BulkForm, type="bulk"),
        Action(id="edit", form=ArticleForm),
        Action(id="upload", form=UploadForm, serializer=False),
        Action(id="own", form=OwnForm, serializer=False),
        Action(id="refuse", form=RefusingForm, serializer=False),
        Action(id="set_published", serializer=PublishSerializer),
        Action(id="write", serializer=ArticleSerializer, type="bulk"),
    ]


router = routers.SimpleRouter()
router.register("articles", ArticleViewSet)
router.register("legacy/articles", ArticleViewSet, basename="legacy")
urlpatterns = router.urls

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def http(alice: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(alice)
    return client


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Old", body="Text")


@pytest.mark.parametrize("prefix", ["", "/legacy"])
def test_an_instance_form_answers_with_the_object_merged_with_its_meta(
    http: APIClient, article: Article, prefix: str
) -> None:
    response = http.post(f"{prefix}/articles/{article.pk}/retitle/", {"title": "New"}, format="json")

    assert response.json() == {
        "id": article.pk,
        "title": "New",
        "is_published": False,
        "seen_by": "alice",
        "by": "alice",
    }


def test_beside_a_form_the_serializer_is_the_answers(http: APIClient, article: Article) -> None:
    response = http.post(f"/articles/{article.pk}/retitle_raw/", {"title": "New"}, format="json")

    assert response.json() == {"title": "New", "by": "alice"}


@pytest.mark.parametrize("ids", ["{0},{0},", ["{0}"]])
def test_a_bulk_form_answers_with_meta_and_results(http: APIClient, article: Article, ids: Any) -> None:
    text = ids.format(article.pk) if isinstance(ids, str) else [each.format(article.pk) for each in ids]
    response = http.post("/articles/bulk_publish/", {"ids": text}, format="json")

    assert response.status_code == 200, response.content
    assert response.json()["meta"] == {"count": 1}
    assert [row["id"] for row in response.json()["results"]] == [article.pk]


def test_a_model_form_edits_the_object(http: APIClient, article: Article) -> None:
    response = http.post(f"/articles/{article.pk}/edit/", {"title": "New"}, format="json")

    article.refresh_from_db()
    assert (response.status_code, article.title) == (200, "New")


def test_uploads_reach_the_form(http: APIClient, article: Article) -> None:
    response = http.post(
        f"/articles/{article.pk}/upload/", {"file": SimpleUploadedFile("a.txt", b"1")}, format="multipart"
    )

    assert response.json() == {"name": "a.txt"}


def test_a_form_may_build_itself(http: APIClient, article: Article) -> None:
    assert http.post(f"/articles/{article.pk}/own/", {"first": "My"}, format="json").json() == {"word": "My Old"}


@pytest.mark.parametrize(
    ("how", "status", "detail"),
    [
        ("django denied", 403, "Not you."),
        ("rest denied", 403, "Not you."),
        ("django invalid", 400, "Not this."),
        ("rest invalid", 400, "The payload is not valid."),
        ("", 400, "The payload is not valid."),
    ],
)
def test_what_save_raises_is_an_answer(http: APIClient, article: Article, how: str, status: int, detail: str) -> None:
    response = http.post(f"/articles/{article.pk}/refuse/", {"how": how}, format="json")

    assert (response.status_code, response.json()["detail"]) == (status, detail)


def test_a_serializer_updates_the_object_of_an_instance_action(http: APIClient, article: Article) -> None:
    response = http.post(f"/articles/{article.pk}/set_published/", {"is_published": True}, format="json")

    article.refresh_from_db()
    assert (response.json(), article.is_published) == ({"is_published": True}, True)


def test_a_serializer_creates_in_a_bulk_action(http: APIClient) -> None:
    response = http.post("/articles/write/", {"title": "Born"}, format="json")

    assert (response.json()["title"], Article.objects.get().title) == ("Born", "Born")


def test_the_fields_of_a_form_are_documented(http: APIClient, article: Article) -> None:
    body = http.get(f"/articles/{article.pk}/retitle/").json()

    assert body["fields"] == [{"name": "title", "required": True, "description": "The new one.", "type": "CharField"}]
    assert set(body["example_response"]) == {"title", "is_published"}


def test_documentation_without_a_serializer_works(http: APIClient, article: Article) -> None:
    assert http.get(f"/articles/{article.pk}/upload/").json()["example_response"] is None
