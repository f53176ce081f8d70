"""Remind somebody of a todo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from actions.context import ActionContext
    from example_app.models import Todo


def remind(todo: Todo, *, message: str = "", context: ActionContext) -> dict[str, str]:
    """Send a mail to the todo's owner.

    Args:
        message: What there is to say about it.
    """
    subject = _("Still to do: %(title)s") % {"title": todo.title}
    context.mail(EmailMessage(subject, message or subject, to=[todo.owner.email]))
    return {"reminded": todo.owner.get_username()}
