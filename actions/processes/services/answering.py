"""Who may answer open tasks, and which tasks somebody may answer.

Of a task's users one, of its groups and permissions all, and its filters have to hold, of what is given. Superusers may
always. It is asked again at each access. Where a task was assigned to somebody, it is he; where it has been escalated,
those to whom it was may as well, whoever has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import Any, cast

from django.contrib.auth import get_backends, get_user_model
from django.core.exceptions import FieldError, ValidationError
from django.db.models import Min, Q, QuerySet

from actions.processes.atm_settings import group_model, users_of_task
from actions.processes.models import OpenTask, TaskCandidate
from actions.processes.people_names import Said, is_among, names_and_keys
from actions.processes.store.people import ANYONE, GROUP, NAME, PERMISSION, USER, Who, rest_key, split, whos_of

logger = logging.getLogger(__name__)

UNUSABLE = (FieldError, ValidationError, ValueError, TypeError)
"""What look-ups raise that the project's models do not have."""
_GROUPS = "_actions_group_names"


def may_answer(task: OpenTask, user: Any) -> bool:
    """Whether a user may answer an open task, whoever has claimed it."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    if getattr(user, "is_superuser", False):
        return True
    if task.assigned_to is None and (users := users_of_task()) is not None:
        return bool(users(task).filter(pk=user.pk).exists())
    return any(_holds(who, user) for who in whos_of(task))


def is_claimed_by_other(task: OpenTask, user: Any) -> bool:
    """Whether somebody else has said that he does it."""
    return task.claimed_by is not None and task.claimed_by != str(user.pk)


def get_open_tasks(user: Any, *, using: str = "default") -> QuerySet[OpenTask]:
    """The open tasks that a user may answer, in a number of statements that does not depend on how many there are."""
    tasks = OpenTask.objects.using(using)
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return tasks.none()
    if getattr(user, "is_superuser", False):
        return tasks.all()
    if users_of_task() is not None:
        return tasks.filter(pk__in=[each.pk for each in tasks.iterator() if may_answer(each, user)])
    mine = TaskCandidate.objects.using(using).filter(_candidates(user))
    found = mine.filter(Q(rest="") | Q(rest__in=_holding(mine.exclude(rest=""), user, using)))
    return tasks.filter(run_id__in=found.values("run_id"))


def free_for(tasks: QuerySet[OpenTask], user: Any) -> QuerySet[OpenTask]:
    """Without those that somebody else has claimed."""
    return tasks.filter(Q(claimed_by=None) | Q(claimed_by=str(user.pk)))


def get_users_with_permission(
    task: OpenTask, include_superusers: bool = True, backend: str | None = None
) -> QuerySet[Any]:
    """The users who may answer an open task.

    Args:
        task: The task.
        include_superusers: Whether those who may always are among them.
        backend: Path of the one that permissions are asked of; None: all of the project's.
    """
    method = users_of_task()
    if task.assigned_to is None and method is not None:
        return cast("QuerySet[Any]", method(task))
    found = _any_of(whos_of(task), backend)
    if include_superusers and _has_field("is_superuser"):
        found |= Q(is_superuser=True)
    return _active(found, task)


def get_users_concerned(task: OpenTask) -> QuerySet[Any]:
    """The users whom it concerns by name, group, permission or filter; nobody, where anybody may answer."""
    if task.claimed_by is not None:
        return _active(Q(pk=task.claimed_by), task)
    if task.assigned_to is not None or users_of_task() is not None:
        return get_users_with_permission(task, include_superusers=False)
    return _active(_any_of([who for who in whos_of(task) if any(who.values())], None), task)


def active_users(using: str) -> QuerySet[Any]:
    """Those who can log in, as far as the project's model has that in a column."""
    users = get_user_model()._default_manager.using(using)
    return users.filter(is_active=True) if _has_field("is_active") else users.all()


def group_names(user: Any) -> frozenset[str]:
    """The groups that a user is in; read once for each user object, as Django does with permissions."""
    known: frozenset[str] | None = getattr(user, _GROUPS, None)
    if known is None:
        groups = getattr(user, "groups", None)
        known = frozenset(groups.values_list("name", flat=True) if groups is not None else ())
        setattr(user, _GROUPS, known)
    return known


def _holds(who: Who, user: Any) -> bool:
    if who.get("users") and not is_among(user, who["users"]):
        return False
    if set(who.get("groups") or ()) - group_names(user):
        return False
    if who.get("permissions") and not (hasattr(user, "has_perms") and user.has_perms(who["permissions"])):
        return False
    return _is_found(who, user)


def _is_found(who: Who, user: Any) -> bool:
    """Whether the filters find the user and one of his groups."""
    try:
        if who.get("user_filter"):
            rows = get_user_model()._default_manager.using(user._state.db)
            if not rows.filter(pk=user.pk, **who["user_filter"]).exists():
                return False
        return not who.get("group_filter") or user.groups.filter(**who["group_filter"]).exists()
    except (*UNUSABLE, AttributeError) as error:
        logger.warning("Nobody is found by %s, %s: %s", who.get("user_filter"), who.get("group_filter"), error)
        return False


def _candidates(user: Any) -> Q:
    said = {GROUP: group_names(user), PERMISSION: _permissions(user)}
    given = [Q(kind=kind, value__in=sorted(values)) for kind, values in said.items() if values]
    himself = Q(kind=USER, value=str(user.pk)) | Q(kind=NAME, value=str(user.get_username()))
    return reduce(or_, given, himself | Q(kind=ANYONE, value=""))


def _permissions(user: Any) -> Iterable[str]:
    asked = getattr(user, "get_all_permissions", None)
    return asked() if asked is not None else ()


def _holding(mine: QuerySet[TaskCandidate], user: Any, using: str) -> list[str]:
    """Those of the further conditions that hold for the user: each is looked at once, at one of its tasks."""
    samples = dict(mine.order_by().values_list("rest").annotate(run=Min("run_id")))
    tasks = OpenTask.objects.using(using).filter(run_id__in=set(samples.values()))
    known = {rest_key(rest): rest for task in tasks for rest in (split(who)[1] for who in whos_of(task))}
    return [key for key in samples if key in known and _holds(known[key], user)]


def _active(found: Q, task: OpenTask) -> QuerySet[Any]:
    users = active_users(str(task._state.db))
    return users.filter(pk__in=users.filter(found).values("pk"))


def _any_of(whos: Iterable[Who], backend: str | None) -> Q:
    return reduce(or_, (_matching(who, backend) for who in whos), Q(pk__in=[]))


def _matching(who: Who, backend: str | None) -> Q:
    """Users for whom all of it holds."""
    # Not an empty Q, which is left out of an "or": everybody.
    found = ~Q(pk__in=[])
    try:
        if who.get("users"):
            found &= _named(who["users"])
        for name in who.get("groups") or ():
            found &= _in_group(name=name)
        for permission in who.get("permissions") or ():
            found &= _permitted(permission, backend)
        if who.get("user_filter"):
            found &= Q(pk__in=get_user_model()._default_manager.filter(**who["user_filter"]).values("pk"))
        if who.get("group_filter"):
            found &= _in_group(**who["group_filter"])
    except UNUSABLE as error:
        logger.warning("Nobody is found by %s: %s", who, error)
        return Q(pk__in=[])
    return found


def _named(users: Iterable[Said]) -> Q:
    """By keys, and by names."""
    model = get_user_model()
    names, keys = names_and_keys(users)
    known = _values(model._meta.get_field(model.USERNAME_FIELD), names)
    return Q(pk__in=_values(model._meta.pk, keys)) | Q(**{f"{model.USERNAME_FIELD}__in": known})


def _values(field: Any, texts: Iterable[str]) -> list[Any]:
    """What a column may have of them."""
    found = []
    for each in texts:
        try:
            found.append(field.to_python(each))
        except ValidationError:
            continue
    return found


def _in_group(**lookups: Any) -> Q:
    model = group_model()
    if model is None or not _has_field("groups"):
        return Q(pk__in=[])
    groups = model._default_manager.filter(**lookups)
    return Q(pk__in=get_user_model()._default_manager.filter(groups__in=groups).values("pk"))


def _permitted(permission: str, backend: str | None) -> Q:
    """As the backends say that can say it."""
    named = [each for each in get_backends() if backend in (None, f"{type(each).__module__}.{type(each).__qualname__}")]
    asked: list[Callable[..., Any]] = [each.with_perm for each in named if hasattr(each, "with_perm")]
    found = [Q(pk__in=ask(permission, include_superusers=False).values("pk")) for ask in asked]
    return reduce(or_, found, Q(pk__in=[]))


def _has_field(name: str) -> bool:
    return any(each.name == name for each in get_user_model()._meta.get_fields())
