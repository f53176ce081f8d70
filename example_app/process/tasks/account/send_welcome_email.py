"""Welcome a new user."""

from __future__ import annotations

from typing import Any

from django.core.mail import send_mail

from actions.processes.tasks import task


@task(mode="external")
def send_welcome_email(user: dict[str, Any]) -> dict[str, int]:
    """Send a welcome, and answer how many mails that were: none to a user without an address.

    Args:
        user: What account.create_user has answered.
    """
    if not user["email"]:
        return {"sent": 0}
    text = f"Hello {user['username']},\n\nyou can log in now."
    return {"sent": send_mail("Welcome", text, None, [user["email"]])}
