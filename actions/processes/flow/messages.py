"""Messages to automations: each calls a method `receive_<message>`, beside the nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.exceptions import ConfigurationError, InvalidPayloadError

from .calling import resolved, task_of
from .declaring import AutomationType
from .exceptions import WrongAutomationError
from .keys import database, find
from .names import RECEIVER
from .registry import class_of, get_automation_class

if TYPE_CHECKING:
    from actions.processes.context import Body, StepContext
    from actions.processes.models import Run

    from .nodes import SendMessage

logger = logging.getLogger(__name__)

REQUIREMENTS = "data_requirements"
RECEIVED = "received"
"""What a receiver answers after whom nobody else is to get a broadcast message."""


def require_data_parameters(**types: type) -> Callable[[Any], Any]:
    """Have a receiver get only messages whose data have these keys, with values that can be read as these types.

    Of a request it gets what was looked at: `request.GET`.
    """

    def decorate(method: Any) -> Any:
        setattr(method, REQUIREMENTS, types)
        return method

    return decorate


def receiver_of(automation: Any, message: str) -> str:
    """The name of the method that gets a message; "" where there is none."""
    name = f"{RECEIVER}{message}"
    return name if callable(getattr(automation, name, None)) else ""


def satisfies(automation: Any, message: str, data: Any) -> bool:
    """Whether a class gets messages of this name, and the data have what it requires of them."""
    name = receiver_of(automation, message)
    if not name:
        return False
    required = getattr(getattr(automation, name), REQUIREMENTS, {})
    values = values_of(data)
    return all(key in values and _is_readable(values[key], kind) for key, kind in required.items())


def values_of(data: Any) -> Mapping[str, Any]:
    """What can be looked up in the data of a message: a mapping, the query of a request, or nothing."""
    query = getattr(data, "GET", data)
    return query if isinstance(query, Mapping) or hasattr(query, "getlist") else {}


def _is_readable(value: Any, kind: type) -> bool:
    if isinstance(value, kind):
        return True
    try:
        kind(value)
    except Exception:  # noqa: BLE001 - a type may say in any way that it cannot read a value
        return False
    return True


def send(instance: Any, message: str, token: Any, data: Any) -> Any:
    """Call the receiver of one automation; None where it has none, the data are not enough, or it is over."""
    from actions.processes import services
    from actions.processes.exceptions import WrongStateError

    automation = type(instance)
    if not satisfies(automation, message, data) or instance.finished():
        return None
    name = receiver_of(automation, message)
    given = values_of(data) if getattr(getattr(automation, name), REQUIREMENTS, None) else data

    def body(context: StepContext) -> Any:
        bound = automation.of_step(context, is_step=context.node != name)
        answer = getattr(bound, name)(token, given)
        bound.data.flush()
        return answer

    try:
        # As `run` does: what was put into its data is not lost.
        instance.save()
        return services.receive(instance.id, name, body, said=_said(token, data), using=instance.using)
    except WrongStateError:
        # It has ended meanwhile.
        return None
    finally:
        instance.refresh()


def _said(token: Any, data: Any) -> dict[str, Any]:
    """A message as the row of its receipt keeps it."""
    return {"token": token, "data": dict(values_of(data)) if hasattr(data, "GET") else data}


def hear(automation: Any, row: Run, message: str, token: Any, data: Any) -> None:
    """Give an automation a message from outside: one that its class offers there.

    Raises:
        InvalidPayloadError: It is not offered, or its data are not enough.
    """
    offered = automation.get_public_receivers()
    if message not in offered:
        names = ", ".join(offered) or _("none")
        detail = _("%(automation)s offers no message of this name outside. It offers: %(names)s.")
        shown = {"automation": automation.get_verbose_name(), "names": names}
        raise InvalidPayloadError(errors={"name": [detail % shown]})
    if not satisfies(automation, message, data):
        required = getattr(getattr(automation, receiver_of(automation, message)), REQUIREMENTS, {})
        names = ", ".join(f"{name} ({kind.__name__})" for name, kind in required.items())
        raise InvalidPayloadError(errors={"data": [_("This message needs: %(names)s.") % {"names": names}]})
    send(automation(automation=row), message, token, data)


def dispatch(automation: Any, target: Any, message: str, token: Any, data: Any) -> Any:
    """Send a message to the one automation that is meant; None where there is none.

    Args:
        automation: The class that it is of; None: any.
        target: It, its row, its id or its key.
        message: The message's name.
        token: For the receiver.
        data: For the receiver.

    Raises:
        WrongAutomationError: It is of another class.
    """
    row = find(target, database())
    if row is None:
        return None
    found = class_of(row.process)
    if found is None or (automation is not None and not issubclass(found, automation)):
        name = found.__name__ if found is not None else row.process
        expected = automation.__name__ if automation is not None else "an automation"
        raise WrongAutomationError(f"Automation {row.pk} is of {name}. Expected was {expected}.")
    return send(found(automation=row), message, token, data)


def broadcast(automation: Any, message: str, token: Any, data: Any, *, to_all: bool = True) -> list[Any]:
    """Send a message to all automations of a class that are under way; what their receivers answer.

    A receiver that fails keeps it from nobody else: its error is logged, and stands in the place of its answer.

    Args:
        automation: The class.
        message: Its name.
        token: For the receivers.
        data: For the receivers.
        to_all: Whether more than the first one that does not fail gets it. In any case, none does after one that
            answers "received".
    """
    from actions.processes.exceptions import StepTimeoutError
    from actions.processes.models import Run

    if not satisfies(automation, message, data):
        return []
    runs = Run.objects.using(database()).filter(process=automation.process_id)
    results: list[Any] = []
    for row in list(runs.roots().unfinished().order_by("pk")):
        try:
            answer = send(automation(automation=row), message, token, data)
        except StepTimeoutError:
            # The sender's own time is over.
            raise
        except Exception as error:
            logger.exception("Automation %s could not receive %s, which the others get.", row.pk, message)
            results.append(error)
            continue
        results.append(answer)
        if answer == RECEIVED or not to_all:
            break
    return results


def create(automation: Any, message: str, token: Any, data: Any) -> Any:
    """Make an automation that gets a message before its first node, and run it.

    Returns:
        It; None where nothing was made: there is no such receiver, the data are not enough, or the receiver killed it.
    """
    from django.db import transaction

    if not satisfies(automation, message, data):
        return None
    values, unique = values_of(data), automation.unique
    keys = unique if isinstance(unique, tuple | list) else ()
    if any(key not in values for key in keys):
        return None
    with transaction.atomic(using=database()):
        instance = automation(autorun=False, **{key: values[key] for key in keys})
        send(instance, message, token, data)
    if instance.finished():
        return None if instance.is_gone() else instance
    instance.run()
    return instance


def sending(node: SendMessage, automation: Any) -> Body:
    """The body of a `SendMessage`."""

    def body(context: StepContext, _arguments: dict[str, Any]) -> Any:
        task = task_of(automation, context)
        target, token = resolved(node.target, task), resolved(node.token, task)
        if isinstance(target, str) and "." in target:
            target = get_automation_class(target)
        return {"results": _results(node, target, token, _data(node, task))}

    return body


def _results(node: SendMessage, target: Any, token: Any, data: Any) -> list[Any]:
    if not isinstance(target, type):
        return _kept([dispatch(None, target, node.message, token, data)])
    if not isinstance(target, AutomationType):
        raise ConfigurationError(f"{node.owner}.{node.name}: {target!r} is no automation, and gets no messages.")
    return _kept(broadcast(target, node.message, token, data, to_all=node.allow_multiple_receivers))


def _data(node: SendMessage, task: Any) -> Any:
    data = resolved(node.data, task)
    if isinstance(data, Mapping):
        data = {key: resolved(each, task) for key, each in data.items()}
    more = {key: resolved(each, task) for key, each in node.kwargs.items()}
    return {**(data or {}), **more} if more or data is None else data


def _kept(answers: list[Any]) -> list[Any]:
    """Answers as the step keeps them: those that are JSON, and errors as texts."""
    from actions.processes.exceptions import StepError
    from actions.processes.values import dump, load

    kept: list[Any] = []
    for each in answers:
        if isinstance(each, Exception):
            kept.append({"error": f"{type(each).__name__}: {each}"})
            continue
        try:
            kept.append(load(dump(each)))
        except StepError:
            kept.append(None)
    return kept


__all__ = ["broadcast", "create", "dispatch", "require_data_parameters", "satisfies", "send", "sending"]
