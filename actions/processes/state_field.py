"""The columns of values, and that of a run's state.

What is large in a state stands in a row of its own, and is read where it is asked for.

A step that changes something in the state writes it anew. So that this is little, however large the values are that the
step has nothing to do with, the state has `{"$stored": 7}` in their place: the key of a `StoredValue`. Whoever reads
`run.state` finds the values themselves; the executor alone asks for what it needs.
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard

from django.apps import apps
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from .values import ValueDecoder, load

STORED: Final = "$stored"
LARGE: Final = 64 * 1024
"""Characters of JSON: what is longer gets a row of its own."""


def is_stored(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value of the state stands for one in a row of its own."""
    return type(value) is dict and len(value) == 1 and STORED in value


def read_stored(run_id: int, references: list[dict[str, Any]], using: str) -> dict[int, Any]:
    """Values of a run by their keys, in one statement; of no other run."""
    model = apps.get_model("actions_processes", "StoredValue")
    rows = model._base_manager.using(using).filter(run_id=run_id, pk__in=[each[STORED] for each in references])
    return {key: load(text) for key, text in rows.values_list("pk", "text")}


class _State(DeferredAttribute):
    """Puts large values in the place of what stands for them, when a run's state is asked for."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        state = super().__get__(instance, cls)
        if instance is None or type(state) is not dict:
            return state
        stored = {key: value for key, value in state.items() if is_stored(value)}
        if stored:
            found = read_stored(instance.pk, list(stored.values()), instance._state.db or "default")
            # A new one: the executor may have the other.
            state = {**state, **{key: found.get(value[STORED], value) for key, value in stored.items()}}
            instance.__dict__[self.field.attname] = state
        return state

    def __set__(self, instance: Any, value: Any) -> None:
        # With this, Python asks `__get__` even where the instance has the value.
        instance.__dict__[self.field.attname] = value


class ValueField(models.JSONField):
    """A column of values that steps have made or got: what stands for an instance of a model is read as that."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "decoder": ValueDecoder})

    def deconstruct(self) -> Any:
        """To migrations, it is what it is to the database."""
        name, _path, args, options = super().deconstruct()
        options.pop("decoder", None)
        return name, "django.db.models.JSONField", args, options


class StateField(ValueField):
    """See the module."""

    descriptor_class = _State
