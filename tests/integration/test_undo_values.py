"""Taking back values of every kind, of the action's own object and of others."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db.models import F, QuerySet
from rest_framework import serializers, viewsets
from rest_framework.permissions import BasePermission, IsAuthenticated

import actions
from actions import Action, ActionRegistry
from actions.context import ActionContext
from actions.mixins import ActionMixin
from actions.models import EventAction
from actions.registry import catalogue
from tests.app.models import Article, Invoice
from tests.undoing import newest, refused, undone

pytestmark = pytest.mark.django_db


def set_fields(invoice: Invoice, *, values: dict[str, Any]) -> dict[str, Any]:
    """Give fields the values that a test has left in `VALUES`."""
    for name in values:
        setattr(invoice, name, VALUES[name])
    invoice.save()
    return {}


VALUES: dict[str, Any] = {}


def bump(invoice: Invoice) -> dict[str, Any]:
    """Change a field, and the counter with it."""
    invoice.number += "!"
    invoice.version += 1
    invoice.save(update_fields=["number", "version"])
    return {}


def count_in_the_database(invoice: Invoice) -> dict[str, Any]:
    """Leave the sum to the database."""
    invoice.amount = F("amount") + 5
    invoice.save(update_fields=["amount"])
    return {}


def rename_in_the_database(invoice: Invoice) -> dict[str, Any]:
    """Write past the object."""
    Invoice.objects.filter(pk=invoice.pk).update(number="updated")
    return {}


def number_and_like(invoice: Invoice, *, context: ActionContext) -> dict[str, Any]:
    """Change a second row, which is watched."""
    article = invoice.article
    context.changes.watch(article)
    article.likes += 1
    article.save(update_fields=["likes"])
    invoice.number = "liked"
    invoice.save(update_fields=["number"])
    return {}


def number_and_like_in_secret(invoice: Invoice) -> dict[str, Any]:
    """Change a second row, which nobody watches."""
    Article.objects.filter(pk=invoice.article_id).update(likes=7)
    invoice.number = "liked"
    invoice.save(update_fields=["number"])
    return {}


def copy(invoice: Invoice, *, context: ActionContext) -> dict[str, Any]:
    """Make a row."""
    article = Article(title="copy")
    context.changes.watch(article)
    article.save()
    return {}


def drop_article(invoice: Invoice, *, context: ActionContext) -> dict[str, Any]:
    """Delete a row."""
    article = Article.objects.get(title="spare")
    context.changes.watch(article)
    article.delete()
    return {}


def touch(invoice: Invoice) -> dict[str, Any]:
    """Change nothing but the time."""
    invoice.save()
    return {}


def like_all(invoices: QuerySet[Invoice], *, context: ActionContext) -> dict[str, Any]:
    """Change the articles of invoices."""
    for invoice in invoices.select_related("article"):
        context.changes.watch(invoice.article)
        invoice.article.likes += 1
        invoice.article.save(update_fields=["likes"])
    return {}


def like_the_first(*, context: ActionContext) -> dict[str, Any]:
    """Change an article that nobody names."""
    article = Article.objects.earliest("pk")
    context.changes.watch(article)
    article.likes += 1
    article.save(update_fields=["likes"])
    return {}


class MayChangeInvoices(BasePermission):
    """What a test allows."""

    allowed = True

    def has_permission(self, request: Any, view: Any) -> bool:
        return MayChangeInvoices.allowed


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    class Meta:
        model = Invoice
        fields = ["id", "number"]


PLAIN_FUNCTIONS = (
    set_fields, bump, count_in_the_database, rename_in_the_database, number_and_like, number_and_like_in_secret,
    copy, drop_article, touch,
)  # fmt: skip


class InvoiceViewSet(ActionMixin, viewsets.ModelViewSet[Invoice]):
    queryset = Invoice.objects.all()
    serializer_class = InvoiceSerializer
    permission_classes = [IsAuthenticated]
    version_field = "version"
    filterset_fields = ["number"]
    action_registry = ActionRegistry(
        "undo_invoice",
        actions=[
            *(
                Action(id=function.__name__, function=function, permissions=(MayChangeInvoices,))
                for function in PLAIN_FUNCTIONS
            ),
            Action(id="seal_up", function=set_fields, sensitive=("number",)),
            Action(id="like_all", type="bulk", function=like_all),
            Action(id="like_the_first", type="bulk", function=like_the_first, selection="none"),
        ],
    )


@pytest.fixture(autouse=True)
def _registries() -> None:
    """Other tests' clean-up may have taken them from the catalogue."""
    MayChangeInvoices.allowed = True
    catalogue.register(InvoiceViewSet.action_registry)


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="Seeds")


@pytest.fixture
def invoice(article: Article) -> Invoice:
    return Invoice.objects.create(number="R-1", article=article, amount=Decimal("10.00"), version=4)


def do(name: str, invoice: Invoice, actor: User, **data: Any) -> EventAction:
    """Perform one of the actions above: its record."""
    event = actions.perform(f"undo_invoice:{name}", invoice, data, actor=actor).event
    assert event is not None
    return event


def set_to(invoice: Invoice, actor: User, name: str = "set_fields", **values: Any) -> EventAction:
    VALUES.clear()
    VALUES.update(values)
    return do(name, invoice, actor, values=dict.fromkeys(values, True))


class TestValues:
    @pytest.mark.parametrize(
        ("field", "before", "after"),
        [
            ("amount", Decimal("10.00"), Decimal("1234.56")),
            ("amount", Decimal("10.00"), Decimal("1.5")),
            ("amount", Decimal("10.00"), 2.25),
            ("due_on", None, date(2026, 5, 1)),
            ("due_on", date(2026, 5, 1), None),
            ("due_on", date(2026, 5, 1), "2026-06-01"),
            ("sent_at", datetime(2026, 5, 1, 8, 30, 15, 123456, tzinfo=UTC), None),
            ("sent_at", None, datetime(2026, 5, 1, 8, tzinfo=timezone(timedelta(hours=2)))),
            ("rings_at", time(7, 30), time(23, 59, 59, 999999)),
            ("grace", timedelta(days=2, microseconds=7), timedelta(seconds=-1)),
            ("rate", 0.1, 1e-7),
            ("reference", UUID(int=7), UUID(int=8)),
            ("facts", {"tags": ["a", None], "depth": {"x": 1.5}}, {"tags": []}),
            ("number", "R-1", "Grüße 🌱"),
            ("number", "7", 8),
            ("number", "…", "R-2"),
        ],
    )
    def test_a_value_of_any_kind_comes_back(
        self, field: str, before: Any, after: Any, invoice: Invoice, alice: User
    ) -> None:
        setattr(invoice, field, before)
        invoice.save()
        event = set_to(invoice, alice, **{field: after})

        undone(event, alice)
        invoice.refresh_from_db()
        assert getattr(invoice, field) == before
        # And forth again.
        undone(newest("undo"), alice)
        invoice.refresh_from_db()
        kept = Invoice(**{field: after})
        kept.clean_fields(exclude={each.name for each in Invoice._meta.fields} - {field})
        assert getattr(invoice, field) == getattr(kept, field)

    def test_a_relation_and_other_fields_come_back_together(self, invoice: Invoice, alice: User) -> None:
        other = Article.objects.create(title="Soil")
        day = date(2026, 5, 1)
        event = set_to(invoice, alice, article=other, amount=Decimal("99.99"), due_on=day, facts={"a": [1]})

        assert {change["field"] for change in undone(event, alice)} == {"article", "amount", "due_on", "facts"}
        invoice.refresh_from_db()
        assert (invoice.article.title, invoice.amount, invoice.due_on) == ("Seeds", Decimal("10.00"), None)
        assert invoice.facts == {}

    def test_a_relation_to_what_is_gone_does_not(self, invoice: Invoice, alice: User) -> None:
        event = set_to(invoice, alice, article=Article.objects.create(title="Soil"))
        Article.objects.filter(title="Seeds").delete()

        error = refused(event, alice)
        assert (error.status, error.code) == (409, "not_undoable")
        assert error.errors == {f"tests_app.invoice.{invoice.pk}.article": ["What it referred to is gone."]}

    def test_a_sum_that_the_database_has_made_comes_back(self, invoice: Invoice, alice: User) -> None:
        event = do("count_in_the_database", invoice, alice)
        assert Invoice.objects.get().amount == Decimal("15.00")

        undone(event, alice)
        assert Invoice.objects.get().amount == Decimal("10.00")

    def test_the_counter_of_versions_goes_on(self, invoice: Invoice, alice: User) -> None:
        event = do("bump", invoice, alice)
        Invoice.objects.update(version=9)

        undone(event, alice)
        invoice.refresh_from_db()
        assert (invoice.number, invoice.version) == ("R-1", 10)

    def test_what_others_have_put_there_is_shown_without_secrets(self, invoice: Invoice, alice: User) -> None:
        event = set_to(invoice, alice, facts={"a": 1})
        Invoice.objects.update(facts={"password": "4711-0815"})
        assert refused(event, alice).extra["changed"][0]["now"] == {"password": "********"}

    def test_a_watched_second_row_comes_back_too(self, invoice: Invoice, article: Article, alice: User) -> None:
        event = do("number_and_like", invoice, alice)
        assert event.is_complete

        assert len(undone(event, alice)) == 2
        article.refresh_from_db()
        invoice.refresh_from_db()
        assert (article.likes, invoice.number) == (0, "R-1")

    def test_a_second_row_that_others_have_changed_keeps_all_of_it(
        self, invoice: Invoice, article: Article, alice: User
    ) -> None:
        event = do("number_and_like", invoice, alice)
        Article.objects.update(likes=5)

        error = refused(event, alice)
        assert (error.code, [change["now"] for change in error.extra["changed"]]) == ("changed_since", [5])
        invoice.refresh_from_db()
        assert invoice.number == "liked"

    def test_a_second_row_that_is_gone_has_changed(self, invoice: Invoice, article: Article, alice: User) -> None:
        event = do("number_and_like", invoice, alice)
        Invoice.objects.update(article=Article.objects.create(title="Soil"))
        article.delete()

        changed = refused(event, alice).extra["changed"]
        assert changed == [
            {"model": "tests_app.article", "key": changed[0]["key"], "field": None, "recorded": 1, "now": None}
        ]

    def test_rows_of_a_set_come_back(self, invoice: Invoice, article: Article, alice: User) -> None:
        event = actions.perform("undo_invoice:like_all", ids=[invoice.pk], actor=alice).event
        assert event is not None
        undone(event, alice)
        article.refresh_from_db()
        assert article.likes == 0

    def test_of_a_set_that_is_not_recorded_nobody_knows_who_may(
        self, invoice: Invoice, article: Article, alice: User
    ) -> None:
        event = actions.perform("undo_invoice:like_all", is_all=True, actor=alice).event
        assert event is not None
        assert "not recorded" in refused(event, alice).detail

    def test_an_action_without_objects_is_asked_for_by_its_own_permission(self, article: Article, alice: User) -> None:
        event = actions.perform("undo_invoice:like_the_first", actor=alice).event
        assert event is not None
        undone(event, alice)
        article.refresh_from_db()
        assert article.likes == 0

    def test_the_action_s_own_permission_is_asked(self, invoice: Invoice, alice: User) -> None:
        event = do("bump", invoice, alice)
        MayChangeInvoices.allowed = False
        assert refused(event, alice).status == 403


class TestRecordedInPart:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("rename_in_the_database", "Not all"),
            ("number_and_like_in_secret", "Not all"),
            ("copy", "Not all"),
            ("drop_article", "Not all"),
            ("touch", "nothing that could be written back"),
        ],
    )
    def test_what_is_not_recorded_in_full_is_refused(
        self, name: str, reason: str, invoice: Invoice, alice: User
    ) -> None:
        Article.objects.create(title="spare")
        error = refused(do(name, invoice, alice), alice)
        assert (error.status, error.code) == (409, "not_undoable")
        assert reason in error.detail

    def test_a_secret_is_refused(self, invoice: Invoice, alice: User) -> None:
        event = set_to(invoice, alice, "seal_up", number="4711-0815")
        assert refused(event, alice).code == "not_undoable"
        # Also where it stands inside of a value.
        event = set_to(invoice, alice, facts={"password": "4711-0815"})
        error = refused(event, alice)
        assert "4711" not in str(error.extra) + str(error.errors)
        assert error.code == "not_undoable"

    @pytest.mark.parametrize("field", ["scan", "seal"])
    def test_a_file_is_refused(self, field: str, invoice: Invoice, alice: User, tmp_path: Any, settings: Any) -> None:
        settings.MEDIA_ROOT = tmp_path
        event = set_to(invoice, alice, **{field: ContentFile(b"x", "x.txt") if field == "scan" else b"12345"})
        assert refused(event, alice).code == "not_undoable"
