"""What a preview costs of the call that it tries, both through the package and with its record on.

The call does its work and writes its record. The preview does the same work in a transaction that it rolls back; it
writes no record, but reads the object again, compares, and signs a plan.
"""

from __future__ import annotations

import statistics
from functools import partial

from django.core.handlers.wsgi import WSGIHandler

from .calls import Way, call, times, tracking

ROUNDS = 60
CALLS = 20
LIMIT = 2.00
CALL = Way("d", "this package, tracking on", "/package/1/mark_done/", is_tracked=True)
PREVIEW = Way("e", "its preview", "/package/1/mark_done/?dry_run=true", is_tracked=True)


def measure() -> dict[str, float]:
    """CPU seconds of the call and of its preview, in turn; of each the lower quartile of the rounds."""
    handler = WSGIHandler()
    rounds: dict[str, list[float]] = {CALL.key: [], PREVIEW.key: []}
    if b'"changes_complete":true' not in call(handler, PREVIEW):
        raise RuntimeError("The preview does not show what the call does.")
    with tracking(CALL):
        for number in range(ROUNDS + 4):
            for way in (CALL, PREVIEW):
                seconds = times(partial(call, handler, way), CALLS)
                if number >= 4:
                    rounds[way.key].append(seconds)
    return {key: statistics.quantiles(seconds, n=4)[0] for key, seconds in rounds.items()}
