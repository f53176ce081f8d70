"""What names an object in URLs and `ids`: the field of a ViewSet's `lookup_field`, which may lie behind relations."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models.constants import LOOKUP_SEP

if TYPE_CHECKING:
    from django.db.models import Field, Model


def key_field(model: type[Model], lookup_field: str) -> Field[Any, Any] | None:
    """The field of a path like "pk", "slug" or "author__username"; None for what is no field, as an annotation."""
    found: Any = None
    for name in lookup_field.split(LOOKUP_SEP):
        meta: Any = model._meta if found is None else getattr(found.related_model, "_meta", None)
        try:
            found = meta and (meta.pk if name == "pk" else meta.get_field(name))
        except FieldDoesNotExist:
            return None
        if found is None:
            return None
    return getattr(found, "target_field", found)  # type: ignore[no-any-return]


def key_value(found: Model, lookup_field: str) -> Any:
    """What the object has there."""
    return reduce(getattr, lookup_field.split(LOOKUP_SEP), found)
