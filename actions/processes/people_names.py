"""Which users a process means, where it says who may answer: told by the kind of a value, and never guessed.

    "ada", {"username": "ada"}           the user of that name: what `get_username()` answers
    7, a UUID, a user, {"pk": "0b54…"}   the user of that key

A text is never a key: else whoever signs up with somebody's key as his name would be taken for him. An open task has
names as texts, and keys as `{"pk": "7"}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model

PK: Final = "pk"
USERNAME: Final = "username"
Said: TypeAlias = str | Mapping[str, str]
"""A name, or `{"pk": "7"}`."""


def by_key(user: Any) -> Said:
    """A user, or his key, as an open task names him."""
    return {PK: _key(user)}


def read_users(values: Iterable[Any]) -> list[Said]:
    """The users whom values stand for; lists among them are several, None and "" nobody.

    Raises:
        ValueError: A value is neither a name nor a key.
    """
    found: list[Said] = []
    for value in values:
        if _are_several(value):
            found += read_users(value)
        elif isinstance(value, Mapping):
            found += _explicit(value)
        elif isinstance(value, str):
            found += [value] if value else []
        elif value is not None:
            found.append(by_key(value))
    return found


def read_groups(values: Iterable[Any]) -> list[str]:
    """The names of groups that values stand for; lists among them are several, None and "" none."""
    found: list[str] = []
    for value in values:
        if _are_several(value):
            found += read_groups(value)
        elif value not in (None, ""):
            found.append(str(getattr(value, "name", value) if isinstance(value, Model) else value))
    return found


def names_and_keys(users: Iterable[Said]) -> tuple[list[str], list[str]]:
    """Both kinds apart."""
    every = list(users)
    return [each for each in every if isinstance(each, str)], [each[PK] for each in every if not isinstance(each, str)]


def is_among(user: Any, users: Iterable[Said]) -> bool:
    """Whether a user is one of them."""
    names, keys = names_and_keys(users)
    return str(user.pk) in keys or str(user.get_username()) in names


def user_text(said: Said) -> str:
    """For people."""
    return said if isinstance(said, str) else f"{PK}={said[PK]}"


def _are_several(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def _explicit(value: Mapping[str, Any]) -> list[Said]:
    """Of `{"pk": …}` or `{"username": …}`."""
    if set(value) == {PK}:
        return [by_key(value[PK])] if value[PK] not in (None, "") else []
    if set(value) == {USERNAME}:
        named = value[USERNAME]
        if isinstance(named, get_user_model()):
            return [by_key(named)]
        if isinstance(named, str | int) and not isinstance(named, bool):
            return [str(named)] if named != "" else []
        if named is None:
            return []
    raise ValueError(f"{dict(value)!r} names no user. Expected was a name, a key or a user.")


def _key(value: Any) -> str:
    model = get_user_model()
    if isinstance(value, Model):
        if not isinstance(value, model) or value.pk is None:
            raise ValueError(f"{value!r} is no user that is saved.")
        return str(value.pk)
    field: Any = model._meta.pk
    if value is not None and not isinstance(value, bool | float | Mapping | list):
        with suppress(ValidationError):
            found = field.to_python(value)
            field.run_validators(found)
            return str(found)
    raise ValueError(f"{value!r} is no user's key.")
