"""Taking back what an action did by the inverse action that its definition names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from rest_framework import serializers, viewsets
from rest_framework.permissions import IsAuthenticated

import actions
from actions import Action, ActionRegistry
from actions.context import ActionContext
from actions.exceptions import ActionError
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.registry import catalogue
from actions.terms import Terms
from tests.app.models import Article, Parcel
from tests.undoing import newest, refused

pytestmark = pytest.mark.django_db


def turn_on(article: Article) -> dict[str, Any]:
    """On, past the object, so that only the inverse knows how to take it back."""
    Article.objects.filter(pk=article.pk).update(is_published=True)
    return {}


def turn_off(article: Article) -> dict[str, Any]:
    article.is_published = False
    article.save(update_fields=["is_published"])
    return {"is_on": article.is_published, "pin": "4711"}


def is_on(article: Article, context: ActionContext) -> actions.Refusal | None:
    return None if article.is_published else actions.Refusal("is_off", "It is off.")


class ArticleSerializer(serializers.ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = "__all__"


class SwitchViewSet(ActionMixin, viewsets.ModelViewSet[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    permission_classes = [IsAuthenticated]
    action_registry = ActionRegistry(
        "undo_switch",
        actions=[
            Action(id="turn_on", function=turn_on, undo="turn_off"),
            Action(id="turn_off", function=turn_off, conditions=(is_on,), undo="turn_on"),
            Action(id="turn_on_once", function=turn_on, undo="turn_off_once"),
            Action(id="turn_off_once", function=turn_off, idempotency_key="required"),
            Action(id="turn_on_secretly", function=turn_on, undo="turn_off_secretly"),
            Action(id="turn_off_secretly", function=turn_off, sensitive=("pin",)),
            Action(id="turn_on_abroad", function=turn_on, undo="turn_off_abroad"),
            Action(id="turn_off_abroad", function=turn_off, preview=False),
            Action(id="turn_on_for_good", function=turn_on, undo="nothing"),
        ],
    )


def relabel(parcel: Parcel) -> dict[str, Any]:
    parcel.shipped_at = datetime(2026, 5, 1, tzinfo=UTC)
    parcel.save(update_fields=["shipped_at"])
    return {}


class ParcelSerializer(serializers.ModelSerializer[Parcel]):
    class Meta:
        model = Parcel
        fields = "__all__"


class ParcelViewSet(ActionMixin, viewsets.ModelViewSet[Parcel]):
    serializer_class = ParcelSerializer
    permission_classes = [IsAuthenticated]
    lookup_field = "label"
    action_registry = ActionRegistry("undo_parcel", actions=[Action(id="relabel", function=relabel)])

    def get_queryset(self) -> QuerySet[Parcel]:
        return Parcel.objects.all()


@pytest.fixture(autouse=True)
def _registries() -> None:
    """Other tests' clean-up may have taken them from the catalogue."""
    for viewset in (SwitchViewSet, ParcelViewSet):
        catalogue.register(viewset.action_registry)


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="Seeds")


class TestInverseAction:
    def on(self, article: Article, actor: User, name: str = "turn_on") -> EventAction:
        event = actions.perform(f"undo_switch:{name}", article, actor=actor).event
        assert event is not None
        return event

    def test_it_is_done_as_a_part_of_the_undo(self, article: Article, alice: User) -> None:
        event = self.on(article, alice)
        outcome = actions.perform("actionevent:undo", event.pk, actor=alice, door="admin")

        article.refresh_from_db()
        assert not article.is_published
        assert outcome.body == {"is_on": False, "pin": "4711"}
        inverse = newest("turn_off")
        assert outcome.event is not None
        assert (inverse.parent_uid, inverse.door, inverse.object_id) == (outcome.event.uid, "admin", str(article.pk))

    def test_it_is_undone_by_its_own_inverse_or_as_the_undo(self, article: Article, alice: User) -> None:
        event = self.on(article, alice)
        actions.perform("actionevent:undo", event.pk, actor=alice)
        actions.perform("actionevent:undo", newest("turn_off").pk, actor=alice)
        article.refresh_from_db()
        assert article.is_published
        actions.perform("actionevent:undo", event.pk, actor=alice)
        actions.perform("actionevent:undo", newest("undo").pk, actor=alice)
        article.refresh_from_db()
        assert article.is_published

    def test_its_preview_shows_the_changes(self, article: Article, alice: User) -> None:
        event = self.on(article, alice)
        outcome = actions.perform("actionevent:undo", event.pk, actor=alice, terms=Terms(is_preview=True))

        assert outcome.preview is not None
        assert [(change["field"], change["after"]) for change in outcome.preview.changes] == [("is_published", False)]
        article.refresh_from_db()
        assert article.is_published

    def test_its_own_no_is_the_answer_and_nothing_stays(self, article: Article, alice: User) -> None:
        event = self.on(article, alice)
        Article.objects.update(is_published=False)
        assert refused(event, alice).code == "is_off"
        assert not EventAction.objects.filter(action="turn_off").exists()
        assert newest("undo").outcome == "refused"

    def test_a_key_that_it_demands_is_the_undo_s(self, article: Article, alice: User) -> None:
        event = self.on(article, alice, "turn_on_once")
        actions.perform("actionevent:undo", event.pk, actor=alice, terms=Terms(is_preview=True))
        actions.perform("actionevent:undo", event.pk, actor=alice)
        article.refresh_from_db()
        assert not article.is_published

    def test_its_secrets_reach_the_caller_and_no_record(self, article: Article, alice: User) -> None:
        event = self.on(article, alice, "turn_on_secretly")
        outcome = actions.perform("actionevent:undo", event.pk, actor=alice)
        assert b"4711" in outcome.body.content
        assert newest("undo").response_data is None
        assert newest("turn_off_secretly").response_data == {"is_on": False, "pin": "********"}

    def test_one_that_cannot_be_tried_is_not_tried(self, article: Article, alice: User) -> None:
        event = self.on(article, alice, "turn_on_abroad")
        with pytest.raises(ActionError) as caught:
            actions.perform("actionevent:undo", event.pk, actor=alice, terms=Terms(is_preview=True))
        assert caught.value.code == "preview_not_possible"

    def test_one_that_there_is_not_is_named(self, article: Article, alice: User) -> None:
        error = refused(self.on(article, alice, "turn_on_for_good"), alice)
        assert (error.code, '"nothing"' in error.detail or "nothing" in error.detail) == ("not_undoable", True)

    def test_of_several_objects_it_is_done_to_those_that_were_reached(self, article: Article, alice: User) -> None:
        other = Article.objects.create(title="Soil")
        event = actions.perform("undo_switch:turn_on", ids=[article.pk, other.pk], actor=alice).event
        assert event is not None
        body = actions.perform("actionevent:undo", event.pk, actor=alice).body
        assert body["counts"] == {"total": 2, "succeeded": 2, "failed": 0}
        assert not Article.objects.filter(is_published=True).exists()


@pytest.mark.parametrize("several", [False, True])
def test_a_viewset_may_look_its_objects_up_by_another_field(several: bool, alice: User) -> None:
    parcel = Parcel.objects.create(label="P-7")
    target: dict[str, Any] = {"ids": ["P-7"]} if several else {"target": "P-7"}
    event = actions.perform("undo_parcel:relabel", actor=alice, **target).event
    assert event is not None

    actions.perform("actionevent:undo", event.pk, actor=alice)
    parcel.refresh_from_db()
    assert parcel.shipped_at is None
