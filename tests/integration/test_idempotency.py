"""Idempotency-Key: what is done once, what is answered again, and what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response
from rest_framework.test import APIClient

from actions import perform
from actions.exceptions import ActionError, IdempotencyError
from actions.models import ArchivedEventAction, EventAction
from actions.redaction import MASK
from actions.terms import Terms
from tests import keyed
from tests.app.models import Article
from tests.records import OLD

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.keyed")]


@pytest.fixture
def article(db: None) -> Article:
    return Article.objects.create(title="News")


@pytest.fixture(autouse=True)
def _nothing_meanwhile() -> Iterator[None]:
    yield
    keyed.meanwhile.clear()


def call(client: APIClient, article: Article, action: str = "like", key: str = '"k"', **payload: Any) -> Any:
    url = f"/articles/{article.pk}/{action}/"
    return client.post(url, payload, format="json", headers={"Idempotency-Key": key})


def likes(article: Article) -> int:
    article.refresh_from_db()
    return article.likes


def is_replay(response: Response) -> bool:
    return response.headers.get("Idempotent-Replayed") == "true"


def test_a_call_that_is_made_again_is_answered_again_and_not_done_again(api: APIClient, article: Article) -> None:
    first, second, third = (call(api, article, by=2) for _ in range(3))
    assert (first.status_code, first.json(), is_replay(first)) == (200, {"likes": 2}, False)
    for again in (second, third):
        assert (again.status_code, again.json(), is_replay(again)) == (200, {"likes": 2}, True)
    assert likes(article) == 2
    assert EventAction.objects.count() == 1


def test_quotes_or_not_is_the_same_key(api: APIClient, article: Article) -> None:
    call(api, article, key='"abc"')
    assert is_replay(call(api, article, key="abc"))


def test_the_record_is_complete_and_does_not_tell_the_key(api: APIClient, article: Article) -> None:
    call(api, article, key='"secret-key"')
    event = EventAction.objects.get()
    assert (event.outcome, event.status_code, event.object_id) == ("succeeded", 200, str(article.pk))
    assert event.response_data == {"likes": 1}
    assert [change["field"] for change in event.changes] == ["likes"]
    assert event.is_complete
    assert len(event.key_hash) == len(event.request_hash) == 64
    assert "secret-key" not in str(vars(event))


def test_calls_without_a_key_are_done_each_time(api: APIClient, article: Article) -> None:
    for _ in range(2):
        api.post(f"/articles/{article.pk}/like/")
    assert likes(article) == 2
    assert set(EventAction.objects.values_list("key_hash", flat=True)) == {None}


# --- whose key, and for what


def test_two_users_have_two_keys(api: APIClient, bob: User, client_of: Any, article: Article) -> None:
    call(api, article)
    assert not is_replay(call(client_of(bob), article))
    assert likes(article) == 2


def test_two_actions_have_two_keys(api: APIClient, article: Article) -> None:
    call(api, article)
    assert not is_replay(call(api, article, "like_again"))
    assert likes(article) == 2


def test_of_callers_who_are_nobody_each_address_has_keys_of_its_own(client_of: Any, article: Article) -> None:
    nobody = client_of(None)
    url, headers = f"/articles/{article.pk}/like/", {"Idempotency-Key": '"k"'}
    first, second, other = (nobody.post(url, headers=headers, REMOTE_ADDR=f"10.0.0.{end}") for end in (1, 1, 2))
    assert [is_replay(response) for response in (first, second, other)] == [False, True, False]
    assert likes(article) == 2


def test_every_door_knows_the_key(api: APIClient, alice: User, article: Article) -> None:
    call(api, article)
    outcome = perform("keyed:like", article.pk, {}, actor=alice, terms=Terms(key="k"))
    assert (outcome.body, outcome.headers) == ({"likes": 1}, {"Idempotent-Replayed": "true"})


@pytest.mark.parametrize("other", ["payload", "object", "query", "later"])
def test_the_key_of_another_request_is_refused(api: APIClient, article: Article, other: str) -> None:
    call(api, article, by=1)
    sent: dict[str, Any] = {"url": f"/articles/{article.pk}/like/", "payload": {"by": 1}, "headers": {}}
    if other == "payload":
        sent["payload"] = {"by": 2}
    elif other == "object":
        sent["url"] = f"/articles/{Article.objects.create(title='Other').pk}/like/"
    elif other == "query":
        sent["url"] += "?lang=en"
    else:
        sent["headers"] = {"Prefer": "respond-async"}
    headers = {"Idempotency-Key": '"k"', **sent["headers"]}
    response = api.post(sent["url"], sent["payload"], format="json", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "key_reused")
    assert not is_replay(response)
    assert likes(article) == 1


def test_how_it_is_written_makes_no_other_request(api: APIClient, article: Article) -> None:
    sent = (f'{{"ids": [{article.pk}], "by": 2}}', f'{{"by":2,"ids":[{article.pk}]}}')
    first, second = (
        api.post("/articles/like/", text, content_type="application/json", headers={"Idempotency-Key": '"k"'})
        for text in sent
    )
    assert first.json()["counts"]["succeeded"] == 1
    assert (second.json(), is_replay(second)) == (first.json(), True)


def test_a_form_and_its_files_are_part_of_the_request(api: APIClient, article: Article) -> None:
    def send(content: bytes, name: str = "a.txt") -> Any:
        data = {"file": SimpleUploadedFile(name, content)}
        url = f"/articles/{article.pk}/attach/"
        return api.post(url, data, format="multipart", headers={"Idempotency-Key": '"k"'})

    first, again, other, renamed = send(b"one"), send(b"one"), send(b"two"), send(b"one", "b.txt")
    assert (first.json(), again.json()) == ({"likes": 1, "size": 3},) * 2
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert (other.status_code, renamed.status_code) == (422, 422)
    assert likes(article) == 1


# --- what is kept


def test_a_failure_is_kept_and_answered_again(api: APIClient, article: Article) -> None:
    api.raise_request_exception = False
    first, second = call(api, article, "fail"), call(api, article, "fail")
    assert (first.status_code, second.status_code) == (500, 500)
    assert {**second.json(), "traceback": ""} == {**first.json(), "traceback": ""}
    assert (is_replay(first), is_replay(second)) == (False, True)
    assert likes(article) == 0
    # One execution, one record.
    assert [event.outcome for event in EventAction.objects.all()] == ["failed"]


def test_a_refusal_by_the_function_is_kept_with_all_its_members(api: APIClient, article: Article) -> None:
    first, second = call(api, article, "refuse"), call(api, article, "refuse")
    assert second.json() == first.json()
    assert (second.status_code, second.json()["code"], second.json()["why"]) == (409, "second_thoughts", "because")
    assert is_replay(second)
    assert EventAction.objects.count() == 1


def test_what_was_refused_before_it_began_may_be_corrected(api: APIClient, article: Article) -> None:
    assert call(api, article, by="many").status_code == 400
    article.is_published = True
    article.save()
    assert call(api, article, by=3).json()["code"] == "published"
    Article.objects.update(is_published=False)
    done = call(api, article, by=3)
    assert (done.status_code, done.json(), is_replay(done)) == (200, {"likes": 3}, False)


@pytest.mark.parametrize("action", ["busy", "busy_loosely"])
def test_a_busy_database_is_no_answer(api: APIClient, article: Article, action: str) -> None:
    done = []
    for _ in range(2):
        keyed.meanwhile.append(lambda: done.append(1))
        response = call(api, article, action)
        assert (response.status_code, is_replay(response)) == (503, False)
    assert done == [1, 1]
    assert not EventAction.objects.filter(key_hash__isnull=False).exists()


def test_an_answer_with_a_status_of_its_own_is_answered_with_it(api: APIClient, article: Article) -> None:
    first, second = call(api, article, "order"), call(api, article, "order")
    assert (first.status_code, second.status_code, second.json()) == (202, 202, {"likes": 1})
    assert is_replay(second)


def test_a_file_is_not_kept_and_not_made_again(api: APIClient, article: Article) -> None:
    first, second = call(api, article, "export"), call(api, article, "export")
    assert first.content == b"a;b"
    assert (second.status_code, second.json()["code"], is_replay(second)) == (409, "answer_not_kept", True)
    assert likes(article) == 1
    assert EventAction.objects.count() == 1


def test_a_secret_is_masked_in_what_is_answered_again(api: APIClient, article: Article) -> None:
    first, second = call(api, article, "sign", token="abcdef"), call(api, article, "sign", token="abcdef")
    assert (first.json()["access_token"], second.json()["access_token"]) == ("s3cr3t", MASK)
    assert call(api, article, "sign", token="ghijkl").status_code == 422


def test_a_key_keeps_its_record_where_nothing_is_tracked(api: APIClient, article: Article, settings: Any) -> None:
    settings.DJACTION_TRACK_ACTIONS = False
    api.raise_request_exception = False
    api.post(f"/articles/{article.pk}/like/")
    assert not EventAction.objects.exists()
    call(api, article)
    assert is_replay(call(api, article))
    call(api, article, "fail")
    assert is_replay(call(api, article, "fail"))
    assert call(api, article, "like_again", by="many").status_code == 400
    assert sorted(EventAction.objects.values_list("outcome", flat=True)) == ["failed", "succeeded"]


def test_the_key_of_a_record_that_was_archived_is_free(api: APIClient, article: Article) -> None:
    call(api, article)
    event = EventAction.objects.get()
    EventAction.objects.update(created_at=event.created_at - OLD)
    call_command("archive_actions")
    assert ArchivedEventAction.objects.count() == 1
    assert not is_replay(call(api, article))
    assert likes(article) == 2


# --- together with other terms


def test_a_preview_uses_no_key_up(api: APIClient, article: Article) -> None:
    url, key = f"/articles/{article.pk}/like/", {"Idempotency-Key": '"k"'}
    assert api.post(url, headers={**key, "Prefer": "dry-run"}).json()["likes"] == 1
    assert not is_replay(call(api, article))
    preview = api.post(url, headers={**key, "Prefer": "dry-run"})
    assert (preview.json()["likes"], is_replay(preview)) == (2, False)
    assert likes(article) == 1


def test_the_key_goes_before_the_version(api: APIClient, article: Article) -> None:
    url = f"/articles/{article.pk}/like/"
    headers = {"Idempotency-Key": '"k"', "If-Match": api.get(f"/articles/{article.pk}/")["ETag"]}
    first, second = api.post(url, headers=headers), api.post(url, headers=headers)
    assert (first.status_code, second.status_code, second.json()) == (200, 200, {"likes": 1})
    assert is_replay(second)
    # A caller who has read it again means the same call.
    headers["If-Match"] = api.get(f"/articles/{article.pk}/")["ETag"]
    assert is_replay(api.post(url, headers=headers))


def test_a_version_that_was_wrong_uses_no_key_up(api: APIClient, article: Article) -> None:
    url, key = f"/articles/{article.pk}/like/", {"Idempotency-Key": '"k"'}
    assert api.post(url, headers={**key, "If-Match": '"old"'}).status_code == 412
    assert api.post(url, headers=key).json() == {"likes": 1}


def test_a_plan_that_does_not_hold_any_more_uses_no_key_up(api: APIClient, article: Article) -> None:
    url, key = f"/articles/{article.pk}/like_again/", {"Idempotency-Key": '"k"'}
    plan = api.post(url, headers={"Prefer": "dry-run"}).json()["plan"]
    Article.objects.update(likes=5)
    refused = api.post(url, headers={**key, "If-Plan": plan})
    assert (refused.status_code, refused.json()["code"]) == (412, "plan_changed")
    plan = api.post(url, headers={"Prefer": "dry-run"}).json()["plan"]
    assert api.post(url, headers={**key, "If-Plan": plan}).json() == {"likes": 6}
    assert is_replay(api.post(url, headers={**key, "If-Plan": plan}))


def test_a_call_for_later_is_accepted_once(api: APIClient, article: Article) -> None:
    url, headers = f"/articles/{article.pk}/like/", {"Idempotency-Key": '"k"', "Prefer": "respond-async"}
    first, second = api.post(url, headers=headers), api.post(url, headers=headers)
    assert (first.status_code, second.status_code) == (202, 202)
    assert (second["Location"], second.json()["uid"]) == (first["Location"], first.json()["uid"])
    assert is_replay(second)
    assert second["Retry-After"]
    assert EventAction.objects.get().pending_call
    api.delete(first["Location"])
    cancelled = api.post(url, headers=headers)
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "cancelled")


@pytest.mark.parametrize("action", ["like", "like_loosely"])
def test_a_call_for_later_that_is_refused_is_recorded_and_its_key_free(
    api: APIClient, article: Article, action: str
) -> None:
    Article.objects.update(is_published=True)
    url, headers = f"/articles/{article.pk}/{action}/", {"Idempotency-Key": '"k"', "Prefer": "respond-async"}
    for _ in range(2):
        assert api.post(url, headers=headers).json()["code"] == "published"
    assert list(EventAction.objects.values_list("outcome", "key_hash")) == [("refused", None)] * 2


def test_several_objects_and_each_by_itself(api: APIClient, article: Article) -> None:
    other = Article.objects.create(title="Other", is_published=True)
    headers = {"Idempotency-Key": '"k"', "Prefer": "continue-on-error"}
    sent = {"ids": [article.pk, other.pk]}
    first, second = (api.post("/articles/like/", sent, format="json", headers=headers) for _ in range(2))
    assert (first.status_code, first.json()["counts"]) == (200, {"total": 2, "succeeded": 1, "failed": 1})
    assert (second.json(), is_replay(second)) == (first.json(), True)
    assert likes(article) == 1


# --- demanded


def test_a_key_that_is_demanded_and_missing(api: APIClient, article: Article) -> None:
    url = f"/articles/{article.pk}/like_once/"
    response = api.post(url)
    assert (response.status_code, response.json()["code"]) == (400, "key_required")
    assert list(response.json()["errors"]) == ["Idempotency-Key"]
    assert api.post(url, headers={"Prefer": "dry-run"}).status_code == 200
    assert likes(article) == 0
    assert call(api, article, "like_once").json() == {"likes": 1}


@pytest.mark.parametrize("key", ["", '"', "two words", "x" * 256, '"a", "b"'])
def test_a_malformed_key_does_nothing(api: APIClient, article: Article, key: str) -> None:
    response = call(api, article, key=key)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["Idempotency-Key"])
    assert likes(article) == 0
    assert [event.outcome for event in EventAction.objects.all()] == ["refused"]


# --- actions without a transaction


def test_without_a_transaction_others_see_that_it_runs(api: APIClient, article: Article) -> None:
    seen: list[Any] = []
    keyed.meanwhile.append(lambda: seen.extend(EventAction.objects.values_list("outcome", "status_code")))
    keyed.meanwhile.append(lambda: seen.append(call(api, article, "like_loosely")))
    first, second = call(api, article, "like_loosely"), call(api, article, "like_loosely")
    meanwhile = seen.pop(0)
    assert (meanwhile.status_code, meanwhile.json()["code"], meanwhile["Retry-After"]) == (409, "in_progress", "1")
    assert ("running", 202) in seen
    assert (first.json(), second.json(), is_replay(second)) == ({"likes": 1}, {"likes": 1}, True)
    assert likes(article) == 1
    assert EventAction.objects.filter(key_hash__isnull=False).get().outcome == "succeeded"


def test_without_a_transaction_a_failure_ends_the_record(api: APIClient, article: Article) -> None:
    api.raise_request_exception = False
    first, second = call(api, article, "fail_loosely"), call(api, article, "fail_loosely")
    assert (first.status_code, second.status_code, is_replay(second)) == (500, 500, True)
    assert "may have been done" in second.json()["detail"]
    assert likes(article) == 1
    [event] = EventAction.objects.all()
    assert (event.outcome, event.status_code) == ("failed", 500)


def test_without_a_transaction_a_refusal_before_it_began_frees_the_key(api: APIClient, article: Article) -> None:
    Article.objects.update(is_published=True)
    assert call(api, article, "like_loosely").status_code == 409
    Article.objects.update(is_published=False)
    assert call(api, article, "like_loosely").json() == {"likes": 1}
    assert list(EventAction.objects.order_by("id").values_list("outcome", flat=True)) == ["refused", "succeeded"]


# --- inside of others' transactions


def test_inside_a_caller_s_own_transaction(alice: User, article: Article) -> None:
    def like(key: str, **data: Any) -> Any:
        return perform("keyed:like", article.pk, data, actor=alice, terms=Terms(key=key)).body

    with transaction.atomic():
        assert like("k") == like("k") == {"likes": 1}
        with pytest.raises(IdempotencyError):
            like("k", by=5)
        with pytest.raises(ActionError):
            perform("keyed:fail", article.pk, actor=alice, terms=Terms(key="k"))
        # Nothing of that has broken it.
        assert like("other") == {"likes": 2}
    assert likes(article) == 2


def test_what_the_caller_s_transaction_takes_back_frees_the_key(alice: User, article: Article) -> None:
    for _ in range(2):
        with transaction.atomic():
            outcome = perform("keyed:like", article.pk, actor=alice, terms=Terms(key="k"))
            assert (outcome.body, outcome.headers) == ({"likes": 1}, {})
            transaction.set_rollback(True)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="where one timeout holds for everything")
def test_the_database_waits_as_long_as_before(api: APIClient, article: Article) -> None:
    change, back, question = {
        "postgresql": ("SET LOCAL lock_timeout = '7s'", "SET LOCAL lock_timeout = 0", "SHOW lock_timeout"),
        "mysql": (
            "SET SESSION innodb_lock_wait_timeout = 7",
            "SET SESSION innodb_lock_wait_timeout = 50",
            "SELECT @@SESSION.innodb_lock_wait_timeout",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(change)
        waits = []
        for _ in range(2):
            is_replay(call(api, article))
            cursor.execute(question)
            waits.append(str(cursor.fetchone()[0]).removesuffix("s"))
        cursor.execute(back)
    assert waits == ["7", "7"]


def test_what_a_key_costs(api: APIClient, article: Article) -> None:
    url = f"/articles/{article.pk}/like/"
    api.post(url)
    with CaptureQueriesContext(connection) as plain:
        api.post(url)
    with CaptureQueriesContext(connection) as with_key:
        call(api, article)
    # A savepoint and its release, the record once more, and where that is possible how long to wait, and not any more.
    extra = 3 if connection.vendor == "sqlite" else 5
    assert len(with_key) == len(plain) + extra, [query["sql"] for query in with_key]


def test_another_error_of_the_database_is_not_a_key_that_is_taken(
    api: APIClient, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr("actions.idempotency.record_start", broken)
    response = call(api, article)
    # Nobody can tell: the caller tries again.
    assert (response.status_code, response["Retry-After"]) == (409, "1")
    assert likes(article) == 0
