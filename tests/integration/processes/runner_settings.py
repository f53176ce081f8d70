"""The tests' settings for processes that hand runs over, or get them: what is used comes from the test."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

DATABASES["default"]["NAME"] = os.environ["RUNNERS_DATABASE"]

DJACTION_RUNNER = os.environ["RUNNERS_RUNNER"]
DJACTION_QUEUES = ["default", os.environ["RUNNERS_QUEUE"]]
DJACTION_POLL_SECONDS = float(os.environ.get("RUNNERS_POLL", "0.05"))
DJACTION_NOTIFY = bool(os.environ.get("RUNNERS_NOTIFY"))

INSTALLED_APPS = [*INSTALLED_APPS, "django_tasks_db"]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": DJACTION_QUEUES}}
