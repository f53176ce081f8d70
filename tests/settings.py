"""The example project's settings, on the database under test, with the tests' own app."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from example_app.database import database_from_url
from example_app.settings import *  # noqa: F403
from example_app.settings import INSTALLED_APPS

# Every run has databases of its own, so that two at the same time do not meet. What a test starts, and the workers of
# pytest-xdist, inherit the number.
RUN = os.environ.setdefault("TEST_RUN", str(os.getpid()))
NAME = f"test_dj_actions_{RUN}"


def _sqlite(name: str) -> dict[str, Any]:
    """A file, so that threads and other programs see the same data, but one that need not survive a power cut."""
    file = str(Path(tempfile.gettempdir()) / f"{name}.sqlite3")
    database = database_from_url(f"sqlite:///{file}")
    database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    # A command that runs outside of a test leaves no file.
    return {**database, "NAME": ":memory:", "TEST": {"NAME": file}}


def _under_test(url: str) -> dict[str, Any]:
    database = database_from_url(url)
    if database["ENGINE"].endswith("sqlite3"):
        return _sqlite(NAME)
    if database["ENGINE"].endswith("postgresql"):
        # Nor need these rows: a commit does not wait for the disk. What a killed program has committed is there.
        database["OPTIONS"] = {"options": "-c synchronous_commit=off", **database["OPTIONS"]}
    return {**database, "NAME": NAME, "TEST": {"NAME": NAME}}


DEBUG = False
ROOT_URLCONF = "tests.urls"
# Each test says where events go.
DJACTION_HOOKS: dict[str, Any] = {}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.app"]
DATABASES = {
    "default": _under_test(os.environ.get("TEST_DATABASE_URL", "sqlite://")),
    "other": _sqlite(f"{NAME}_other"),
}
# Quick, for users that exist for one test.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
