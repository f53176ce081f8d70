"""Finds stored executables by number or name, for steps of processes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from actions.programs.exceptions import UnknownProgramError

from .models import Kind, ProcessDefinition
from .permissions import RUN, key_of, visible

MOST = 100
"""Definitions of one name that are looked at."""
NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def find_definition(key: int | str, actor: Any = None) -> Mapping[str, Any]:
    """What the task `program.run` asks for.

    Raises:
        UnknownProgramError: There is none, or there are several.
    """
    found: Mapping[str, Any] = find_executable(key, actor).definition
    return found


def find_executable(key: int | str, actor: Any = None) -> ProcessDefinition:
    """The executable that a step means.

    Args:
        key: Its number, or its name where only one of his own has it, or only one that he sees. By its name nobody
            gets an own one who may not run programs: what he stores would take the place of what the process means.
        actor: Who has to see it; None: nobody is asked.

    Raises:
        UnknownProgramError: There is none, or there are several.
    """
    present: Any = ProcessDefinition.objects.present().filter(kind=Kind.EXECUTABLE)
    rows = present if actor is None else visible(present, actor)
    is_number = isinstance(key, int) or bool(NUMBER.fullmatch(key))
    if not (is_number or actor is None or actor.has_perm(RUN)):
        rows = rows.exclude(owner_id=key_of(actor))
    found = list((rows.filter(pk=int(key)) if is_number else rows.filter(name=key))[:MOST])
    # Nobody takes the name of somebody's own one away by sharing another.
    own = [row for row in found if actor is not None and row.owner_id == key_of(actor)]
    found = own if len(own) == 1 else found
    if not found:
        raise UnknownProgramError(_('There is no stored executable "%(key)s".') % {"key": key})
    if len(found) > 1:
        raise UnknownProgramError(
            _('Several stored executables are called "%(key)s". Name one by its number.') % {"key": key}
        )
    only: ProcessDefinition = found[0]
    return only
