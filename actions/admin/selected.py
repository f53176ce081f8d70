"""The rows that somebody has selected in a list of the admin, carried from page to page by their keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError, ValidationError
from django.utils.translation import gettext as _

from actions.conf import conf
from actions.exceptions import NON_FIELD_ERRORS, InvalidSelectionError, TooManyObjectsError
from actions.keys import key_value
from actions.versions import etag_of

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    from actions.binding import BoundAction
    from actions.exceptions import ActionError

IDS = "djaction-ids"
MAX_SHOWN = 20
"""Objects that are named on the page."""


@dataclass
class Selected:
    """Objects by the keys that their ViewSet knows them by."""

    rows: QuerySet[Model]
    """All that the admin shows the user."""
    lookup_field: str
    versions: dict[str, str]
    """The entity tag of each key, "" where it is not needed."""

    @property
    def keys(self) -> list[str]:
        """In the order of the list."""
        return list(self.versions)

    @cached_property
    def labels(self) -> dict[str, str]:
        """The names of some of them."""
        try:
            found = self.rows.filter(**{f"{self.lookup_field}__in": self.keys[:MAX_SHOWN]})
            return {str(key_value(each, self.lookup_field)): str(each) for each in found}
        except (FieldError, ValidationError, ValueError, TypeError):
            # Keys that nobody has, from a request that somebody made up.
            return {}

    @property
    def unnamed(self) -> int:
        """How many are not named on the page."""
        return len(self.keys) - len(self.labels)

    def label_of(self, key: Any) -> str:
        """The name of an object, or its key."""
        return self.labels.get(str(key), str(key))

    def as_sent(self, *, with_versions: bool) -> Any:
        """For the page's form: `read_selected` gets it back."""
        return self.versions if with_versions else self.keys


def select(
    rows: QuerySet[Any], chosen: QuerySet[Any], bound: BoundAction, view: Any, *, with_versions: bool
) -> Selected:
    """The rows that were chosen in a list.

    Args:
        rows: All that the admin shows the user.
        chosen: Those of the list's own action form; all of them where the user has selected across pages.
        bound: The action.
        view: Its ViewSet.
        with_versions: Whether the action is done only to versions that the caller names.

    Raises:
        TooManyObjectsError: There are more than one call may name.
    """
    limit = min(filter(None, (conf.MAX_IDS, bound.action.max_objects)))
    name = view.lookup_field
    if with_versions:
        versions = {str(key_value(each, name)): etag_of(view, each) for each in chosen[: limit + 1]}
    else:
        versions = {str(key): "" for key in chosen.values_list(name, flat=True)[: limit + 1]}
    if len(versions) > limit:
        detail = _("%(title)s: at most %(limit)s objects can be taken at once. Select fewer. Nothing was done.")
        raise TooManyObjectsError(detail % {"title": bound.action.title or bound.id, "limit": limit})
    return Selected(rows, name, versions)


def read_selected(request: HttpRequest, rows: QuerySet[Any], view: Any) -> Selected | None:
    """What `Selected.as_sent` gave; None where nothing was sent.

    Raises:
        InvalidSelectionError: It is something else.
    """
    text = request.POST.get(IDS)
    if not text:
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSelectionError from error
    pairs = said.items() if isinstance(said, dict) else ((key, "") for key in said) if isinstance(said, list) else ()
    versions = {str(key): str(etag) for key, etag in pairs}
    if not versions:
        raise InvalidSelectionError
    return Selected(rows, view.lookup_field, versions)


def spread(error: ActionError, fields: Mapping[str, Any], selected: Selected) -> dict[str, list[str]]:
    """The errors of several objects, `0.days` and `1`, at the fields of their one form, or under an object's name."""
    found: dict[str, list[str]] = {}
    for path, sentences in error.errors.items():
        index, _dot, rest = path.partition(".")
        is_of_object = index.isdecimal() and int(index) < len(selected.keys)
        if is_of_object and rest.partition(".")[0] in fields:
            at_field = found.setdefault(rest, [])
            at_field.extend(sentence for sentence in sentences if sentence not in at_field)
        elif is_of_object:
            label = selected.label_of(selected.keys[int(index)])
            place = f"{label} ({rest})" if rest else label
            found.setdefault(NON_FIELD_ERRORS, []).extend(f"{place}: {sentence}" for sentence in sentences)
        else:
            found.setdefault(path, []).extend(sentences)
    return found
