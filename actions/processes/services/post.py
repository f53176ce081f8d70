"""One connection to the mail server for all mails of one moment."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, Self

from django.core import mail as django_mail
from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)


def _new_connection() -> Any:
    """To the server that the settings name: in MAILERS from Django 6.1 on, before that in EMAIL_BACKEND."""
    mailers = getattr(django_mail, "mailers", None)
    return django_mail.get_connection() if mailers is None else mailers.default


class NoServerError(Exception):
    """The mail server could not be reached: no mail can be sent now."""


class Post:
    """Sends mails through one connection, which the first one opens.

    with Post() as post:
        post.send(mail)
    """

    def __init__(self) -> None:
        self._connection: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def send(self, mail: EmailMessage) -> None:
        """Send a mail. One that fails keeps no other from being sent: the next one has a new connection.

        Raises:
            NoServerError: There is no connection, and no use in trying another mail.
            Exception: Whatever the backend raises of this mail.
        """
        connection = self._opened()
        try:
            connection.send_messages([mail])
        except Exception:
            # Nobody knows what state it is in.
            self._close()
            raise

    def _opened(self) -> Any:
        if self._connection is None:
            connection = _new_connection()
            try:
                connection.open()
            except Exception as error:
                raise NoServerError(f"{error}") from error
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except Exception as error:  # noqa: BLE001 - whatever it had to send is sent, or has failed by itself
            logger.warning("The connection to the mail server was not closed well: %s", error)
