"""`ActionFormMixin`: a form whose `save(request, pk)` is the action."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist, PermissionDenied
from django.test import RequestFactory

from actions.forms.mixins import ActionFormMixin
from tests.app.models import Article


class PublishForm(ActionFormMixin[Article], forms.Form):
    action_id = "article:publish_now"
    queryset = Article.objects.all()
    permissions = ("tests_app.change_article",)
    note = forms.CharField(required=False)

    def perform(self, request: Any, obj: Article) -> dict[str, Any]:
        obj.is_published = True
        obj.save(update_fields=["is_published"])
        return {"note": self.cleaned_data["note"]}

    def perform_post_process(self, request: Any, obj: Article) -> None:
        request.processed = obj


class RenameForm(ActionFormMixin[Article], forms.ModelForm):
    class Meta:
        model = Article
        fields = ["title"]


def request_of(user: Any) -> Any:
    request = RequestFactory().post("/")
    request.user = user
    return request


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="News")


@pytest.fixture
def editor(db: None) -> User:
    user = User.objects.create_user("editor")
    user.user_permissions.add(
        Permission.objects.get(codename="change_article", content_type__app_label=Article._meta.app_label)
    )
    return user


def valid(form: Any) -> Any:
    assert form.is_valid(), form.errors
    return form


def test_saving_does_the_work_and_answers_with_meta_and_object(article: Article, editor: User) -> None:
    meta, result = valid(PublishForm({"note": "x"})).save(request_of(editor), article.pk)

    article.refresh_from_db()
    assert article.is_published
    assert (meta, result) == ({"note": "x"}, article)


def test_the_post_process_gets_the_object(article: Article, editor: User) -> None:
    request = request_of(editor)
    valid(PublishForm({})).save(request, article.pk)

    assert request.processed == article


def test_without_the_permission_nothing_happens(article: Article) -> None:
    for user in (AnonymousUser(), User.objects.create_user("reader")):
        with pytest.raises(PermissionDenied):
            valid(PublishForm({})).save(request_of(user), article.pk)

    article.refresh_from_db()
    assert not article.is_published


def test_permissions_are_checked_for_each_object(article: Article, editor: User) -> None:
    form = PublishForm({})
    form.verify_has_permissions(editor, [article, article])

    with pytest.raises(PermissionDenied):
        form.verify_has_permissions(AnonymousUser(), [article])


def test_an_object_outside_of_the_queryset_is_not_found(article: Article, editor: User) -> None:
    form = valid(PublishForm({}))
    form.queryset = Article.objects.filter(is_published=True)

    with pytest.raises(ObjectDoesNotExist):
        form.save(request_of(editor), article.pk)


def test_the_object_that_the_form_was_given_is_not_read_again(article: Article, django_assert_num_queries: Any) -> None:
    form = PublishForm({})
    form.instance = article

    with django_assert_num_queries(0):
        assert form.get_object(str(article.pk)) is article


def test_a_model_form_saves_its_object(article: Article, editor: User) -> None:
    meta, result = valid(RenameForm({"title": "Olds"}, instance=article)).save(request_of(editor), article.pk)

    article.refresh_from_db()
    assert (article.title, meta, result) == ("Olds", {}, article)


def test_a_form_that_names_no_queryset_says_what_to_do() -> None:
    class Form(ActionFormMixin[Article], forms.Form):
        pass

    with pytest.raises(ImproperlyConfigured, match="Set one"):
        Form().get_object(1)


def test_a_form_that_does_nothing_says_what_to_do(article: Article, editor: User) -> None:
    class Form(ActionFormMixin[Article], forms.Form):
        queryset = Article.objects.all()

    with pytest.raises(NotImplementedError, match="override perform"):
        valid(Form({})).save(request_of(editor), article.pk)


def test_the_message_for_streams_names_action_and_object() -> None:
    assert PublishForm().get_stream_message(Article(title="News")) == "publish now: News"
