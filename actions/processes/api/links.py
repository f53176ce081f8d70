"""Addresses of the package's own resources, wherever a project has included them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

PROCESSES, RUNS, RECORDS = "processes", "process-runs", "actions"
"""Names of the three URL configurations: `actions.processes.urls`, `actions.processes.api.urls`, `actions.urls`."""


def link(request: Any, name: str, *args: Any, query: dict[str, Any] | None = None) -> str | None:
    """The full address of a route; None where the project does not serve it.

    Args:
        request: Whose scheme and host it gets; None for the path alone.
        name: "process-runs:run-detail".
        args: What the path names.
        query: Parameters.
    """
    try:
        path = reverse(name, args=args)
    except NoReverseMatch:
        return None
    path += f"?{urlencode(query)}" if query else ""
    return path if request is None else str(request.build_absolute_uri(path))


def run_link(request: Any, key: int) -> str | None:
    """A run."""
    return link(request, f"{RUNS}:run-detail", key)


def process_link(request: Any, process_id: str) -> str | None:
    """A process, where it is started and documented."""
    return link(request, f"{PROCESSES}:process", process_id)


def picture_link(request: Any, process_id: str, kind: str = "svg") -> str | None:
    """The picture of a process."""
    return link(request, f"{PROCESSES}:picture-{kind}", process_id)


def record_link(request: Any, uid: Any) -> str | None:
    """The record of an execution of an action, by its number."""
    return None if uid is None else link(request, f"{RECORDS}:actionevent-list", query={"uid": uid})
