"""What steps register and answer, as the database keeps it: JSON, and references to instances of models.

An instance is kept as `{"$model": "app.model", "pk": 7}` and read again when it is looked up, so that a step that comes
days later sees it as it is then. Only what the engine has made of an instance means one: data that looks so, from a
caller or another system, is refused where it comes in, or it could name any row of any table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from json import JSONEncoder as PlainEncoder
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from rest_framework.utils.encoders import JSONEncoder

from actions.exceptions import ActionError, InvalidPayloadError
from actions.lookups import LookUpError, NoPartsError, references, render
from actions.redaction import redact

from .exceptions import StepError

MODEL: Final = "$model"
PK: Final = "pk"
_MARK: Final = f'"{MODEL}"'
_KNOWN = (date, time, timedelta, Decimal, UUID, Promise)
_drf = JSONEncoder()
_NOTHING: Final[frozenset[str]] = frozenset()


class Reference(dict[str, Any]):
    """What stands for an instance of a model."""

    __slots__ = ()


def dump(value: Any) -> str:
    """JSON of a value that a step made, in a form that every database takes.

    Raises:
        StepError: It, or something in it, is no JSON and no instance of a model, or only looks as if it stood for one.
    """
    text = dump_own(value)
    if _MARK in text:
        _refuse(value, StepError)
    return text


def dump_own(value: Any) -> str:
    """The same of what the engine itself has put together.

    Raises:
        StepError: Something in it is no JSON and no instance of a model.
    """
    try:
        text = _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise StepError(f"The result is {_described(value)}, which cannot be stored: {error}.") from error
    if "\\u0000" in text or "\\ud" in text:
        # Half a surrogate pair, or the character that PostgreSQL does not take.
        return json.dumps(redact(json.loads(text), _NOTHING))
    return text


def load(text: str) -> Any:
    """The value of what `dump` has made: at a fifth of what `json.loads` takes, which looks for blanks and more."""
    return (_scan if _MARK not in text else _scan_references)(text, 0)[0]


class ValueDecoder(json.JSONDecoder):
    """Reads columns that have what `dump` has made."""

    def decode(self, s: str, *_more: Any) -> Any:
        """The value of a text."""
        return super().decode(s) if _MARK not in s else _references.decode(s)


def refuse_references(data: Any) -> None:
    """Have data that comes from outside name no instances of models.

    Raises:
        InvalidPayloadError: Something in it looks as if it stood for one.
    """
    _refuse(data, InvalidPayloadError)


def _refuse(data: Any, error: type[ActionError]) -> None:
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            if type(value) is not Reference and _looks_like_one(value):
                raise error(
                    f"{dict(value)!r:.200} looks like an instance of a model, and only the engine makes such of one. "
                    f'Use another key than "{MODEL}".'
                )
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)


def _looks_like_one(value: Mapping[Any, Any]) -> bool:
    return len(value) == 2 and MODEL in value and PK in value


def _as_read(value: dict[str, Any]) -> dict[str, Any]:
    return Reference(value) if _looks_like_one(value) else value


def reference(instance: Model) -> dict[str, Any]:
    """What stands for an instance of a model.

    Raises:
        StepError: It is not saved.
    """
    if instance.pk is None:
        raise StepError(f"The result is an unsaved {instance._meta.label}. Save it before it is returned.")
    return Reference({MODEL: instance._meta.label_lower, PK: instance.pk})


def is_reference(value: Any) -> bool:
    """Whether a value stands for an instance of a model."""
    return type(value) is Reference


def resolve(value: Any, using: str) -> Any:
    """The value, with the instances that references in it stand for.

    Raises:
        StepError: The model is not there any more.
        ObjectDoesNotExist: The object is not there any more.
    """
    if is_reference(value):
        return _instance(value, using)
    if isinstance(value, dict):
        return {key: resolve(each, using) for key, each in value.items()}
    if isinstance(value, list):
        return [resolve(each, using) for each in value]
    return value


def look_up(path: str, scope: Mapping[str, Any], using: str) -> Any:
    """The value at a path: keys of mappings, positions of lists, fields of models; never attributes or calls.

    Raises:
        LookUpError: A part of the path is not there.
        StepError: An object on the way is gone.
    """
    value: Any = scope
    parts = path.split(".")
    for index, part in enumerate(parts):
        if is_reference(value):
            value = _instance(value, using)
        value = _within(value, part, path, ".".join(parts[:index]))
    return resolve(value, using)


def rendered(text: str, look: Callable[[str], Any]) -> Any:
    """A text with its look-ups replaced by what `look` finds; see `actions.lookups.render`.

    Raises:
        LookUpError: A look-up leads nowhere, or is written wrongly.
    """
    return render(text, _nested({path: look(path) for path in references(text)}))


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by their paths as mappings within mappings; a shorter path goes before a longer one that it includes."""
    nested: dict[str, Any] = {}
    for path, value in sorted(values.items(), key=lambda each: -len(each[0])):
        *before, last = path.split(".")
        level = nested
        for part in before:
            level = level.setdefault(part, {})
        if last not in level:
            level[last] = value
    return nested


def _within(value: Any, part: str, path: str, before: str) -> Any:
    if isinstance(value, Model):
        return _field(value, part, path)
    if isinstance(value, Mapping):
        if part in value:
            return value[part]
        raise LookUpError(path, part, [str(key) for key in value])
    if isinstance(value, list | tuple):
        if part.isdigit() and int(part) < len(value):
            return value[int(part)]
        raise LookUpError(path, part, message=f"{before} has {len(value)} items, counted from 0")
    if value is None:
        raise LookUpError(path, part, message=f"{before} is null, and has no parts")
    raise NoPartsError(path, part, message=f"{before} is {type(value).__name__}, and has no parts")


def _field(instance: Model, name: str, path: str) -> Any:
    meta = instance._meta
    try:
        if name == PK:
            return instance.pk
        field = meta.get_field(name)
    except FieldDoesNotExist as error:
        raise LookUpError(path, name, [field.name for field in meta.concrete_fields]) from error
    if not field.concrete or field.many_to_many:
        raise LookUpError(path, name, [field.name for field in meta.concrete_fields])
    return getattr(instance, name)


def _instance(value: Mapping[str, Any], using: str) -> Model:
    try:
        model = apps.get_model(value[MODEL])
    except LookupError as error:
        raise StepError(f'There is no model "{value[MODEL]}" any more.') from error
    manager = model._base_manager
    try:
        instance: Model = manager.using(using).get(pk=value[PK])
    except ObjectDoesNotExist as error:
        raise StepError(f"{model._meta.label} {value[PK]} is not there any more.") from error
    return instance


def _encode(value: Any) -> str:
    return _encoder.encode(value) if _pieces is None else "".join(_pieces(value, 0))


def _default(value: Any) -> Any:
    if isinstance(value, Model):
        return reference(value)
    if isinstance(value, QuerySet):
        return list(value)
    if isinstance(value, _KNOWN):
        return _drf.default(value)
    if isinstance(value, set | frozenset):
        return _sorted(value)
    dumped: Callable[..., Any] | None = getattr(value, "model_dump", None)
    if dumped is not None:
        # A pydantic model.
        plain = dumped(mode="json")
        _refuse(plain, StepError)
        return plain
    raise TypeError(f"{_described(value)} is no JSON")


def _sorted(value: Iterable[Any]) -> list[Any]:
    return sorted(value, key=repr)


def _described(value: Any) -> str:
    return f"a {type(value).__module__}.{type(value).__qualname__}".replace("a builtins.", "a ")


_references = json.JSONDecoder(object_hook=_as_read)
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_scan_references = _references.scan_once  # type: ignore[attr-defined]
_encoder = PlainEncoder(default=_default, allow_nan=False)
_pieces: Callable[[Any, int], tuple[str, ...]] | None = None
if c_make_encoder is not None:
    # What `encode` makes anew at each call. Without its note of what it is in, a circle is a RecursionError.
    _pieces = c_make_encoder(None, _default, encode_basestring_ascii, None, ": ", ", ", False, False, False)
