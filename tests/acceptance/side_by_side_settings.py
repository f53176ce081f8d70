"""The tests' settings for workers that work side by side: their database comes from the test."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["SIDE_BY_SIDE_DATABASE"]
DJACTION_POLL_SECONDS = 0.05
