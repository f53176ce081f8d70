"""Taking back what an action did, and doing again what failed.

`originals` finds the action of a record and asks whether the caller may do it to those objects. `restoring` writes
recorded values back, where nobody has changed them since. `standing` says whether that has happened already. `undoing`
and `replaying` are what callers reach, as actions on a record: `POST /dj-actions/actionevents/12/undo/` and `/replay/`.
"""

from __future__ import annotations

from .replaying import NOT_REPLAYABLE, replay, why_not_replayable
from .undoing import NOT_UNDOABLE, undo, why_not_undoable

__all__ = ["NOT_REPLAYABLE", "NOT_UNDOABLE", "replay", "undo", "why_not_replayable", "why_not_undoable"]
