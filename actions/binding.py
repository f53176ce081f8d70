"""A definition with all that it names imported, ready to be called.

Made once per action and shared by all calls: nothing about a call is ever written to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from django.apps import apps
from django.forms import BaseForm
from django.utils.module_loading import import_string
from rest_framework.permissions import BasePermission
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import SimpleRateThrottle

from .conf import conf
from .definitions import DEMAND, SELECTION, STATUS, Action
from .exceptions import DefinitionProblem
from .payloads import Payload, check_schema, is_pydantic_model
from .runners import FormRunner, FunctionRunner, PromisedRunner, Runner, SerializerRunner, function_runner


@dataclass(frozen=True, slots=True)
class BoundAction:
    """An action that can be called."""

    action: Action
    resource: str
    is_instance: bool
    """Whether it is called on one object."""
    has_lifecycle: bool
    """Whether its life needs a look at each call: it is no plain `prod`, or on its way out."""
    has_demands: bool
    """Whether a call has to say something besides what it is to do."""
    runner: Runner
    permission_classes: tuple[Callable[[], BasePermission], ...]
    throttle: SimpleRateThrottle | None
    conditions: tuple[Callable[..., Any], ...]
    result_serializer: type[BaseSerializer[Any]] | bool | None
    """None: the ViewSet's; False: the raw result."""
    has_multiple_results: bool
    selection: str
    fields: frozenset[str]
    """Names of the payload's fields."""
    sensitive: frozenset[str]
    """Names in lower case."""

    @property
    def id(self) -> str:
        """The action's id."""
        return self.action.id

    @property
    def name(self) -> str:
        """Resource and id: "todo:mark_done"."""
        return f"{self.resource}:{self.action.id}"

    @property
    def permissions(self) -> tuple[BasePermission, ...]:
        """The action's own permissions, made anew for each call: some keep what they found on themselves."""
        return tuple([make() for make in self.permission_classes])

    @property
    def needs_version(self) -> bool:
        """Whether a call has to say which version of each object it means."""
        return self.action.if_match == DEMAND.REQUIRED.value

    @property
    def takes_nothing(self) -> bool:
        """Whether it is done to no objects at all."""
        return not self.is_instance and self.selection == SELECTION.NONE.value

    @property
    def payload(self) -> Payload:
        """What the action takes."""
        return self.runner.payload


def bind(action: Action, resource: str) -> tuple[BoundAction | None, list[DefinitionProblem]]:
    """The action with all that it names imported, or every problem of that."""
    binder = _Binder(action)
    runner = binder.runner()
    permission_classes = tuple(filter(None, map(binder.permission_class, action.permissions)))
    conditions = tuple(filter(None, (binder.callable("conditions", condition) for condition in action.conditions)))
    result_serializer = binder.result_serializer()
    if binder.problems or runner is None:
        return None, binder.problems
    is_function = isinstance(runner, FunctionRunner)
    properties = binder.properties
    bound = BoundAction(
        action=action,
        resource=resource,
        is_instance=action.is_instance,
        has_lifecycle=action.status != STATUS.PROD.value or bool(action.deprecated) or action.sunset is not None,
        has_demands=DEMAND.REQUIRED.value in (action.if_match, action.idempotency_key),
        runner=runner,
        permission_classes=permission_classes,
        throttle=_throttle(action, resource),
        conditions=conditions,
        result_serializer=result_serializer,
        has_multiple_results=not action.is_instance if action.multiple_results is None else action.multiple_results,
        selection=action.selection or (SELECTION.FILTER if is_function or action.is_instance else SELECTION.NONE).value,
        fields=frozenset(properties),
        sensitive=frozenset(name.lower() for name in (*action.sensitive, *_write_only(properties))),
    )
    return bound, []


class _Binder:
    """Imports what one action names and keeps what goes wrong."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.problems: list[DefinitionProblem] = []
        self.properties: dict[str, Any] = {}
        """The fields of the payload, as JSON Schema has them."""

    def problem(self, key: str, message: str, remedy: str = "") -> None:
        self.problems.append(self.action.problem(key, message, remedy))

    def load(self, key: str, value: Any) -> Any:
        """What a dotted path names; anything else is itself. None after a problem."""
        if not isinstance(value, str):
            return value
        try:
            return import_string(value)
        except Exception as error:  # noqa: BLE001 - whatever a module of the project raises is told with its place
            self.problem(key, f'"{value}" cannot be imported: {type(error).__name__}: {error}.', "Correct the path.")
            return None

    def callable(self, key: str, value: Any) -> Callable[..., Any] | None:
        found = self.load(key, value)
        if found is not None and not callable(found):
            self.problem(key, f"{value!r} is not a function.", "Name a function.")
            return None
        return found  # type: ignore[no-any-return]

    def subclass(self, key: str, value: Any, base: type, expected: str) -> Any:
        found = self.load(key, value)
        if found is not None and not (isinstance(found, type) and issubclass(found, base)):
            self.problem(key, f"{value!r} is not {expected}.", f"Name {expected}.")
            return None
        return found

    def permission_class(self, value: str | type) -> Callable[[], BasePermission] | None:
        """A DRF permission class, or Django's permission as one."""
        if isinstance(value, str) and is_django_permission(value):
            app_label = value.partition(".")[0]
            if app_label in {config.label for config in apps.get_app_configs()}:
                return partial(_HasPermission, value)
            self.problem(
                "permissions", f'"{value}" names no installed app.', "Write app_label.codename, or a class's path."
            )
            return None
        found = self.load("permissions", value)
        if found is None:
            return None
        if not hasattr(found, "has_permission"):
            self.problem("permissions", f"{value!r} is not a DRF permission class.", "Name one, or app_label.codename.")
            return None
        return found  # type: ignore[no-any-return]

    def result_serializer(self) -> Any:
        action = self.action
        if action.serializer is False:
            return False
        if action.form and action.serializer:
            return self.subclass("serializer", action.serializer, BaseSerializer, "a serializer class")
        if isinstance(action.result, str | type):
            return self.subclass("result", action.result, BaseSerializer, "a serializer class")
        return None

    def function(self) -> Callable[..., Any] | None:
        """The function that the definition names, else `action.py`'s, else None."""
        action = self.action
        if action.function is not None:
            return self.callable("function", action.function)
        return self.function_of(f"{action.module}.action") if action.module else None

    def function_of(self, module: str) -> Callable[..., Any] | None:
        """The function in the action's module; None where there is no such module, and after a problem."""
        name = self.action.id
        try:
            found = getattr(import_module(module), name, None)
        except Exception as error:  # noqa: BLE001 - whatever a module of the project raises is told with its place
            is_absent = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
            if not is_absent:
                message = f"{module} cannot be imported: {type(error).__name__}: {error}."
                self.problem("function", message, "Correct it, or install what it imports.")
            return None
        if not callable(found):
            self.problem("function", f"{module} has no function {name}.", f"Write it: def {name}(...).")
            return None
        return found  # type: ignore[no-any-return]

    def schema(self) -> Any:
        """The JSON Schema or pydantic model."""
        found = self.load("schema", self.action.schema)
        is_checked = found is self.action.schema and isinstance(found, Mapping)
        if found is None or is_checked or is_pydantic_model(found):
            return found
        if not isinstance(found, Mapping):
            expected = "a JSON Schema or a pydantic model"
            self.problem("schema", f"{self.action.schema!r} is not {expected}.", f"Name {expected}.")
            return None
        for path, message in check_schema(found, is_payload=True):
            self.problem("schema", f"{' > '.join(map(str, path))}: {message}", "Write a JSON Schema (2020-12).")
        return found

    def runner(self) -> Runner | None:
        """What carries the action out."""
        action, before = self.action, len(self.problems)
        function = self.function()
        form = self.subclass("form", action.form, BaseForm, "a form class")
        schema = self.schema()
        serializer = None
        if action.serializer and not action.form:
            serializer = self.subclass("serializer", action.serializer, BaseSerializer, "a serializer class")
        if len(self.problems) > before:
            return None
        declared = {"schema": schema, "form": form, "serializer": serializer}
        try:
            runner = self.runner_of(function, **declared)
            self.properties = runner.payload.json_schema().get("properties", {}) if runner is not None else {}
        except Exception as error:  # noqa: BLE001 - a form or serializer that cannot say which fields it has
            key = next((key for key, value in declared.items() if value is not None), "function")
            self.problem(key, f"cannot be used: {type(error).__name__}: {error}.", "Correct it.")
            return None
        return runner

    def runner_of(
        self, function: Callable[..., Any] | None, *, schema: Any, form: Any, serializer: Any
    ) -> Runner | None:
        """The runner for what was found."""
        action = self.action
        if function is not None:
            takes_target = action.is_instance or action.selection != SELECTION.NONE.value
            sensitive = frozenset(name.lower() for name in (*conf.sensitive_names, *action.sensitive))
            runner, problems = function_runner(
                function, takes_target, schema=schema, form=form, serializer=serializer, sensitive=sensitive
            )
            for message, remedy in problems:
                self.problem("function", message, remedy)
            return runner
        if form is not None and hasattr(form, "save"):
            return FormRunner(form)
        if serializer is not None:
            return SerializerRunner(serializer, action.is_instance)
        if action.status == STATUS.TODO.value:
            return PromisedRunner(schema)
        where = f"{action.module}.action" if action.module else "an action.py beside the definition"
        self.problem(
            "function",
            f"there is nothing to run: no function {action.id} in {where}, and no form or serializer with a save().",
            f"Write {action.id} in action.py, or name it: function: …",
        )
        return None


def is_django_permission(value: str) -> bool:
    """Whether it is written as `app_label.codename` and not as the path of a class."""
    return value.count(".") == 1 and not value.rpartition(".")[2][:1].isupper()


class _HasPermission(BasePermission):
    """The caller has a Django permission."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    def has_permission(self, request: Any, view: Any) -> bool:
        return bool(request.user and request.user.has_perm(self.permission))


class _CallRate(SimpleRateThrottle):
    """Calls of one action by one caller, at the rate of its definition."""

    def __init__(self, scope: str, rate: str) -> None:
        self.scope = scope
        self.rate = rate
        super().__init__()

    def get_cache_key(self, request: Any, view: Any) -> str:
        is_known = request.user and request.user.is_authenticated
        caller = request.user.pk if is_known else self.get_ident(request)
        return str(self.cache_format % {"scope": self.scope, "ident": caller})

    def for_call(self) -> _CallRate:
        """A throttle for one call: DRF's keep what they found on themselves."""
        return _CallRate(str(self.scope), str(self.rate))


def _throttle(action: Action, resource: str) -> _CallRate | None:
    return _CallRate(f"action:{resource}:{action.id}", action.throttle) if action.throttle else None


def _write_only(properties: dict[str, Any]) -> list[str]:
    """Fields that the payload itself declares to be secret."""
    return [
        name
        for name, schema in properties.items()
        if isinstance(schema, dict) and (schema.get("writeOnly") or schema.get("format") == "password")
    ]
