"""System checks of registries, their definitions and their ViewSets; `setting_checks` has those of the settings.

actions.E001  a definition or registry is wrong           (W001 where the project is not strict)
actions.E002  two registries have the same resource
actions.E004  an action's name is taken in its ViewSet, by a name or a route
actions.W005  effect and record may be on different databases
actions.W006  the view's queryset cannot be locked; the row is locked by its key
actions.W008  an object may have a key that is the name of an action
actions.W009  a Django permission that no model declares
actions.W010  an example's payload does not fit the action
actions.E011  an action is undone by one that there is not
actions.E012  a version_field that is no field of the ViewSet's model
actions.W016  a sensitive field that the action does not have
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import router

from .binding import BoundAction, is_django_permission
from .conf import conf
from .definitions import STATUS, Action, Source
from .discovery import load_viewsets
from .django_payloads import FormPayload, SerializerPayload
from .exceptions import DefinitionProblem, InvalidPayloadError
from .models import EventAction
from .payloads.nodes import declared_fields, types_of, walk
from .redaction import is_secret_name, secret_names
from .registry import ActionRegistry, catalogue
from .routes import ACTIONS_PATH, collision
from .selection import can_lock, take_ids

Found = list[checks.CheckMessage]


def check_registries(app_configs: Any = None, **kwargs: Any) -> Found:
    """Every problem of every definition, and resources that two registries claim."""
    load_viewsets()
    level, number = (checks.Error, "actions.E001") if conf.is_strict else (checks.Warning, "actions.W001")
    with catalogue.collecting():
        problems = catalogue.problems()
    found: Found = [
        level(f"{problem.where}: {problem.message}", hint=problem.remedy or None, id=number) for problem in problems
    ]
    owners: dict[str, list[str]] = defaultdict(list)
    for registry in catalogue:
        if registry.source not in owners[registry.resource]:
            owners[registry.resource].append(registry.source)
    found += [
        checks.Error(
            f'The resource "{resource}" has {len(sources)} registries: {", ".join(sources)}.',
            hint="Give each registry a resource of its own.",
            id="actions.E002",
        )
        for resource, sources in owners.items()
        if len(sources) > 1
    ]
    return found


def check_definitions(app_configs: Any = None, **kwargs: Any) -> Found:
    """What can be called and is nevertheless not what its author meant."""
    load_viewsets()
    found: Found = []
    for registry in catalogue:
        for bound in registry.bound.values():
            found += _check_permissions(bound.action)
            found += _check_examples(bound)
            found += _check_undo(registry, bound.action)
            found += _check_sensitive(registry, bound)
    return found


def _check_undo(registry: ActionRegistry, action: Action) -> Iterable[checks.CheckMessage]:
    if action.undo is None:
        return
    known = [each.id for each in registry.definitions.values() if each.is_instance and each.id != action.id]
    if action.undo not in known:
        near = get_close_matches(action.undo, known, n=1)
        others = f"There are: {', '.join(known)}." if known else "There is no other instance action."
        hint = f'Did you mean "{near[0]}"?' if near else others
        problem = _place(action, ("undo",), f'{registry.resource} has no other instance action "{action.undo}".')
        yield checks.Error(f"{problem.where}: {problem.message}", hint=hint, id="actions.E011")


def _check_sensitive(registry: ActionRegistry, bound: BoundAction) -> Iterable[checks.CheckMessage]:
    """Only where everything is known that the record may hold: what is sent and what is answered."""
    action, schemas = bound.action, (bound.payload.json_schema(), bound.action.result)
    if not action.sensitive or not all(isinstance(schema, Mapping) and _says_its_fields(schema) for schema in schemas):
        return
    anyway = secret_names(())
    known = [name for schema in schemas for name in _names_in(schema)] + _changed_fields(registry.viewset)
    for index, name in enumerate(action.sensitive):
        secret = secret_names([name])
        masks_some = any(is_secret_name(each, secret) and not is_secret_name(each, anyway) for each in known)
        # Passwords and the like are masked without its being said.
        if not masks_some and not is_secret_name(name, anyway):
            near = get_close_matches(name, known, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else "Nothing is masked by it."
            problem = _place(action, ("sensitive", index), f'the action neither takes nor answers "{name}".')
            yield checks.Warning(f"{problem.where}: {problem.message}", hint=hint, id="actions.W016")


def _says_its_fields(schema: Mapping[str, Any]) -> bool:
    """Whether no object that fits the schema is one of which no fields are declared."""
    for _path, node in walk(schema):
        types = types_of(schema, node)
        is_empty = False in (node.get("additionalProperties"), node.get("unevaluatedProperties"))
        if (not types or "object" in types) and not is_empty and not declared_fields(schema, node):
            return False
    return True


def _names_in(schema: Any) -> list[str]:
    return [str(name) for _path, node in walk(schema) for name in node.get("properties") or ()]


def _changed_fields(viewset: Any) -> list[str]:
    """Fields whose changes a record may hold."""
    queryset = getattr(viewset, "queryset", None)
    return [] if queryset is None else [field.name for field in queryset.model._meta.concrete_fields]


def _check_permissions(action: Action) -> Iterable[checks.CheckMessage]:
    """Codenames as `migrate` makes them; the database need not be there."""
    if not apps.is_installed("django.contrib.auth"):
        return
    for index, permission in enumerate(action.permissions):
        if not isinstance(permission, str) or not is_django_permission(permission):
            continue
        app_label, _, codename = permission.partition(".")
        known = _codenames(app_label)
        if codename not in known:
            near = get_close_matches(codename, known, n=1)
            guess = f'Did you mean "{app_label}.{near[0]}"? ' if near else ""
            problem = _place(action, ("permissions", index), f'no model has the permission "{permission}".')
            hint = f"{guess}Only superusers have it, unless something other than a model's Meta makes it."
            yield checks.Warning(f"{problem.where}: {problem.message}", hint=hint, id="actions.W009")


def _codenames(app_label: str) -> list[str]:
    metas = [model._meta for model in apps.get_app_config(app_label).get_models()]
    made = [get_permission_codename(name, meta) for meta in metas for name in meta.default_permissions]
    return [*made, *(str(codename) for meta in metas for codename, _name in meta.permissions)]


def _check_examples(bound: BoundAction) -> Iterable[checks.CheckMessage]:
    action = bound.action
    if action.status == STATUS.TODO.value and action.schema is None:
        return
    given: list[tuple[tuple[str | int, ...], Any]] = [
        (("examples", index, "payload"), example["payload"])
        for index, example in enumerate(action.examples)
        if "payload" in example
    ]
    if action.example_payload is not None:
        given.append((("example_payload",), action.example_payload))
    for path, payload in given:
        if sentences := _misfits(bound, payload):
            problem = _place(action, path, f"this example would be refused: {' '.join(sentences)}")
            hint = "Correct it: people copy it."
            yield checks.Warning(f"{problem.where}: {problem.message}", hint=hint, id="actions.W010")


def _misfits(bound: BoundAction, example: Any) -> list[str]:
    """What the payload says to the example. Forms and serializers may ask the database, so only their names count."""
    if not isinstance(example, Mapping):
        return ["It is no mapping of fields."]
    data, _ids = take_ids(example, bound)
    properties = bound.payload.json_schema().get("properties", {})
    if isinstance(bound.payload, FormPayload | SerializerPayload):
        return [f"{name}: There is no such field." for name in data if name not in properties]
    try:
        bound.payload.validate(data)
    except InvalidPayloadError as error:
        # A file cannot stand in a definition.
        files = {name for name, schema in properties.items() if schema.get("format") == "binary"}
        told = {key: lines for key, lines in error.errors.items() if key.partition(".")[0] not in files}
        return [f"{key}: {line}" for key, lines in told.items() for line in lines]
    return []


def _place(action: Action, path: tuple[str | int, ...], message: str) -> DefinitionProblem:
    return (action.places or Source(action.source or action.id)).problem(path, message)


def check_viewsets(app_configs: Any = None, **kwargs: Any) -> Found:
    """What stands between an action and its route, its record or its lock."""
    load_viewsets()
    found: Found = []
    for registry in catalogue:
        if registry.viewset is not None:
            found += _check_names(registry)
            found += _check_keys(registry)
            found += _check_database(registry)
            found += _check_version_field(registry.viewset)
    return found


def _check_version_field(viewset: Any) -> Iterable[checks.CheckMessage]:
    name = getattr(viewset, "version_field", None)
    if name is None or getattr(viewset, "queryset", None) is None:
        return
    meta = viewset.queryset.model._meta
    known = [field.name for field in meta.concrete_fields if not field.is_relation]
    if name not in known:
        near = get_close_matches(str(name), known, n=1)
        hint = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(known)}."
        message = f"{viewset.__name__}: {meta.label} has no field {name!r} that could be its version_field."
        yield checks.Error(message, hint=hint, id="actions.E012")


def _check_names(registry: ActionRegistry) -> Iterable[checks.CheckMessage]:
    for definition in registry.definitions.values():
        taken = collision(registry.viewset, definition.id) or _route_before(registry.viewset, definition)
        if taken is not None:
            yield checks.Error(
                f'{registry.source}: the name of the action "{definition.id}" is taken by {taken}.',
                hint="Rename the action; it has no route now.",
                id="actions.E004",
            )


def _route_before(viewset: Any, action: Action) -> str | None:
    """The ViewSet's own extra action whose route comes first at the action's URL."""
    for extra in viewset.get_extra_actions():
        is_own = "action_name" not in extra.kwargs
        if is_own and extra.detail == action.is_instance and re.fullmatch(extra.url_path, action.id):
            return f"the route of {viewset.__name__}.{extra.__name__}"
    return None


def _check_keys(registry: ActionRegistry) -> Iterable[checks.CheckMessage]:
    viewset = registry.viewset
    bulk = [ACTIONS_PATH, *(each.id for each in registry.definitions.values() if not each.is_instance)]
    hidden = [f'"{name}"' for name in bulk if _may_be_key(viewset, name)]
    if hidden:
        yield checks.Warning(
            f"{viewset.__name__}: an object whose {viewset.lookup_field} is {' or '.join(hidden)} would have no URL: "
            "what stands there is the action's.",
            hint="Give the ViewSet a lookup_value_regex that these names do not match.",
            id="actions.W008",
        )


def _may_be_key(viewset: Any, name: str) -> bool:
    """Whether the look-up field can hold the name, and the detail route lets it through."""
    if viewset.queryset is None or not re.fullmatch(getattr(viewset, "lookup_value_regex", "[^/.]+"), name):
        return False
    meta = viewset.queryset.model._meta
    try:
        field = meta.pk if viewset.lookup_field == "pk" else meta.get_field(viewset.lookup_field)
        field.run_validators(field.to_python(name))
    except (FieldDoesNotExist, ValidationError):
        return False
    return True


def _check_database(registry: ActionRegistry) -> Iterable[checks.CheckMessage]:
    queryset = getattr(registry.viewset, "queryset", None)
    if queryset is None:
        return
    model = queryset.model
    own = queryset._db or router.db_for_write(model)  # noqa: SLF001 - what .using() was called with
    records = router.db_for_write(EventAction)
    if conf.TRACK_ACTIONS and own != records:
        yield checks.Warning(
            f"{registry.source}: {model._meta.label} is written to {own!r}, and so is the record of its actions; "
            f"EventAction is read from {records!r}.",
            hint="Have both on one database by a database router, or migrate `actions` on this one as well.",
            id="actions.W005",
        )
    if not can_lock(queryset):
        yield checks.Warning(
            f"{registry.viewset.__name__}: the database cannot lock rows of this queryset (distinct, aggregates, "
            "window functions).",
            hint="Each call locks the row by its key and reads it twice. Moving that out of `queryset` avoids it.",
            id="actions.W006",
        )
