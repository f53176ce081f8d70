"""Archive old records."""

from __future__ import annotations

from datetime import date
from typing import Any

from actions.archive import archive, as_moment


def archive_actions(*, delete_before: date) -> tuple[dict[str, Any], list[Any]]:
    """Move all records from before a moment to where DJACTION_ARCHIVE says; held ones stay.

    Runs outside of a transaction, because each batch is one of its own. What was moved when it fails stays moved.
    """
    report = archive(older_than=as_moment(delete_before))
    return {"count": report.count, "destination": report.destination}, []
