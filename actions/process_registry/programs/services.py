"""What doors call: run a stored executable, stop a run, and read what it has said."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from django.db import router
from django.utils import timezone
from django.utils.translation import gettext as _

from actions import work
from actions.conf import conf
from actions.exceptions import PayloadTooLargeError
from actions.processes.exceptions import WrongStateError
from actions.processes.states import Status
from actions.programs.definition import from_mapping
from actions.programs.limits import Limits
from actions.programs.tails import Kept
from actions.worker import DEFAULT_QUEUE

from .models import ProgramRun

if TYPE_CHECKING:
    from actions.process_registry.models import ProcessDefinition


def run(row: ProcessDefinition, *, input: str | bytes | None = None, actor: Any = None) -> ProgramRun:
    """Have a worker run a stored executable as it is now.

    Whether the settings permit it, the worker finds out: it may be on another machine, with others.

    Args:
        row: The stored definition.
        input: What its input adapter gives it.
        actor: Who wants it.

    Returns:
        The run, which waits for a worker that serves its queue.

    Raises:
        InvalidProgramError: The definition is wrong, or it is no executable's.
        PayloadTooLargeError: The input is larger than DJACTION_PROGRAM_LIMITS allows.
    """
    definition = from_mapping(row.definition)
    given = input.encode() if isinstance(input, str) else input
    if given is not None and len(given) > (limit := Limits.from_settings().input):
        text = _("The input has %(size)s bytes, and a run keeps no more than %(limit)s. Put it into a file.")
        raise PayloadTooLargeError(text % {"size": len(given), "limit": limit})
    has_actor = actor is not None and actor.pk is not None
    using = router.db_for_write(ProgramRun)
    made: ProgramRun = ProgramRun.objects.using(using).create(
        definition=row,
        version=row.current_version,
        is_service=definition.is_service,
        queue=queue_of(definition.application),
        input=given,
        actor_id=str(actor.pk) if has_actor else None,
        actor_name=str(actor)[:255] if has_actor else "",
    )
    work.announce(using)
    return made


def queue_of(application: str) -> str:
    """The queue of that name, where DJACTION_QUEUES has one; else what every worker serves."""
    return application if application in conf.QUEUES else DEFAULT_QUEUE


def stop(run: ProgramRun) -> ProgramRun:
    """Have a run end: at once where no worker has it, else soon. The row as it is then.

    Raises:
        WrongStateError: It has ended already.
    """
    using, now = str(run._state.db), timezone.now()
    rows = ProgramRun.objects.using(using).filter(pk=run.pk)
    # A worker that claims the run in between finds the request in the row.
    if not rows.unfinished().update(stop_requested_at=now):
        run.refresh_from_db()
        raise WrongStateError(_("This run has ended: %(status)s.") % {"status": run.get_status_display()})
    waiting = rows.filter(status=Status.PENDING.value, stop_requested_at__isnull=False, due_at__lte=now)
    work.set_aside(waiting, status=Status.CANCELLED.value, reason="stopped", ended_at=now, input=None)
    run.refresh_from_db()
    return run


def output(run: ProgramRun) -> dict[str, Any]:
    """What it has said: `{"output", "output_size", "is_whole", "log", "log_size"}`, and what is no text as base64."""
    kept = run.kept_output
    return {
        "output": kept.text,
        "output_size": kept.size,
        "is_whole": kept.is_whole,
        **encoded(kept),
        "log": run.kept_log.text,
        "log_size": run.kept_log.size,
    }


def encoded(kept: Kept) -> dict[str, str]:
    """`{"output_base64"}` where the text does not say all of it."""
    return {} if kept.is_text else {"output_base64": base64.b64encode(kept.data).decode("ascii")}
