"""The tests' settings for workers that a test starts and kills: database and receiver come from the test."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["DELIVERIES_DATABASE"]
ROOT_URLCONF = "tests.keyed"


def hooks(url: str) -> dict[str, dict[str, object]]:
    """One hook that keeps an order, and one that does not."""
    secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    return {
        "crm": {"type": "webhook", "url": f"{url}/crm", "secret": secret},
        "erp": {"type": "webhook", "url": f"{url}/erp", "secret": secret, "ordered": True},
    }


DJACTION_HOOKS = hooks(os.environ["DELIVERIES_URL"])
DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)

# What a dead worker held is to be taken soon.
DJACTION_LEASE_SECONDS = 1
DJACTION_POLL_SECONDS = 0.02
