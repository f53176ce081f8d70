"""The example project as `make run` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILL = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("load_demo")
"""


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A database as `make run` fills it, to copy."""
    file = tmp_path_factory.mktemp("demo") / "demo.sqlite3"
    command = [sys.executable, "-c", FILL]
    subprocess.run(command, cwd=ROOT, env=_environ(file), check=True, capture_output=True)
    return file


@pytest.fixture
def environ(tmp_path, filled):
    """An example project with data of its own."""
    return _environ(copy(filled, tmp_path))


def _environ(file):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TEST_", "DJANGO_"))}
    own = {"DATABASE_URL": f"sqlite:///{file}", "DJANGO_SETTINGS_MODULE": "tests.acceptance.demo_settings"}
    return {**environ, **own, "PYTHONUNBUFFERED": "1"}
