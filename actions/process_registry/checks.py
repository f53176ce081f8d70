"""System checks of the process registry.

actions.process_registry.W001  the list of definitions has no address without its final slash
"""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

LIST = "process-registry:definition-list"


def check_mounts(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Whether the registry can be reached as its documents say."""
    try:
        place = reverse(LIST)
    except NoReverseMatch:
        # A project may serve no REST at all.
        return []
    try:
        resolve(place.removesuffix("/"))
    except Resolver404:
        hint = f'path("{place.strip("/")}", without_slash), imported from actions.process_registry.urls'
        message = f"A POST to {place.removesuffix('/')} is lost: only {place} is served."
        return [checks.Warning(message, hint=hint, id="actions.process_registry.W001")]
    return []
