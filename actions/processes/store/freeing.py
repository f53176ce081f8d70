"""Lets go of messages that runs were woken for, and that they do not take."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from actions.processes.models import Message


def free_messages(run_keys: Sequence[int], using: str) -> None:
    """Have messages be handed out anew that are bound to runs which do not wait for them any more."""
    bound = Message.objects.using(using).filter(bound_to__in=run_keys, taken_at__isnull=True)
    bound.update(bound_to=None, due_at=timezone.now())
