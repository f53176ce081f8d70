"""Ask a user how it goes."""

from __future__ import annotations

from typing import Any

from django.core.mail import send_mail

from actions.processes.tasks import task


@task(mode="external")
def send_follow_up_email(user: dict[str, Any]) -> dict[str, int]:
    """Ask how it goes, and answer how many mails that were: none to a user without an address.

    Args:
        user: What account.create_user has answered.
    """
    if not user["email"]:
        return {"sent": 0}
    text = f"Hello {user['username']},\n\nyou have been here for some days. Is anything missing?"
    return {"sent": send_mail("How do you do?", text, None, [user["email"]])}
