"""Carries out everything that is due, without a worker that goes on for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from actions.processes import worker
from actions.processes.services.reminding import care_for_due


def do_due() -> None:
    """Go on with all runs that are due, hand out messages, remind people; until there is nothing left for now.

    What fails is recorded where it failed, and keeps nothing else from being done. Several may do this at once.
    """
    taken: Counter[Hashable] = Counter()
    for using in worker.databases():
        while any([worker.take_runs(using, taken), worker.deliver_next_message(using), care_for_due(using)]):
            pass
