"""What a sender gets, gives, and raises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from django.utils.module_loading import import_string

from actions.exceptions import ActionsError, ConfigurationError

SENDERS = {
    "webhook": "actions.senders.webhook.WebhookSender",
    "stream": "actions.senders.stream.StreamSender",
    "airflow": "actions.senders.airflow.AirflowSender",
}
"""The kinds of hooks that this package brings; any other `type` is the dotted path of a class."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way to one receiver."""

    uid: UUID
    """Of the delivery: the same for every attempt, so that receivers can drop doubles."""
    hook: str
    """The hook's name, for errors: 'DJACTION_HOOKS["crm"]'."""
    options: Mapping[str, Any]
    """The hook's own settings: where to, keys, time-out."""
    message: Mapping[str, Any]
    """See `actions.hooks.messages.Message`."""
    attempt: int = 1
    correlation_id: str = ""
    traceparent: str = ""
    """W3C Trace Context, "" where the call had none."""
    receipt: Mapping[str, Any] = field(default_factory=dict)
    """What the receipt of this delivery said last: of one that is followed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receiver has it."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """What it answered, for the operator; JSON values without secrets."""
    again_in: timedelta | None = None
    """The sender wants to be asked again, with these facts: it follows what goes on there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a hook's settings."""

    option: str
    """The option's name: "url"."""
    message: str
    """A sentence: "is missing"."""
    remedy: str


class DeliveryError(ActionsError):
    """A delivery was not taken."""

    def __init__(self, detail: str, *, status: int | None = None) -> None:
        """Say why.

        Args:
            detail: For the operator, without secrets.
            status: HTTP status of the answer, None where there was none.
        """
        super().__init__(detail)
        self.detail = detail
        self.status = status


class TemporaryError(DeliveryError):
    """A later attempt may go well: no connection, time-out, 408, 425, 429, 5xx, a wrong key."""

    def __init__(self, detail: str, *, status: int | None = None, retry_after: timedelta | None = None) -> None:
        """Say why.

        Args:
            detail: For the operator, without secrets.
            status: HTTP status of the answer, None where there was none.
            retry_after: What the receiver asked for.
        """
        super().__init__(detail, status=status)
        self.retry_after = retry_after


class PermanentError(DeliveryError):
    """The receiver will never take this message."""


class GoneError(PermanentError):
    """The receiver wants no message at all any more (410)."""


class Sender(Protocol):
    """A kind of receiver."""

    def check(self, options: Mapping[str, Any]) -> Iterable[Problem]:
        """What is wrong with a hook's options, as far as that can be seen without asking anybody."""

    def send(self, parcel: Parcel) -> Receipt:
        """Give the receiver a message, within the hook's time-out.

        Raises:
            TemporaryError: It is tried again.
            PermanentError: It is not.
            MissingExtraError: The client's library is not installed.
        """


@cache
def sender_of(kind: str) -> Sender:
    """The sender for a hook's `type`, made once.

    Raises:
        ConfigurationError: There is no such sender.
    """
    path = SENDERS.get(kind, kind)
    try:
        made: Sender = import_string(path)()
    except Exception as error:
        # Whatever a class of the project raises.
        known = ", ".join(SENDERS)
        said = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f'There is no sender "{kind}": {said}. Known are {known}, or a class.') from error
    if not all(callable(getattr(made, method, None)) for method in ("check", "send")):
        raise ConfigurationError(f'"{kind}" is no sender: it needs check(options) and send(parcel).')
    return made
