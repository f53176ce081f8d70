"""A project whose users have no username and no number: actions, records and admin work with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]

PROJECT = """
import uuid

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="test",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "django_filters",
                    "actions", "people"],
    AUTH_USER_MODEL="people.Person",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    ROOT_URLCONF="people.urls",
    ALLOWED_HOSTS=["testserver"],
)
django.setup()

from django.core.management import call_command

call_command("migrate", run_syncdb=True, verbosity=0)

from actions import perform
from actions.models import EventAction
from people.models import Person

person = Person.objects.create(email="ann@example.com")
outcome = perform("person:greet", person, actor=person)
event = EventAction.objects.get()
assert (event.actor_id, event.actor_name) == (str(person.pk), "ann@example.com"), event
assert event.object_id == str(person.pk)
print(outcome.body)
"""

MODELS = """
import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class Person(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
"""

URLS = '''
from rest_framework import permissions, routers, serializers, viewsets

from actions import Action
from actions.mixins import ActionMixin
from people.models import Person


def greet(person):
    """Say hello."""
    return {"hello": person.email}


class PersonSerializer(serializers.ModelSerializer):
    class Meta:
        model = Person
        fields = ["id", "email"]


class PersonViewSet(ActionMixin, viewsets.ModelViewSet):
    queryset = Person.objects.all()
    serializer_class = PersonSerializer
    permission_classes = [permissions.IsAuthenticated]
    action_registry = [Action(id="greet", function=greet)]


router = routers.DefaultRouter()
router.register("people", PersonViewSet)
urlpatterns = router.urls
'''


def test_a_user_model_of_the_project_s_own_is_recorded_by_its_key_and_name(tmp_path: Path) -> None:
    app = tmp_path / "people"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "models.py").write_text(MODELS)
    (app / "urls.py").write_text(URLS)
    (tmp_path / "project.py").write_text(PROJECT)

    done = subprocess.run(
        [sys.executable, "project.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "{'hello': 'ann@example.com'}"
