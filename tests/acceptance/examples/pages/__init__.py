"""What the pages show, in their order."""

from . import (
    budgets,
    doors,
    idempotency_key,
    later,
    lifecycle,
    many_objects,
    preview_and_plan,
    undo_and_replay,
    versions,
    which_actions,
)

PAGES = [
    which_actions.PAGE,
    preview_and_plan.PAGE,
    idempotency_key.PAGE,
    versions.PAGE,
    later.PAGE,
    many_objects.PAGE,
    lifecycle.PAGE,
    undo_and_replay.PAGE,
    doors.PAGE,
    budgets.PAGE,
]
