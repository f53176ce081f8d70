"""One call for 1,000 objects, each in a savepoint of its own, what fails for one being done for the others.

On both sides: one request with the keys and one payload; the objects read and locked by one statement; then for each a
savepoint, the payload checked by the serializer, a condition, the function, its result collected; one answer with a
line for each object. Tracked means here: one row more, with before and after of every field that was changed.

By hand it is what a careful person writes for exactly this (`bench.by_hand`): no more than the work and its checks.
"""

from __future__ import annotations

import json
import statistics
from functools import partial

from django.core.handlers.wsgi import WSGIHandler

from example_app.models import Todo

from .callers import EverybodyIsAlice
from .calls import Way, call, times, tracking

OBJECTS = 1000
ROUNDS = 14
LIMIT = 1.20
PAIRS = (("h", "f"), ("i", "g"))
PREFER = (("HTTP_PREFER", "continue-on-error"),)


def measure() -> dict[str, tuple[str, float]]:
    """Title and CPU seconds of each way, in turn; of each the lower quartile of the rounds."""
    ways = _ways()
    handler = WSGIHandler()
    rounds: dict[str, list[float]] = {way.key: [] for way in ways}
    for number in range(ROUNDS + 1):
        for way in ways:
            with tracking(way):
                if number:
                    rounds[way.key].append(times(partial(call, handler, way), 1))
                else:
                    _check(call(handler, way))
    return {way.key: (way.title, statistics.quantiles(rounds[way.key], n=4)[0]) for way in ways}


def _ways() -> tuple[Way, ...]:
    first = Todo.objects.get(pk=1)
    rows = [Todo(title=f"Todo {number}", list=first.list, owner=EverybodyIsAlice.alice) for number in range(OBJECTS)]
    ids = [todo.pk for todo in Todo.objects.bulk_create(rows)]
    body = json.dumps({"ids": ids, "note": "Sent by post.", "minutes": 5}).encode()
    return (
        Way("f", "1,000 objects by hand", "/plain/mark_many/", body=body),
        Way("g", "1,000 objects by hand, with an audit row", "/audited/mark_many/", body=body),
        Way("h", "1,000 objects, tracking off", "/package/mark_open/", body=body, headers=PREFER),
        Way("i", "1,000 objects, tracking on", "/package/mark_open/", True, body, PREFER),
    )


def _check(answer: bytes) -> None:
    if json.loads(answer)["counts"] != {"total": OBJECTS, "succeeded": OBJECTS, "failed": 0}:
        raise RuntimeError("Not all of the objects were done.")
