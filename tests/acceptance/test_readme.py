"""The README's blocks, put into a new project as it says, work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from django.core.management import call_command

from tests.acceptance.test_run_demo import demo, printed

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)

MODELS = """
from django.db import models


class Todo(models.Model):
    title = models.CharField(max_length=100)
    note = models.TextField(blank=True)
    is_done = models.BooleanField(default=False)
"""
TESTS = """
from django.contrib.auth.models import User
from django.test import TestCase

from actions.models import EventAction
from todos.actions.mark_done.action import mark_done
from todos.models import Todo
from todos.views import TodoViewSet

{readme}

    def setUp(self):
        self.user = User.objects.create_superuser("ann", password="ann")
        self.todo = Todo.objects.create(title="Read")

    def test_the_routes(self):
        one = self.client.post(f"/todos/{{self.todo.pk}}/mark_done/", {{"note": "x"}}, "application/json")
        self.assertEqual(one.json(), {{"id": self.todo.pk, "done_by": ""}})
        Todo.objects.create(title="Write")
        self.assertEqual(self.client.post("/todos/mark_all_done/?is_done=false").json(), {{"done": 1}})
        self.assertEqual(self.client.post("/todos/mark_all_done/").status_code, 400)
        self.assertEqual(EventAction.objects.filter(outcome="succeeded").count(), 2)

    def test_the_pages(self):
        paths = self.client.get("/swagger/?format=openapi").json()["paths"]
        self.assertIn("/todos/{{id}}/mark_done/", paths)
        self.assertIn("/todos/mark_all_done/", paths)
        self.client.force_login(self.user)
        self.assertEqual(self.client.get("/dj-actions/actionevents/").status_code, 200)

    def test_the_python_door(self):
        user = self.user
        Todo.objects.create(pk=7, title="Seven")
        {perform}
        self.assertEqual(outcome.body["done_by"], "ann")
"""


def block(language: str, *parts: str) -> str:
    """The one block of the README that has all the parts."""
    found = [text for kind, text in BLOCKS if kind == language and all(part in text for part in parts)]
    assert len(found) == 1, (parts, found)
    return found[0]


def run(folder: Path, *command: str) -> str:
    """A program of the new project, which has to succeed."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO_", "TEST_"))}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.once
def test_a_new_project_that_follows_the_readme_works(tmp_path: Path) -> None:
    call_command("startproject", "shop", str(tmp_path))
    (tmp_path / "todos").mkdir()
    call_command("startapp", "todos", str(tmp_path / "todos"))
    files = {
        "models.py": MODELS,
        "views.py": block("python", "# todos/views.py"),
        "actions/__init__.py": "",
        "actions/action_registry.py": block("python", "START ACTION REGISTRY"),
        "actions/mark_done/__init__.py": "",
        "actions/mark_done/action.py": block("python", "def mark_done(", "Args:"),
        "actions/mark_done/definition.yaml": block("yaml", "Mark a todo as done"),
        "actions/mark_all_done/__init__.py": "",
        "actions/mark_all_done/action.py": block("python", "def mark_all_done("),
        "actions/mark_all_done/definition.yaml": block("yaml", "Mark all todos as done"),
    }
    for name, text in files.items():
        file = tmp_path / "todos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "shop" / "urls.py").write_text(block("python", "# urls.py"), encoding="utf-8")
    with (tmp_path / "shop" / "settings.py").open("a", encoding="utf-8") as settings:
        added = block("python", "INSTALLED_APPS = [").replace("INSTALLED_APPS = [", "INSTALLED_APPS += [")
        settings.write("\n" + added + block("python", "SWAGGER_USE_COMPAT_RENDERERS"))
    call = block("python", "outcome = perform(").strip().replace("\n\n", "\n").replace("\n", "\n        ")
    tests = TESTS.format(readme=block("python", "class MarkDoneTests"), perform=call)
    (tmp_path / "todos" / "tests.py").write_text(tests, encoding="utf-8")

    run(tmp_path, "manage.py", "makemigrations", "todos")
    assert "no issues" in run(tmp_path, "manage.py", "check", "--fail-level", "WARNING")
    assert "Ran 5 tests" in run(tmp_path, "manage.py", "test")


@pytest.mark.once
@pytest.mark.skipif(not (which("curl") and which("bash")), reason="needs curl and bash")
def test_the_walkthrough_works_after_the_lines_that_make_run_prints(
    tmp_path: Path,
    environ: dict[str, str],
    port: int,
) -> None:
    walkthrough = re.findall(r"^\$ (.*)$", block("console", "T=http"), re.MULTILINE)
    with demo(environ, port) as process:
        lines = re.findall(r"^  (curl .*)$", printed(process), re.MULTILINE)
        assert len(lines) == 3
        for line in lines:
            shell(tmp_path, line.replace("curl ", "curl -sf "))
        said = shell(tmp_path, *(line.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for line in walkthrough))
        process.terminate()
        process.stdout.read()  # type: ignore[union-attr]

    statuses = re.findall(r"HTTP/1\.1 (\d+)", said)
    assert statuses == ["200", "412", "200"]
    assert '"changes"' in said
    assert "Action-Event" in said
    assert "Idempotent-Replayed: true" in said
    assert '"undone"' in said.splitlines()[-1]


def shell(folder: Path, *lines: str) -> Any:
    """What a shell prints of lines that are typed in one after the other; each has to succeed."""
    script = "set -eo pipefail\n" + "\n".join(lines)
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
