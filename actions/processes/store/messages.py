"""Messages to runs: kept until somebody gets them, so that one that comes too early is not lost.

A message is written first, and handed out when it is committed; a run says first that it waits, and looks for messages
then. So whichever of the two comes first, the other one finds it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connections, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.exceptions import InvalidTermError
from actions.processes.models import Message, Run
from actions.processes.states import UNFINISHED, Waiting
from actions.redaction import storable

KEPT = timedelta(days=7)
"""How long a message waits for somebody who wants it."""
LONGEST = 200
"""Characters of a name and a key that are kept as they are."""
LONGEST_NAME: int = 100
"""As `Message.name`."""
LARGEST = 2**53
"""Whole numbers up to here are exact as `float`."""
_PLAIN = re.compile(r"[a-z0-9@+_.-]+")
_DIGEST = re.compile(r"#[0-9a-f]{32}\Z")
SOON = timedelta(seconds=0.5)
"""When is looked again where two have just passed each other by."""


def wait_key(name: str, key: object = None) -> str:
    """What a run waits for: the message's name, with the key that says which one; each has another text.

    One that is long, or that a database may take for another one (as MariaDB does "Ada" and "ada"), ends with a digest.
    """
    said = None if key is None else _text(key)
    text = name if said is None else f"{name}:{said}"
    if _PLAIN.fullmatch(name) and (said is None or _PLAIN.fullmatch(said) or not said) and len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(json.dumps([name, said]).encode()).hexdigest()[:32]
    return f"{storable(text[:LONGEST])}#{digest}"


def shown_key(key: str) -> str:
    """What a run waits for, as people read it."""
    return _DIGEST.sub("", key)


def _text(key: object) -> str:
    """A key as text: 5.0 of a payload is the 5 of whoever sends the message."""
    if isinstance(key, float | Decimal):
        number = float(key)
        return str(int(number)) if abs(number) < LARGEST and number.is_integer() else str(key)
    return str(key)


def post(message: Message, using: str) -> bool:
    """Write a message, to be handed out when it is committed; False where its number is known already."""
    message.due_at = timezone.now()
    with transaction.atomic(using=using):
        _row, is_new = Message.objects.using(using).get_or_create(
            uid=message.uid,
            defaults={
                name: getattr(message, name)
                for name in ("name", "wait_key", "process", "run_id", "data", "due_at", "expires_at")
            },
        )
    return is_new


def hand_out(message: Message, using: str) -> int | None:
    """Give a message that is committed to the run that has waited longest for it; its key, None where none waits.

    It then waits for one that looks for it: `due_at` is null from now on, unless there are some that are just busy.
    """
    with transaction.atomic(using=using):
        rows = Message.objects.using(using).filter(pk=message.pk, due_at__isnull=False, taken_at__isnull=True)
        found = rows.select_for_update().first()
        if found is None:
            return None
        waiting = _waiting(found, using)
        run = waiting.select_for_update(skip_locked=_can_skip(using)).first()
        is_busy = run is None and waiting.exists()
        Message.objects.using(using).filter(pk=found.pk).update(
            due_at=timezone.now() + SOON if is_busy else None,
            fence=F("fence") + 1,
            bound_to=run.pk if run is not None else None,
        )
        if run is None:
            return None
        # Whoever looks for messages right now has not seen this one: it loses the run, which is due again.
        Run._base_manager.using(using).filter(pk=run.pk).update(due_at=timezone.now(), fence=F("fence") + 1)
        return int(run.pk)


def _can_skip(using: str) -> bool:
    return bool(connections[using].features.has_select_for_update_skip_locked)


def _waiting(message: Message, using: str) -> QuerySet[Run]:
    """Runs that wait for a message, the one that has waited longest first."""
    has_one = Message.objects.using(using).filter(
        bound_to=OuterRef("pk"), wait_key=message.wait_key, taken_at__isnull=True
    )
    runs = (
        Run._base_manager.using(using)
        .filter(
            wait_key=message.wait_key,
            waiting_for=Waiting.MESSAGE.value,
            status__in=UNFINISHED,
            paused_at__isnull=True,
        )
        .exclude(Exists(has_one))
    )
    if message.process:
        runs = runs.filter(process=message.process)
    if message.run_id is not None:
        runs = runs.filter(Q(pk=message.run_id) | Q(root_id=message.run_id))
    return runs.order_by("pk")


def look_for(run: Run, key: str, using: str) -> Message | None:
    """The message that a run was woken for, else the oldest one for it; it is marked with the step that gets it."""
    # Null is not the same place in every database.
    is_own = Case(When(bound_to=run.pk, then=0), default=1)
    rows = _for(run, key, using).order_by(is_own, "pk")
    return rows.select_for_update(skip_locked=_can_skip(using)).first()


def is_busy(run: Run, key: str, using: str) -> bool:
    """Whether there is a message for a run that somebody else just has in his hands, and may leave."""
    return _for(run, key, using).exists()


def _for(run: Run, key: str, using: str) -> QuerySet[Message]:
    return Message.objects.using(using).filter(
        Q(run_id__isnull=True) | Q(run_id__in=[run.pk, run.root_id or run.pk]),
        Q(bound_to__isnull=True) | Q(bound_to=run.pk),
        Q(process="") | Q(process=run.process),
        wait_key=key,
        taken_at__isnull=True,
        expires_at__gt=timezone.now(),
    )


def waiting_runs(key: str, process: str, using: str) -> Iterable[int]:
    """Keys of all runs that wait for a message."""
    runs = Run._base_manager.using(using).filter(wait_key=key, waiting_for=Waiting.MESSAGE.value)
    if process:
        runs = runs.filter(process=process)
    return runs.order_by("pk").values_list("pk", flat=True)


def remove_old(using: str) -> int:
    """Remove messages whose time is over, wanted or not; how many."""
    count, _by_model = Message.objects.using(using).filter(expires_at__lt=timezone.now()).delete()
    return count


def new_message(
    name: str, *, key: Any = None, run_id: int | None = None, process: str = "", data: Any = None
) -> Message:
    """A message that is not written yet.

    Raises:
        InvalidTermError: Its name is too long.
    """
    if len(name) > LONGEST_NAME:
        raise InvalidTermError(_("The name of a message has at most %(most)s characters.") % {"most": LONGEST_NAME})
    return Message(
        name=name,
        wait_key=wait_key(name, key),
        run_id=run_id,
        process=process,
        data=data,
        expires_at=timezone.now() + KEPT,
    )
