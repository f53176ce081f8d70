"""POST over HTTP."""

from __future__ import annotations

from typing import Any

from actions.processes.context import StepContext
from actions.processes.core_tasks.http_client import MAX_BYTES
from actions.processes.tasks import task

from .request import request


@task(
    mode="external",
    examples=[
        {"title": "Create an order", "payload": {"url": "https://api.example.com/orders/", "json": {"number": 7}}}
    ],
)
def post(  # noqa: PLR0913 - each is a field, given by name
    url: str,
    *,
    json: Any = None,
    form: dict[str, Any] | None = None,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    token_from: str = "",
    timeout: float | None = None,
    max_bytes: int = MAX_BYTES,
    raises: bool = True,
    context: StepContext | None = None,
) -> dict[str, Any]:
    """Send a body to a URL and answer `{"status", "headers", "body"}`. See `http.request`.

    Args:
        url: With http:// or https://, without user and password.
        json: The body, sent as JSON.
        form: The body, sent as a form's fields.
        params: Added to the URL's query.
        headers: Besides those that belong to the request anyway.
        token_from: The environment variable with a token that is sent as "Authorization: Bearer …".
        timeout: Seconds for all of it; DJACTION_DELIVERY_TIMEOUT_SECONDS if not given.
        max_bytes: The longest answer that is taken.
        raises: Whether an answer of 300 or above fails the step.
    """
    return request(
        "POST",
        url,
        json=json,
        form=form,
        params=params,
        headers=headers,
        token_from=token_from,
        timeout=timeout,
        max_bytes=max_bytes,
        raises=raises,
        context=context,
    )
