"""What automations need when the apps are loaded."""

from __future__ import annotations

from django.core.checks import register

from . import checks, discovery


def begin() -> None:
    """Register the checks, and find the project's automations.

    Raises:
        DefinitionError: One of them is wrong, and the project is strict.
    """
    register(checks.check_reached)
    discovery.load()
