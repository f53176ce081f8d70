"""Goes on with an automation in a thread of its own."""

from __future__ import annotations

import threading
from typing import Any

from .exceptions import FinishedError


def run_apart(automation: Any, run_id: int, using: str) -> threading.Thread:
    """Run it there: at once, or when the caller's transaction is committed; the thread."""
    from django.db import transaction

    from actions.processes.executor import is_in_transaction

    thread = threading.Thread(target=_run, args=(automation, run_id), name=f"{automation.__name__} {run_id}")
    if is_in_transaction(using):
        transaction.on_commit(thread.start, using=using)
    else:
        thread.start()
    return thread


def _run(automation: Any, run_id: int) -> None:
    from django.db import connections

    try:
        automation(automation=run_id).run()
    except FinishedError:
        # Somebody else was quicker.
        pass
    finally:
        connections.close_all()
