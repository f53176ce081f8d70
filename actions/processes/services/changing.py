"""Changes the state of a run from outside of its steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from actions.processes.exceptions import WrongStateError
from actions.processes.executor import is_in_transaction
from actions.processes.models import Run
from actions.processes.store import outside
from actions.processes.values import dump, load


def change_state(
    run: Run | int, changes: Mapping[str, Any], *, remove: Collection[str] = (), using: str = "default"
) -> Run:
    """Set keys of a run's state, and leave the others as they are.

    A step that is at work is waited for, for two seconds; one that takes longer is done again with what is new.

    Args:
        run: The run or its key.
        changes: JSON values, or instances of models, by key.
        remove: Keys that are taken out.
        using: The database, where a key is given.

    Raises:
        WrongStateError: It is over.
        StepError: A value is no JSON.
    """
    key, database = (run, using) if isinstance(run, int) else (run.scope_id, str(run._state.db))
    values = load(dump(dict(changes)))
    with outside.locked(key, database, waits=not is_in_transaction(database)) as row:
        if row.is_finished:
            raise WrongStateError(_("Run %(run)s is %(status)s.") % {"run": row.pk, "status": row.status})
        state = {name: each for name, each in {**row.state, **values}.items() if name not in remove}
        if state != row.state:
            outside.put(row, state, database)
    row.refresh_from_db(using=database)
    return row
