"""The tests' settings for workers that a test starts and kills: its database and its programs come from the test."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["PROGRAMS_DATABASE"]

DJACTION_PROGRAMS = [os.environ["PROGRAMS_FOLDER"] + "/scripts"]
DJACTION_PROGRAM_FOLDERS = [os.environ["PROGRAMS_FOLDER"]]
DJACTION_PROGRAM_USER = "root" if os.geteuid() == 0 else ""
DJACTION_PROGRAM_LIMITS = {"grace": 0.5}
# What a dead worker held is to be taken soon, but not before its program is gone.
DJACTION_LEASE_SECONDS = 3
DJACTION_POLL_SECONDS = 0.05
