"""The list as the registry's first clients know it: `{"meta": {…}, "objects": […]}`, by limit and offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from actions.preferences import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from rest_framework.request import Request

LIMIT, OFFSET = "limit", "offset"
DEFAULT_LIMIT = 20
MAX_LIMIT = 1000
MAX_NUMBER = 2**62


def envelope(rows: QuerySet[Any], request: Request, shown: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """One part of the rows, in their order.

    Raises:
        InvalidTermError: Limit or offset are no numbers, or negative (400).
    """
    limit = min(_number(request, LIMIT, DEFAULT_LIMIT) or MAX_LIMIT, MAX_LIMIT)
    offset = _number(request, OFFSET, 0)
    count = rows.count()
    found = rows[offset : offset + limit] if offset < count else ()
    following = offset + limit
    meta = {
        "limit": limit,
        "next": _address(request, limit, following) if following < count else None,
        "offset": offset,
        "previous": _address(request, limit, max(0, offset - limit)) if offset > 0 else None,
        "total_count": count,
    }
    return {"meta": meta, "objects": [shown(row) for row in found]}


def _number(request: Request, name: str, default: int) -> int:
    if name not in request.query_params:
        return default
    text = request.query_params[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= MAX_NUMBER):
        raise invalid(name, _("A whole number from 0 on was expected."))
    return int(text)


def _address(request: Request, limit: int, offset: int) -> str:
    """The path of another part, with what else the query says."""
    others = [(name, value) for name, value in request.query_params.items() if name not in (LIMIT, OFFSET)]
    return f"{request.path}?{urlencode([(LIMIT, limit), (OFFSET, offset), *others])}"
