"""A project whose users have no username and no number, and groups of a model of its own: processes with people in it.

Once by the models alone, and once by the settings of Django Automations, which ask functions of the project.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]

MODELS = """
import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class Crew(models.Model):
    name = models.CharField(max_length=50, primary_key=True)


class Person(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    groups = models.ManyToManyField(Crew)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def has_perm(self, name, obj=None):
        return self.is_staff

    def has_module_perms(self, label):
        return self.is_staff
"""

PROCESSES = """
from django import forms
from django.db.models import Q

from actions.processes import flow, steps, workflows
from people.models import Crew, Person


class PersonForm(forms.ModelForm):
    class Meta:
        model = Person
        fields = ["email", "groups"]


class CrewForm(forms.ModelForm):
    class Meta:
        model = Crew
        fields = ["name"]


class Yes(forms.Form):
    is_fine = forms.BooleanField()


class Joining(flow.Automation):
    approve = flow.Form(Yes).Group(name="approvers")
    found_crew = flow.ModelForm(CrewForm, key="crew").User(username="ann@example.com")
    enrol = flow.ModelForm(PersonForm, key="person").Group(name__startswith="app").User(email__endswith="example.com")
    end = flow.End()


class Once(flow.Automation):
    ask = flow.Form(Yes).User(pk=flow.this.data_key)
    end = flow.End()

    def data_key(self, task):
        return self.data["boss"]


class Ask(steps.Approval):
    groups = ["approvers"]
    users = [lambda self: self.job.payload["boss"]]


class Asking(workflows.Workflow):
    DIGRAPH = {steps.__start__: [Ask]}
    PayloadSchema = {"type": "object", "properties": {"boss": {"type": "string"}}}


def users_of_form(node):
    return Person.objects.filter(groups="approvers")


def users_of_task(task):
    names = [each for each in task.users if isinstance(each, str)]
    keys = [each["pk"] for each in task.users if not isinstance(each, str)]
    if task.users:
        return Person.objects.filter(Q(email__in=names) | Q(pk__in=keys))
    return Person.objects.filter(groups="approvers")
"""

URLS = """
from django.contrib import admin
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

TAGS = "{% load processes %}{% my_task_count as count %}{{ count }} {% my_tasks %} {% run_status run %}"


def tags(request, run):
    template = engines["django"].from_string(TAGS)
    return HttpResponse(template.render({"run": run, "user": request.user}, request))


urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("actions.processes.api.urls")),
    path("wfe/", include("actions.processes.wfe.urls")),
    path("tasks/", include("actions.processes.people.urls")),
    path("tags/<int:run>/", tags),
]
"""

BEGIN = """
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="test",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.admin", "django.contrib.contenttypes", "django.contrib.auth",
                    "django.contrib.sessions", "django.contrib.messages", "rest_framework", "django_filters",
                    "actions", "actions.processes", "people"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                   "django.contrib.auth.context_processors.auth",
                                                   "django.contrib.messages.context_processors.messages"]}}],
    AUTH_USER_MODEL="people.Person",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    ROOT_URLCONF="people.urls",
    ALLOWED_HOSTS=["testserver"],
    WFE_WORKFLOWS="people.automations",
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    DJACTION_TASK_MAILS=True,
    **MORE,
)
django.setup()
import people.automations

from django.core.checks import run_checks
from django.core.management import call_command

call_command("migrate", run_syncdb=True, verbosity=0)
assert not run_checks(), run_checks()

from django.test import Client
from rest_framework.test import APIClient

from actions.processes import services
from actions.processes.models import OpenTask, Run, TaskCandidate
from people.automations import Asking, Joining, Once
from people.models import Crew, Person

approvers = Crew.objects.create(name="approvers")
ann, bob, eve = (Person.objects.create(email=f"{name}@example.com") for name in ("ann", "bob", "eve"))
for each in (ann, bob):
    each.groups.add(approvers)
root = Person.objects.create(email="root@example.com", is_staff=True)


def web(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def rest(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


def mine(user):
    return [each["node"] for each in rest(user).get("/inputs/").json()["results"]]
"""

ALL = """
automation = Joining()
run = Run.objects.get(pk=automation.id)
task = OpenTask.objects.get(node="approve")

# Whose it is: over REST, on pages, in templates, and as the services say it.
assert (mine(ann), mine(bob), mine(eve)) == (["approve"], ["approve"], [])
assert set(services.get_users_with_permission(task)) == {ann, bob}
assert f"/tasks/{task.pk}/" in web(ann).get("/tasks/").content.decode()
assert f"/tasks/{task.pk}/" not in web(eve).get("/tasks/").content.decode()
shown = web(ann).get(f"/tags/{run.pk}/").content.decode()
assert shown.startswith("1 ") and f"/tasks/{task.pk}/" in shown and "approve" in shown, shown
assert web(eve).get(f"/tags/{run.pk}/").content.decode().startswith("0 ")
assert web(root).get("/admin/actions_processes/opentask/").status_code == 200

# Mails go to those whom it concerns.
from django.core import mail
from actions.processes.services.reminding import care_for_due
while care_for_due("default"):
    pass
assert sorted(each.to[0] for each in mail.outbox) == ["ann@example.com", "bob@example.com"], mail.outbox

# Who does it.
assert rest(ann).post(f"/inputs/{task.pk}/claim/").status_code == 200
task.refresh_from_db()
assert (task.claimed_by, task.claimed_name) == (str(ann.pk), "ann@example.com")
assert rest(bob).post(f"/runs/{run.pk}/provide_input/", {"is_fine": True}, format="json").status_code == 409
assert rest(ann).post(f"/inputs/{task.pk}/release/").status_code == 200
delegated = rest(ann).post(f"/inputs/{task.pk}/delegate/", {"user": "eve@example.com"}, format="json")
assert delegated.status_code == 200, delegated.json()
assert (mine(ann), mine(eve)) == ([], ["approve"])
back = rest(root).post(f"/inputs/{task.pk}/reassign/", {"key": str(bob.pk)}, format="json")
assert back.status_code == 200, back.json()
assert (mine(bob), mine(eve)) == (["approve"], [])
assert rest(root).post(f"/inputs/{task.pk}/reassign/", {}, format="json").status_code == 200

# The answer, over REST; then forms of models, on pages.
assert rest(eve).post(f"/runs/{run.pk}/provide_input/", {"is_fine": True}, format="json").status_code in (403, 404)
answered = rest(bob).post(f"/runs/{run.pk}/provide_input/", {"is_fine": True}, format="json")
assert answered.status_code == 200, answered.json()
automation = Joining(automation=automation.get_key())
assert automation.data["_approve_validated"] in (str(bob.pk), "bob@example.com"), automation.data
task = OpenTask.objects.get(node="found_crew")
assert (mine(ann), mine(bob)) == (["found_crew"], [])
assert web(bob).post(f"/tasks/{task.pk}/", {"name": "sailors"}).status_code == 403
assert web(ann).post(f"/tasks/{task.pk}/", {"name": "sailors"}).status_code == 302
task = OpenTask.objects.get(node="enrol")
assert (mine(ann), mine(eve)) == (["enrol"], [])
page = web(ann).get(f"/tasks/{task.pk}/").content.decode()
assert "sailors" in page and 'type="email"' in page
assert web(ann).post(f"/tasks/{task.pk}/", {"email": "ann@example.com", "groups": "sailors"}).status_code == 200
assert web(ann).post(f"/tasks/{task.pk}/", {"email": "dan@example.com", "groups": "sailors"}).status_code == 302
dan = Person.objects.get(email="dan@example.com")
automation.refresh()
assert automation.finished() and (automation.data["crew"], automation.data["person"]) == ("sailors", str(dan.pk))
assert [each.name for each in dan.groups.all()] == ["sailors"]

# A workflow, ordered and answered over REST.
(known,) = rest(ann).get("/wfe/workflows/").json()["results"]
order = {"workflow_id": known["id"], "payload": {"boss": "bob@example.com"}}
job = rest(ann).post("/wfe/jobs/", order, format="json").json()
from actions.processes.executor import take_next
assert take_next("default")
assert (mine(ann), mine(bob), mine(eve)) == ([], ["Ask"], [])
job = rest(bob).post(f"/wfe/jobs/{job['id']}/input/", {"approved": True}, format="json")
assert (job.status_code, job.json()["state"]) == (200, "FINISHED"), job.json()
assert Run.objects.get(pk=job.json()["id"]).actor_id == str(ann.pk)

# A key that has come as a text.
Once(boss=str(eve.pk).upper())
assert (mine(ann), mine(eve)) == ([], ["ask"])
assert list(services.get_users_with_permission(OpenTask.objects.get(), include_superusers=False)) == [eve]
assert rest(eve).post(f"/runs/{OpenTask.objects.get().run_id}/provide_input/", {"is_fine": True}, format="json").json()
assert not OpenTask.objects.exists() and not TaskCandidate.objects.exists()
print("done")
"""

SETTINGS = """dict(
    ATM_GROUP_MODEL="people.Crew",
    ATM_USER_WITH_PERMISSIONS_FORM_METHOD="people.automations.users_of_form",
    ATM_USER_WITH_PERMISSIONS_MODEL_METHOD="people.automations.users_of_task",
)"""


@pytest.mark.parametrize("more", ["{}", SETTINGS], ids=["by the models", "by the settings"])
def test_people_of_a_project_s_own_models_do_what_processes_ask(tmp_path: Path, more: str) -> None:
    app = tmp_path / "people"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "models.py").write_text(MODELS)
    (app / "automations.py").write_text(PROCESSES)
    (app / "urls.py").write_text(URLS)
    (tmp_path / "project.py").write_text(f"MORE = {more}\n{BEGIN}{ALL}")
    done = subprocess.run(
        [sys.executable, "project.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr
