"""The tests' settings for workers of processes that a test starts and kills: its database comes from the test."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["PROCESSES_DATABASE"]

# What a dead worker held is to be taken soon.
DJACTION_LEASE_SECONDS = 1
DJACTION_POLL_SECONDS = 0.05
