"""The former name of slack.send_notification."""

from __future__ import annotations

from typing import Any

from actions.processes.context import StepContext
from actions.processes.tasks import task

from .send_notification import TOKEN, send_notification


@task(mode="external", environment=[TOKEN], deprecated="Use slack.send_notification.")
def send_message(message: str, channel: str = "general", context: StepContext | None = None) -> dict[str, Any]:
    """Write a message to a channel of Slack, as `slack.send_notification` does.

    Args:
        message: The text, in Slack's own markup.
        channel: A channel's name or id, or a user's id.
    """
    return send_notification(message, channel, context)
