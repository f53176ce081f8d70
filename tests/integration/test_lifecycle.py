"""What is still being tried out is hidden unless it is asked for, and says so; what is on its way out says that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from drf_yasg import openapi
from drf_yasg.generators import OpenAPISchemaGenerator
from drf_yasg.views import get_schema_view
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.test import APIClient
from rest_framework.viewsets import ModelViewSet

from actions.definitions import Action
from actions.exceptions import RefusedError
from actions.mixins import ActionMixin
from actions.registry import ActionRegistry
from example_app.models import Todo

pytestmark = pytest.mark.django_db


def work(todo: Any) -> None: ...
def work_on_all(todos: Any) -> dict[str, int]: ...


def refuse(todo: Any) -> None:
    raise RefusedError("Not now.")


ACTIONS: dict[str, dict[str, Any]] = {
    "trial": {"status": "alpha", "title": "Try it"},
    "trial_of_all": {"status": "alpha", "type": "bulk", "function": work_on_all},
    "refused_trial": {"status": "alpha", "function": refuse},
    "nearly": {"status": "beta"},
    "reliable": {},
    "leaving": {"deprecated": "2026-05-01", "sunset": "2999-01-01"},
    "leaving_trial": {"status": "alpha", "deprecated": "2026-05-01"},
    "promise": {"status": "todo"},
}
HIDDEN = {name for name, keys in ACTIONS.items() if keys.get("status") == "alpha"}


class ThingSerializer(ModelSerializer[Todo]):
    class Meta:
        model = Todo
        fields = ("id", "title")


class ThingViewSet(ActionMixin, ModelViewSet[Todo]):
    queryset = Todo.objects.all()
    serializer_class = ThingSerializer
    permission_classes = [AllowAny]
    filter_backends = []
    action_registry = ActionRegistry(
        "lifecycle_thing", actions=[Action(**{"id": name, "function": work, **keys}) for name, keys in ACTIONS.items()]
    )


router = SimpleRouter()
router.register("things", ThingViewSet, basename="thing")
swagger = get_schema_view(openapi.Info("Things", "1"), public=True, permission_classes=[AllowAny])
urlpatterns = [
    path("swagger.json", swagger.without_ui(), {"format": "json"}),
    path("cached.json", swagger.without_ui(cache_timeout=60), {"format": "json"}),
    path("schema/", SpectacularAPIView.as_view(schema=None)),
    path("", include(router.urls)),
]


@pytest.fixture
def things(settings: Any, todo: Todo, alice: Any) -> APIClient:
    settings.ROOT_URLCONF = __name__
    client = APIClient()
    client.force_authenticate(alice)
    return client


def listed(client: APIClient, url: str) -> set[str]:
    document = client.get(url).json()
    return {entry["id"] for entry in [*document["bulk_actions"], *document["instance_actions"]]}


def offered(client: APIClient, url: str) -> set[str]:
    return {entry["name"] for entry in client.get(url).json()}


def operations(url: str) -> set[str]:
    """The actions that a document has."""
    separator = "&" if "?" in url else "?"
    response = Client().get(f"{url}{separator}format=json" if url.startswith("/schema/") else url)
    assert response.status_code == 200, response.content
    return {
        operation["x-action"]["id"]
        for item in response.json()["paths"].values()
        for operation in item.values()
        if "x-action" in operation
    }


class TestLists:
    @pytest.mark.parametrize("url", ["/things/actions/", "/things/actions/list/"])
    def test_alpha_is_left_out_unless_it_is_asked_for(self, things: APIClient, url: str, settings: Any) -> None:
        assert listed(things, url) == set(ACTIONS) - HIDDEN
        assert listed(things, f"{url}?alpha=true") == set(ACTIONS)

        settings.DJACTION_SHOW_ALPHA = True
        assert listed(things, url) == set(ACTIONS)
        assert listed(things, f"{url}?alpha=false") == set(ACTIONS) - HIDDEN

    def test_of_one_object_the_same(self, things: APIClient, todo: Todo, settings: Any) -> None:
        instance = {name for name in ACTIONS if name != "trial_of_all"}
        url = f"/things/{todo.pk}/actions/"

        assert offered(things, url) == instance - HIDDEN
        assert offered(things, f"{url}?alpha=1") == instance
        settings.DJACTION_SHOW_ALPHA = True
        assert offered(things, url) == instance

    @pytest.mark.parametrize("url", ["/things/actions/", "/things/%s/actions/"])
    @pytest.mark.parametrize("value", ["perhaps", ""])
    def test_what_cannot_be_understood_is_refused(self, things: APIClient, todo: Todo, url: str, value: str) -> None:
        response = things.get(f"{url % todo.pk if '%' in url else url}?alpha={value}")

        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
        assert response.json()["errors"] == {"alpha": ['"true" or "false" was expected.']}

    def test_a_hint_does_not_list_them_either(self, settings: Any, things: APIClient) -> None:
        body = things.get("/things/actions/xxxx/").json()
        assert body["status"] == 404
        assert "reliable" in body["detail"]
        assert "trial" not in body["detail"]

        assert 'Did you mean "trial"' in things.get("/things/actions/trail/").json()["detail"]
        settings.DJACTION_SHOW_ALPHA = True
        assert "trial" in things.get("/things/actions/xxxx/").json()["detail"]


class TestBrowsableAPI:
    def page(self, client: APIClient, url: str) -> str:
        response = client.get(url, headers={"accept": "text/html"})
        assert response.status_code == 200
        return response.content.decode()

    def test_extra_actions_are_offered_by_the_same_rule(self, things: APIClient, todo: Todo, settings: Any) -> None:
        link = f"/things/{todo.pk}/trial/"

        assert link not in self.page(things, f"/things/{todo.pk}/")
        assert f"/things/{todo.pk}/reliable/" in self.page(things, f"/things/{todo.pk}/")
        assert link in self.page(things, f"/things/{todo.pk}/?alpha=true")
        settings.DJACTION_SHOW_ALPHA = True
        assert link in self.page(things, f"/things/{todo.pk}/")

    def test_the_parameter_may_be_a_filter_of_the_projects_own(self, things: APIClient) -> None:
        assert "/things/trial_of_all/" not in self.page(things, "/things/?alpha=0.5")


class TestSchemas:
    @pytest.mark.parametrize("url", ["/swagger.json", "/cached.json", "/schema/"])
    def test_alpha_is_left_out_unless_it_is_asked_for(self, things: APIClient, url: str, settings: Any) -> None:
        assert operations(url) == set(ACTIONS) - HIDDEN
        assert operations(f"{url}?alpha=true") == set(ACTIONS)
        assert operations(url) == set(ACTIONS) - HIDDEN

        settings.DJACTION_SHOW_ALPHA = True
        assert operations(f"{url}?alpha=0") == set(ACTIONS) - HIDDEN
        if url != "/cached.json":
            assert operations(url) == set(ACTIONS)

    @pytest.mark.parametrize("url", ["/swagger.json?", "/schema/?format=json&"])
    def test_no_path_of_an_alpha_action_remains(self, things: APIClient, url: str) -> None:
        document = Client().get(url).json()
        assert not [path for path in document["paths"] if "trial" in path]
        assert "trial" not in json.dumps(document).lower()

    @pytest.mark.parametrize("url", ["/swagger.json?", "/schema/?format=json&"])
    def test_what_cannot_be_understood_is_refused(self, things: APIClient, url: str) -> None:
        response = Client().get(f"{url}alpha=perhaps")

        assert response.status_code == 400
        assert response.json() == {"alpha": ['"true" or "false" was expected.']}

    @pytest.mark.parametrize("shows", [False, True])
    def test_of_a_document_that_a_command_writes_the_setting_decides(
        self, things: APIClient, settings: Any, shows: bool, tmp_path: Any
    ) -> None:
        settings.DJACTION_SHOW_ALPHA = shows

        call_command("spectacular", "--format", "openapi-json", "--urlconf", __name__, "--file", str(tmp_path / "3"))
        generator = OpenAPISchemaGenerator(openapi.Info("Things", "1"), urlconf=__name__)
        two = generator.get_schema(None, public=True).as_dict()

        for document in (json.loads((tmp_path / "3").read_text()), two):
            assert ("/things/{id}/trial/" in document["paths"]) == shows
            assert "/things/{id}/reliable/" in document["paths"]

    def test_the_lists_say_that_they_can_be_asked(self, things: APIClient) -> None:
        document = Client().get("/schema/?format=json").json()
        for url in ("/things/actions/", "/things/{id}/actions/"):
            assert "alpha" in [parameter["name"] for parameter in document["paths"][url]["get"]["parameters"]]


class TestHeaders:
    @pytest.mark.parametrize(
        ("name", "status"),
        [("trial", "alpha"), ("nearly", "beta"), ("leaving_trial", "alpha"), ("reliable", None), ("leaving", None)],
    )
    def test_what_may_change_says_so(self, things: APIClient, todo: Todo, name: str, status: str | None) -> None:
        url = f"/things/{todo.pk}/{name}/"
        answers = [things.post(url), things.get(url), things.post(url, {"unknown": 1}, format="json")]

        assert [answer.status_code for answer in answers] == [200, 200, 400]
        assert [answer.get("Action-Status") for answer in answers] == [status] * 3

    def test_also_where_it_is_refused_in_any_way(self, things: APIClient, todo: Todo) -> None:
        def post(url: str, **more: Any) -> tuple[int, str | None]:
            response = things.post(url, **more)
            return response.status_code, response.get("Action-Status")

        assert post(f"/things/{todo.pk}/refused_trial/") == (409, "alpha")
        assert post("/things/0/trial/") == (404, "alpha")
        assert post("/things/trial_of_all/") == (400, "alpha")
        assert post(f"/things/{todo.pk}/trial/", data="{", content_type="application/json") == (400, "alpha")
        assert post(f"/things/{todo.pk}/actions/trial/") == (200, "alpha")
        assert things.put(f"/things/{todo.pk}/trial/").get("Action-Status") == "alpha"

    def test_all_of_a_life_is_said(self, things: APIClient, todo: Todo) -> None:
        response = things.post(f"/things/{todo.pk}/leaving/")
        assert response["Deprecation"] == "@1777593600"
        assert response["Sunset"] == "Tue, 01 Jan 2999 00:00:00 GMT"

        response = things.post(f"/things/{todo.pk}/leaving_trial/")
        assert (response["Deprecation"], response["Action-Status"]) == ("@1777593600", "alpha")

    def test_a_promise_is_no_trial(self, things: APIClient, todo: Todo) -> None:
        response = things.post(f"/things/{todo.pk}/promise/")

        assert response.status_code == 501
        assert "Action-Status" not in response

    def test_other_routes_say_nothing(self, things: APIClient, todo: Todo) -> None:
        for url in ("/things/", f"/things/{todo.pk}/", "/things/actions/", f"/things/{todo.pk}/actions/"):
            assert "Action-Status" not in things.get(url)

    def test_only_what_is_relied_on_needs_no_look(self) -> None:
        plain = [name for name, bound in ThingViewSet.action_registry.bound.items() if not bound.has_lifecycle]
        assert plain == ["reliable"]


def test_an_alpha_action_documents_itself(things: APIClient, todo: Todo) -> None:
    assert things.get(f"/things/{todo.pk}/trial/").json()["status"] == "alpha"
