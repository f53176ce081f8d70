"""Which models and fields the tasks of `model` may touch, and how."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import router
from django.db.models import Field, Model, QuerySet

from actions.conf import conf
from actions.exceptions import InvalidPayloadError
from actions.processes.context import StepContext
from actions.processes.exceptions import StepError

SETTING = "DJACTION_PROCESS_MODELS"


def model_of(label: str) -> type[Model]:
    """The model that a label means.

    Raises:
        StepError: The setting does not allow it, or there is none.
    """
    allowed = [name.lower() for name in conf.PROCESS_MODELS]
    if label.lower() not in allowed:
        near = get_close_matches(label.lower(), allowed, n=1)
        remedy = f'Did you mean "{near[0]}"?' if near else f'If it may, add "{label}" to {SETTING}.'
        raise StepError(f'Processes may not touch the model "{label}". {remedy}')
    try:
        return apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise StepError(f'{SETTING} has "{label}", and there is no such model. Write it as "app.model".') from error


def rows_of(model: type[Model], context: StepContext | None) -> QuerySet[Any]:
    """All its rows, in the run's database where there is a run."""
    return model._default_manager.using(database_of(model, context))


def database_of(model: type[Model], context: StepContext | None) -> str:
    """Where it is written: in the run's database, so that both commit together."""
    return context.using if context is not None else router.db_for_write(model)


def checked_filter(model: type[Model], given: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions on plain fields, as a QuerySet takes them.

    Raises:
        StepError: A field does not exist, or it is no field's own name.
        InvalidPayloadError: A value is none of the field's.
    """
    conditions, errors = {}, {}
    for name, value in given.items():
        field = _field(model, name)
        is_instance = isinstance(value, Model)
        try:
            conditions[field.attname] = value.pk if is_instance else field.to_python(value)
        except ValidationError as error:
            errors[name] = error.messages
    if errors:
        raise InvalidPayloadError(errors=errors)
    return conditions


def save(instance: Model, values: Mapping[str, Any], using: str) -> None:
    """Give an instance new values and save it.

    Raises:
        StepError: A field does not exist.
        InvalidPayloadError: The values do not fit; nothing is saved.
    """
    for name, value in values.items():
        field = _field(type(instance), name)
        setattr(instance, field.name if isinstance(value, Model) else field.attname, value)
    try:
        instance._state.db = instance._state.db or using
        instance.full_clean()
    except ValidationError as error:
        raise InvalidPayloadError(errors=error.message_dict) from error
    instance.save(using=using)


def _field(model: type[Model], name: str) -> Field[Any, Any]:
    """A column of its own table."""
    fields = {known: field for field in model._meta.concrete_fields for known in (field.name, field.attname)}
    if name == "pk":
        return model._meta.pk
    if name not in fields:
        near = get_close_matches(name, fields, n=1)
        remedy = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(sorted(fields))}."
        raise StepError(f'{model._meta.label} has no field "{name}" of its own. {remedy}')
    return fields[name]
