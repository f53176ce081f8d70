"""How the receivers of stored webhooks are doing."""

from __future__ import annotations

from collections.abc import Iterable

from actions.models import HookState, WebhookEndpoint


def states_of(endpoints: Iterable[WebhookEndpoint], using: str | None = None) -> dict[str, HookState]:
    """What is known of those that have failed, by hook: one statement for all of them.

    Args:
        endpoints: As they were read.
        using: The database; None: where the first one was read.
    """
    found = list(endpoints)
    if not found:
        return {}
    rows = HookState.objects.using(using or found[0]._state.db)
    return {state.hook: state for state in rows.filter(hook__in=[each.hook for each in found])}


def forget(endpoints: Iterable[WebhookEndpoint]) -> None:
    """Remove what is known of webhooks that are to be deleted."""
    for state in states_of(endpoints).values():
        state.delete()
