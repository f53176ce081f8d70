"""What a form's node says of who answers, what is done while it waits, and its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from actions.exceptions import ConfigurationError
from actions.processes.expressions import MAP, VALUE, Expression, literal
from actions.processes.graph import TaskPolicy, Who
from actions.processes.pages import Page
from actions.processes.people_names import PK, USERNAME

from .calling import constant, is_constant, task_of, valued

if TYPE_CHECKING:
    from actions.processes.context import StepContext

Value = Callable[[Any, Any, str], Expression]
KEYS = (PK, "id")
"""Look-ups that name one user, as USERNAME does: his name or key may be found when the form is reached."""


def who_of(node: Any, value: Value) -> Who | None:
    """Who may answer; None: everybody who is logged in."""
    user, group = node.said("user", {}), node.said("group", {})
    users = tuple(_user(name, value(each, node, "user")) for name, each in user.items()) if _is_user(user) else ()
    groups = tuple(value(each, node, "group") for each in group.values()) if _names_one(group, "name") else ()
    who = Who(
        users=users,
        groups=groups,
        permissions=tuple(node.said("permissions", ())),
        user_filter={} if users else _filter(node, user),
        group_filter={} if groups else _filter(node, group),
    )
    return None if who == Who() else who


def _is_user(user: Mapping[str, Any]) -> bool:
    return _names_one(user, USERNAME, *KEYS)


def _user(name: str, expression: Expression) -> Expression:
    """By his name or by his key, whatever the value will be."""
    constant = expression.get(VALUE)
    if type(constant) is (int if name in KEYS else str):
        return expression
    return {MAP: {PK if name in KEYS else USERNAME: expression}}


def _names_one(filter: Mapping[str, Any], *names: str) -> bool:
    return len(filter) == 1 and next(iter(filter)) in names


def _filter(node: Any, filter: Mapping[str, Any]) -> dict[str, Any]:
    """Look-ups as JSON.

    Raises:
        ConfigurationError: One of them is not known when the class is made.
    """
    for name, each in filter.items():
        if not is_constant(each):
            raise ConfigurationError(
                f"{node.owner}.{node.name}: {name}={each!r} is not known yet. Give a constant; a user by his username "
                f"or key, and a group by its name, may be references."
            )
    return {name: each if (plain := constant(each)) is None else plain[0] for name, each in filter.items()}


def care_of(node: Any, value: Value) -> TaskPolicy | None:
    """What is done while it waits."""

    def said(key: str) -> Expression | None:
        given = node.said(key)
        return None if given is None else value(given, node, key)

    escalate = node.said("escalate")
    care = TaskPolicy(
        due_after=said("due_after"),
        remind_after=said("remind_after"),
        remind_every=said("remind_every"),
        escalate_after=None if escalate is None else value(escalate[0], node, "escalate_after"),
        escalate_to=None if escalate is None else _escalated(node, *escalate[1:]),
        notify=bool(node.said("notify")),
    )
    return None if care == TaskPolicy() else care


def _escalated(node: Any, user: str | Mapping[str, Any], group: str | Mapping[str, Any], permission: str) -> Who:
    """Names, or look-ups."""
    return Who(
        users=(literal(user),) if user and isinstance(user, str) else (),
        groups=(literal(group),) if group and isinstance(group, str) else (),
        permissions=(permission,) if permission else (),
        user_filter=_filter(node, user) if isinstance(user, Mapping) else {},
        group_filter=_filter(node, group) if isinstance(group, Mapping) else {},
    )


def page_of(node: Any, automation: Any) -> Page:
    """The page of a form."""
    return Page(
        form=_form(node, automation),
        template_name=node.template_name or automation.default_template_name,
        context={**automation.context, **node.context},
        success_url=node.success_url,
        is_repeated=node.repeated_form,
        instance=_instance(node, automation) if node.key else None,
        save=_saved if node.key else None,
    )


def _form(node: Any, automation: Any) -> Any:
    if isinstance(node.form, type):
        return node.form

    def form(context: StepContext) -> Any:
        return valued_class(node, context, automation)

    return form


def valued_class(node: Any, context: StepContext, automation: Any) -> Any:
    """The class of a form, where a function says which."""
    if isinstance(node.form, type):
        return node.form
    found = valued(node.form, task_of(automation, context))
    if not isinstance(found, type):
        name = f"{node.owner}.{node.name}"
        raise ConfigurationError(f"{name}: {node.form!r} answered {found!r}, which is no form's class.")
    return found


def _instance(node: Any, automation: Any) -> Callable[[StepContext], Any]:
    def instance(context: StepContext) -> Any:
        key = automation.of_step(context).data.get(node.key)
        if key is None:
            return None
        model = valued_class(node, context, automation)._meta.model
        return model._default_manager.filter(pk=key).first()

    return instance


def _saved(_context: StepContext, form: Any) -> Any:
    return form.save().pk
