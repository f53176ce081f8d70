"""Run in the new project: the action, its record, and the pages that need the package's templates."""

from __future__ import annotations

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.test import Client  # noqa: E402
from todos.models import Todo  # noqa: E402

import actions  # noqa: E402
from actions.models import EventAction  # noqa: E402

assert actions.__file__.startswith(sys.prefix), f"{actions.__file__} is not the installed package"


def page(client: Client, path: str, **headers: str) -> str:
    """The text of a page that has to be there."""
    response = client.get(path, headers=headers)
    assert response.status_code == 200, (path, response.status_code, response.content[:500])
    return response.content.decode()


todo = Todo.objects.create(title="Call the dentist")
client = Client(SERVER_NAME="localhost")
client.force_login(get_user_model().objects.create_superuser("demo", password="demo"))

path = f"/todos/{todo.pk}/mark_done/"
response = client.post(path, {"note": "Tuesday"}, content_type="application/json")
assert response.status_code == 200, response.content
assert response.json() == {"id": todo.pk, "note": "Tuesday", "by": "demo"}, response.content
todo.refresh_from_db()
assert todo.is_done

event = EventAction.objects.get()
assert (event.action, event.object_id, event.outcome) == ("mark_done", str(todo.pk), "succeeded"), event

assert "mark_done" in page(client, f"/admin/actions/eventaction/{event.pk}/change/")
assert "mark_done" in page(client, "/admin/actions/eventaction/")
assert "mark_done" in page(client, "/dj-actions/actionevents/")
assert "Mark a todo as done" in page(client, path, accept="text/html")
assert "swagger-ui" in page(client, "/swagger/")
assert "/todos/{id}/mark_done/" in page(client, "/swagger.json")
print("The action was called, recorded and documented.")
