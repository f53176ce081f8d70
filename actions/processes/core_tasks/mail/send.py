"""Send a mail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.utils import DNS_NAME

from actions.processes.context import StepContext
from actions.processes.exceptions import StepError
from actions.processes.tasks import task


@task(
    mode="external",
    examples=[
        {
            "title": "A welcome",
            "payload": {"to": "ada@example.com", "subject": "Welcome", "message": "Good to have you here."},
        }
    ],
)
def send(  # noqa: PLR0913 - each is a field, given by name
    to: str | list[str],
    subject: str,
    message: str,
    *,
    html: str = "",
    sender: str = "",
    cc: list[str] | None = None,
    bcc: list[str] | None = None,
    reply_to: list[str] | None = None,
    context: StepContext | None = None,
) -> dict[str, Any]:
    """Send a mail and answer `{"sent": 1, "to": […]}`.

    Its Message-ID is the same at every try, so that a mail that is sent twice can be known by it.

    Args:
        to: One address or several.
        subject: One line.
        message: The text.
        html: The same as HTML, for programs that show that.
        sender: The address that it comes from; DEFAULT_FROM_EMAIL if not given.
        cc: Addresses that get a copy.
        bcc: Addresses that get a copy which the others do not know of.
        reply_to: Where answers go.
    """
    receivers = [to] if isinstance(to, str) else list(to)
    if not any(map(str.strip, [*receivers, *(cc or ()), *(bcc or ())])):
        raise StepError("The mail has no receiver. Give at least one address.")
    mail = EmailMultiAlternatives(
        subject=subject,
        body=message,
        from_email=sender or None,
        to=receivers,
        cc=_list(cc),
        bcc=_list(bcc),
        reply_to=_list(reply_to),
        headers={} if context is None else {"Message-ID": _message_id(context)},
    )
    if html:
        mail.attach_alternative(html, "text/html")
    return {"sent": mail.send(), "to": receivers}


def _message_id(context: StepContext) -> str:
    """The same for every try of a step; of the characters of the key, those that may stand there (RFC 5322, 3.6.4)."""
    return f"<{re.sub(r'[^A-Za-z0-9.-]', '-', context.idempotency_key)}@{DNS_NAME}>"


def _list(addresses: Iterable[str] | None) -> list[str]:
    return list(addresses or ())
