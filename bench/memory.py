"""Memory of a bulk action that leaves its objects in the database, by their number."""

from __future__ import annotations

import statistics
import tracemalloc

from actions import perform
from example_app.models import Todo

from .callers import EverybodyIsAlice

FEW, MANY = 1_000, 100_000
CALLS = 5


def measure() -> dict[int, int]:
    """Bytes at the peak of a call on few and on many objects, the median of several calls each."""
    # The first call of a process pays for what is imported and cached by it.
    _peak(FEW)
    return {count: round(statistics.median(_peak(count) for _ in range(CALLS))) for count in (FEW, MANY)}


def _peak(count: int) -> int:
    template = Todo.objects.order_by("pk").first()
    assert template is not None
    missing = count - Todo.objects.count()
    rows = (Todo(title="Todo", list_id=template.list_id, owner_id=template.owner_id) for _ in range(missing))
    Todo.objects.bulk_create(rows, batch_size=500)
    tracemalloc.start()
    try:
        outcome = perform("bench:touch_all", actor=EverybodyIsAlice.alice, is_all=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if outcome.body["touched"] < count:
        raise RuntimeError(f"touched {outcome.body}, not {count}")
    return peak
