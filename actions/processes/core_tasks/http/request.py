"""Any request over HTTP."""

from __future__ import annotations

import os
from typing import Any

from actions.processes.context import StepContext
from actions.processes.core_tasks.http_client import MAX_BYTES, content_of, fetch, refuse_errors, request_of
from actions.processes.exceptions import StepError
from actions.processes.tasks import task

HIDDEN = ("set-cookie", "set-cookie2")
"""Headers of an answer that no record keeps."""


@task(
    mode="external",
    examples=[
        {
            "title": "Create an order",
            "payload": {"method": "POST", "url": "https://api.example.com/orders/", "json": {"number": 7}},
        }
    ],
)
def request(  # noqa: PLR0913 - each is a field, given by name
    method: str,
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
    """Send a request and answer `{"status", "headers", "body"}`; the body is JSON where it is that, else a text.

    A method that changes something carries the step's `Idempotency-Key`. GET and HEAD follow redirects, to checked
    addresses only. Try again on `TemporaryError`: no answer in time, 5xx, 408, 425, 429.

    Args:
        method: GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE.
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
    headers = dict(headers or {})
    if token_from:
        headers["Authorization"] = f"Bearer {_token(token_from)}"
    key = context.idempotency_key if context is not None else ""
    asked = request_of(method, url, json=json, form=form, params=params, headers=headers, key=key)
    answer = fetch(asked, timeout=timeout, max_bytes=max_bytes)
    if raises:
        refuse_errors(answer)
    told = {name: value for name, value in answer.headers.items() if name not in HIDDEN}
    return {"status": answer.status, "headers": told, "body": content_of(answer)}


def _token(name: str) -> str:
    token = os.environ.get(name)
    if not token:
        raise StepError(f"The environment variable {name} is not set where this step runs. Set it and retry the run.")
    return token
