"""Versions of objects: the ETag of each, and whether it is still the one that a caller means.

Source: RFC 9110, sections 8.8.3 and 13.1.1. A tag speaks of the object's own row, and comparison is strong: a tag that
begins with W/ matches nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac

from .exceptions import PreconditionFailedError
from .terms import ANY_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model

SALT = "actions.versions"


def etag_of(view: Any, found: Model) -> str:
    """The entity tag of an object, in its quotes.

    Args:
        view: Its ViewSet, whose `version_field` names the field that is different after every change, such as a
            counter or `updated_at`. None: every field of the object counts.
        found: The object.
    """
    values = [found._meta.label_lower, found.pk, *(_plain(getattr(found, each)) for each in _names(view, found))]
    text = json.dumps(values, separators=(",", ":"), sort_keys=True, default=str)
    # With the project's secret key: a plain hash would let callers try out what a field holds that they do not see.
    return f'"{salted_hmac(SALT, text, algorithm="sha256").hexdigest()[:32]}"'


def is_loaded(view: Any, found: Model) -> bool:
    """Whether `etag_of` needs no field that the view's queryset has left in the database."""
    return found.get_deferred_fields().isdisjoint(_names(view, found))


def _names(view: Any, found: Model) -> list[str]:
    name = getattr(view, "version_field", None)
    return [name] if name else [field.attname for field in found._meta.concrete_fields]


def check_version(if_match: Sequence[str], view: Any, found: Model) -> None:
    """Refuse an object that is not in one of the versions.

    Raises:
        PreconditionFailedError: With the current tag.
    """
    if ANY_VERSION in if_match:
        return
    current = etag_of(view, found)
    if current not in if_match:
        raise PreconditionFailedError(headers={"ETag": current}, extra={"etag": current})


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    # As text, because JSON's encoder would read a file to find out what it is.
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)
