"""The tests' settings for an archiver that a test starts: its database, destination and folder come from the test."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["ARCHIVE_DATABASE"]

DJACTION_ARCHIVE = os.environ["ARCHIVE_DESTINATION"]
DJACTION_ARCHIVE_STORAGE = "default"
DJACTION_ARCHIVE_BATCH_SIZE = int(os.environ["ARCHIVE_BATCH_SIZE"])
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ["ARCHIVE_FOLDER"]},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
