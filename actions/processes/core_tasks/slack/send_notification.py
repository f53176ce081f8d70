"""Write to a channel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from actions.processes.context import StepContext
from actions.processes.core_tasks.http_client import content_of, fetch, refuse_errors, request_of
from actions.processes.exceptions import StepError
from actions.processes.tasks import task
from actions.senders.base import PermanentError, TemporaryError

TOKEN = "SLACK_TOKEN"  # noqa: S105 - the name of the variable
ADDRESS = "SLACK_API_URL"
"""The environment variable with another address of Slack's API, for tests and proxies."""
SLACK = "https://slack.com/api"
PASSING = {"fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable"}
"""Slack's words for what may go well in a while."""


@task(
    mode="external",
    environment=[TOKEN],
    examples=[{"title": "A new user", "payload": {"message": "New user: ada", "channel": "signups"}}],
)
def send_notification(message: str, channel: str = "general", context: StepContext | None = None) -> dict[str, Any]:
    """Write a message to a channel of Slack and answer `{"channel", "ts"}`, by which Slack knows the message.

    SLACK_TOKEN is a bot's token with the scope chat:write. Try again on `TemporaryError`.

    Args:
        message: The text, in Slack's own markup.
        channel: A channel's name or id, or a user's id.
    """
    url = f"{os.environ.get(ADDRESS, SLACK).rstrip('/')}/chat.postMessage"
    headers = {"Authorization": f"Bearer {_token()}", "Content-Type": "application/json; charset=utf-8"}
    key = context.idempotency_key if context is not None else ""
    answer = fetch(request_of("POST", url, json={"channel": channel, "text": message}, headers=headers, key=key))
    refuse_errors(answer)
    said = content_of(answer)
    if not isinstance(said, Mapping):
        raise TemporaryError("Slack answered with something that is not its own.", status=answer.status)
    if not said.get("ok"):
        raise _refusal(str(said.get("error") or "no reason"), channel)
    return {"channel": said.get("channel", channel), "ts": said.get("ts", "")}


def _token() -> str:
    token = os.environ.get(TOKEN)
    if not token:
        raise StepError(f"The environment variable {TOKEN} is not set where this step runs. Set it to a bot's token.")
    return token


def _refusal(reason: str, channel: str) -> PermanentError | TemporaryError:
    detail = f'Slack did not take the message for "{channel}": {reason[:200]}.'
    return TemporaryError(detail) if reason in PASSING else PermanentError(detail)
