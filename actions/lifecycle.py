"""The life of an action: promised, tried out, relied on, deprecated, retired.

todo     501                                 promised
alpha    Action-Status: alpha                left out of lists and schemas unless they are asked for it
beta     Action-Status: beta                 everybody sees it, and that it may still change
prod                                         `manage.py actions_diff` keeps it as callers know it
         Deprecation: @…  Sunset: …          on its way out (RFC 9745, RFC 8594); from the sunset on 410
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.http import http_date
from django.utils.translation import gettext as _

from .conf import conf
from .definitions import STATUS, Action
from .exceptions import InvalidTermError, NotImplementedActionError, RetiredActionError
from .terms import truth

if TYPE_CHECKING:
    from .binding import BoundAction

STATUS_HEADER = "Action-Status"
ALPHA = "alpha"
"""The query parameter that asks lists and schemas for alpha actions."""
UNSETTLED = frozenset({STATUS.ALPHA.value, STATUS.BETA.value})
"""Of actions that may still change, every answer says so."""


def check_lifecycle(action: Action) -> None:
    """Refuse what is only promised, and what is over.

    Raises:
        NotImplementedActionError: Its status is `todo`.
        RetiredActionError: Its sunset has come.
    """
    if action.status == STATUS.TODO.value:
        raise NotImplementedActionError
    sunset = action.sunset_on
    if sunset is not None and sunset <= timezone.localdate():
        raise RetiredActionError(_("This action was retired on %(date)s.") % {"date": sunset.isoformat()})


def lifecycle_headers(action: Action) -> dict[str, str]:
    """What every answer of an action says of its life; nothing where `BoundAction.has_lifecycle` is not true."""
    headers = {}
    if action.status in UNSETTLED:
        headers[STATUS_HEADER] = str(action.status)
    if isinstance(action.deprecated, str):
        headers["Deprecation"] = f"@{_epoch(date.fromisoformat(action.deprecated))}"
    if action.sunset_on is not None:
        headers["Sunset"] = http_date(_epoch(action.sunset_on))
    return headers


def with_alpha(query: Mapping[str, str]) -> bool:
    """Whether alpha actions are to be shown: what the query says, else the setting DJACTION_SHOW_ALPHA.

    Raises:
        InvalidTermError: The query says something that is neither yes nor no.
    """
    return truth(ALPHA, query[ALPHA]) if ALPHA in query else bool(conf.SHOW_ALPHA)


def is_left_out(action: Action, *, shows_alpha: bool) -> bool:
    """Whether the action is left out of a list or schema. It can be called, and documents itself, all the same."""
    return action.status == STATUS.ALPHA.value and not shows_alpha


def shown(actions: Iterable[BoundAction], query: Mapping[str, str]) -> list[BoundAction]:
    """Those of the actions that a list has, for a request with this query.

    Raises:
        InvalidTermError: See `with_alpha`.
    """
    shows_alpha = with_alpha(query)
    return [bound for bound in actions if not is_left_out(bound.action, shows_alpha=shows_alpha)]


def hidden_names(actions: Iterable[BoundAction], query: Mapping[str, str]) -> set[str]:
    """Under which names the browsable API must not offer alpha actions, on whatever page of the ViewSet.

    There, a parameter of this name may be the project's own: what cannot be understood says nothing.
    """
    try:
        shows_alpha = with_alpha(query)
    except InvalidTermError:
        shows_alpha = bool(conf.SHOW_ALPHA)
    names: dict[bool, set[str]] = {False: set(), True: set()}
    for bound in actions:
        names[is_left_out(bound.action, shows_alpha=shows_alpha)].add(bound.action.title or bound.id)
    return names[True] - names[False]


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
