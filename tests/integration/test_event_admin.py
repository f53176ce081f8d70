"""The records in Django's admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from actions.admin import records as event_admin
from actions.archive import archive
from actions.forms.texts import with_code
from actions.models import ArchivedEventAction, EventAction
from tests.records import make_events

pytestmark = pytest.mark.django_db

LIST = "/admin/actions/eventaction/"
ARCHIVED = "/admin/actions/archivedeventaction/"


@pytest.fixture
def page(client: Client, staff: User) -> Client:
    """A superuser's browser."""
    client.force_login(staff)
    return client


@pytest.fixture
def viewer(client: Client) -> Client:
    """The browser of somebody who may only look."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_eventaction"))
    client.force_login(user)
    return client


def _shown(response: Any) -> set[str]:
    assert response.status_code == 200
    return {event.object_id for event in response.context["cl"].result_list}


def test_records_are_listed_newest_first(page: Client) -> None:
    make_events(1, object_id="older")
    make_events(1, object_id="newer")
    response = page.get(LIST)
    assert [event.object_id for event in response.context["cl"].result_list] == ["newer", "older"]


def test_a_row_says_what_came_of_it_before_what_was_called(page: Client) -> None:
    make_events(1, object_id="7", outcome="failed", status_code=500)
    make_events(1, object_id=None)
    changelist = page.get(LIST).context["cl"]
    assert list(changelist.list_display)[:4] == ["action_checkbox", "created_at", "outcome", "what_was_called"]
    told = [changelist.model_admin.what_was_called(event) for event in changelist.result_list]
    assert told == ["todo:mark_done", "todo:mark_done 7"]


def test_the_page_of_an_action_shows_code_as_code(page: Client) -> None:
    content = page.get(f"{LIST}_actions/archive_actions/").content.decode()
    assert "<code>DJACTION_ARCHIVE</code>" in content
    assert "`" not in content.partition('class="djaction-description"')[2].partition("<form")[0]


def test_text_of_a_definition_stays_text() -> None:
    assert with_code("`a<b` & `c\nd`") == "<code>a&lt;b</code> &amp; `c\nd`"


def test_archived_records_are_listed_too(page: Client) -> None:
    make_events(1, object_id="77")
    archive()
    assert _shown(page.get(ARCHIVED)) == {"77"}
    pk = ArchivedEventAction.objects.get().pk
    assert page.get(f"{ARCHIVED}{pk}/change/").status_code == 200


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/"])
def test_nobody_adds_or_deletes_records(path: str, page: Client) -> None:
    event = make_events(1)[0]
    assert page.post(LIST + path.format(pk=event.pk), {"post": "yes"}).status_code == 403
    assert EventAction.objects.filter(pk=event.pk).exists()


def test_nobody_changes_records(page: Client) -> None:
    event = make_events(1)[0]
    assert page.post(f"{LIST}{event.pk}/change/", {"action": "forged", "is_held": "on"}).status_code == 403
    event.refresh_from_db()
    assert (event.action, event.is_held) == ("mark_done", False)


def test_a_record_is_shown_with_all_its_columns_and_readable_json(page: Client) -> None:
    event = make_events(1, response_data={"b": {"ä": [1, 2]}}, response_content="plain text")[0]
    content = page.get(f"{LIST}{event.pk}/change/").content.decode()
    assert "&quot;b&quot;: {\n    &quot;ä&quot;: [\n      1,\n      2\n    ]\n  }" in content
    assert "plain text" in content
    assert str(event.uid) in content


def test_a_traceback_is_shown_as_python_prints_it_and_escaped(page: Client) -> None:
    error = {
        "code": "failed",
        "detail": "…",
        "traceback": "Traceback:\n  File <script>alert(1)</script>\nKeyError: 7\n",
    }
    event = make_events(1, outcome="failed", status_code=500, error=error)[0]
    content = page.get(f"{LIST}{event.pk}/change/").content.decode()
    assert "Traceback:\n  File &lt;script&gt;alert(1)&lt;/script&gt;\nKeyError: 7\n" in content
    assert "<script>alert" not in content


@pytest.mark.parametrize("column", ["object_id", "actor_id", "correlation_id", "uid"])
def test_records_are_searched_by(column: str, page: Client) -> None:
    make_events(2)
    value = "6f1c2a4e-0d5f-4f43-9a55-0c7f5a3c1d11"
    wanted = make_events(1, **{"object_id": "wanted", column: value})[0]
    assert _shown(page.get(LIST, {"q": value})) == {wanted.object_id}


def test_the_name_of_a_user_finds_what_that_user_did(page: Client) -> None:
    bob = User.objects.create_user("bob")
    make_events(1, object_id="mine", actor_id=str(bob.pk), actor_name="bob")
    make_events(1, object_id="other", actor_id="999999", actor_name="alice")
    assert _shown(page.get(LIST, {"q": "bob"})) == {"mine"}


def test_the_name_of_somebody_who_is_no_user_any_more_is_found(page: Client) -> None:
    make_events(1, object_id="mine", actor_id="999999", actor_name="gone")
    make_events(1, object_id="other")
    assert _shown(page.get(LIST, {"q": "gone"})) == {"mine"}


def test_every_term_of_a_search_has_to_fit(page: Client) -> None:
    make_events(1, object_id="1", actor_name="alice")
    make_events(1, object_id="2", actor_name="alice")
    assert _shown(page.get(LIST, {"q": "alice 2"})) == {"2"}
    assert _shown(page.get(LIST, {"q": "alice 3"})) == set()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"resource": "todo"}, {"a", "b"}),
        ({"resource": "todo", "action_id": "mark_done"}, {"a"}),
        ({"outcome__exact": "failed"}, {"c"}),
        ({"is_held__exact": "1"}, {"b"}),
        ({"created_at__gte": "2020-01-01 00:00Z", "created_at__lt": "2020-01-02 00:00Z"}, {"c"}),
    ],
)
def test_records_are_filtered(query: dict[str, str], expected: set[str], page: Client) -> None:
    make_events(1, object_id="a")
    make_events(1, object_id="b", action="reopen", is_held=True)
    make_events(1, object_id="c", resource="parcel", outcome="failed", created_at="2020-01-01T12:00:00Z")
    assert _shown(page.get(LIST, query)) == expected


def test_the_filters_offer_the_project_s_resources_and_their_actions(page: Client) -> None:
    content = page.get(LIST, {"resource": "todo"}).content.decode()
    assert "?resource=actionevent" in content
    assert "action_id=mark_done" in content
    assert "action_id" not in page.get(LIST).content.decode()


def test_the_list_counts_to_a_bound_only(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_admin, "MAX_COUNT", 3)
    make_events(5)
    with CaptureQueriesContext(connection) as queries:
        response = page.get(LIST)
    assert response.context["cl"].result_count == 3
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "actions_eventaction" in query["sql"]]
    assert counts
    assert all("LIMIT 3" in sql for sql in counts)


def test_those_who_may_change_records_hold_and_release_them(page: Client) -> None:
    events = make_events(2)
    chosen = {"_selected_action": [str(events[0].pk)]}
    response = page.post(LIST, {"action": "hold", **chosen}, follow=True)
    assert "1 record was changed." in response.content.decode()
    assert EventAction.objects.get(is_held=True).pk == events[0].pk
    page.post(LIST, {"action": "release", **chosen})
    assert not EventAction.objects.filter(is_held=True).exists()


def test_those_who_may_only_look_hold_nothing(viewer: Client) -> None:
    event = make_events(1)[0]
    assert "Hold" not in viewer.get(LIST).content.decode()
    viewer.post(LIST, {"action": "hold", "_selected_action": [str(event.pk)]})
    assert not EventAction.objects.filter(is_held=True).exists()


def test_those_without_a_permission_see_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert client.get(LIST).status_code == 403
    assert client.get(reverse("admin:actions_archivedeventaction_changelist")).status_code == 403
