"""Start-up with 1,000 definitions: what the package adds to it, measured in a process of its own.

    python -m bench.startup

Ten registries of a hundred actions each, every one with a folder of its own: definition.yaml with a JSON Schema or a
function's signature, and action.py. Python's byte code is there already, as on every start but the first. Django, DRF
and this package are imported before the clock starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import Any

NAME = "start-up with 1,000 definitions"
LIMIT_SECONDS = 1.0
REGISTRIES = 10
ACTIONS = 100
RUNS = 5

REGISTRY = """
from pathlib import Path

from actions.util import ACTION_TYPE, STATUS, enrich_actions

action_list = [(f"action_{{n}}", ACTION_TYPE.INSTANCE.value, STATUS.PROD.value) for n in range({count})]
ACTIONS = enrich_actions(Path(__file__).parent, {{"resource": "resource_{number}", "actions": {{}}}}, action_list)
"""

FUNCTION = '''
"""An action."""


def {name}(target, *, note: str = "", days: int = 7, context) -> dict:
    """Do something.

    Args:
        note: What there is to say about it.
        days: How long it takes.
    """
    return {{"note": note, "days": days}}
'''

DEFINITION = """
title: An action
description: >-
  What it does, in a sentence or two for those who read the documentation of the API and decide whether to call it.
version: "1.0"
idempotent: true
tags: [todos]
examples:
  - title: A week
    payload: {note: Sent., days: 7}
    response: {note: Sent., days: 7}
"""

SCHEMA = """
schema:
  type: object
  properties:
    note: {type: string, maxLength: 200, description: What there is to say about it.}
    days: {type: integer, minimum: 1, maximum: 365, default: 7, description: How long it takes.}
"""

PROGRAM = """
import json, sys
from time import process_time

sys.path.insert(0, sys.argv[1])
import django
from django.conf import settings

apps = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "actions"]
settings.configure(INSTALLED_APPS=apps, USE_TZ=True)
django.setup()
from actions import binding, django_payloads, mixins, util
from actions.registry import catalogue
from rest_framework.routers import DefaultRouter
from rest_framework.viewsets import ModelViewSet

start = process_time()
modules = [__import__(f"big_{number}.action_registry", fromlist=["ACTIONS"]) for number in range(%d)]
loaded = process_time()
bound = sum(len(module.ACTIONS.bound) for module in modules)
ready = process_time()
assert bound == %d, [str(problem) for problem in catalogue.problems()][:3]

from django.contrib.auth.models import User
router = DefaultRouter()
for module in modules:
    attributes = {"queryset": User.objects.all(), "action_registry": module.ACTIONS}
    router.register(module.ACTIONS.resource, type("ViewSet", (mixins.ActionMixin, ModelViewSet), attributes),
                    basename=module.ACTIONS.resource)
urls = len(router.urls)
routed = process_time()
print(json.dumps({"load": loaded - start, "bind": ready - loaded, "route": routed - ready, "urls": urls}))
"""


def measure() -> dict[str, Any]:
    """Load and bind 1,000 definitions, in seconds of the processor; whatever else the machine does only adds to that.

    Returns:
        `{"name", "value_seconds", "limit"}` of the best run, and its parts: `load_seconds`, `bind_seconds`, and besides
        them `route_seconds`, which is what a router takes to make URLs of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        _run(folder)  # writes the byte code
        runs = [_run(folder) for _ in range(RUNS)]
    best = min(runs, key=_total)
    parts = {f"{part}_seconds": best[part] for part in ("load", "bind", "route")}
    return {"name": NAME, "value_seconds": _total(best), "limit": LIMIT_SECONDS, **parts}


def _total(run: dict[str, float]) -> float:
    return run["load"] + run["bind"]


def _write(folder: Path) -> None:
    for number in range(REGISTRIES):
        package = folder / f"big_{number}"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "action_registry.py").write_text(REGISTRY.format(number=number, count=ACTIONS), encoding="utf-8")
        for action in range(ACTIONS):
            _write_action(package / f"action_{action}", with_schema=action % 2 == 0)


def _write_action(folder: Path, *, with_schema: bool) -> None:
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "action.py").write_text(FUNCTION.format(name=folder.name), encoding="utf-8")
    (folder / "definition.yaml").write_text(DEFINITION + (SCHEMA if with_schema else ""), encoding="utf-8")


def _run(folder: str) -> dict[str, float]:
    program = dedent(PROGRAM) % (REGISTRIES, REGISTRIES * ACTIONS)
    command = [sys.executable, "-c", program, folder]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    root = Path(__file__).resolve().parent.parent
    finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env=environ)
    if finished.returncode:
        raise RuntimeError(f"{NAME} could not be measured:\n{finished.stderr}")
    return json.loads(finished.stdout)  # type: ignore[no-any-return]


if __name__ == "__main__":
    for key, value in measure().items():
        print(f"{key}: {value:.3f}" if isinstance(value, float) else f"{key}: {value}")
