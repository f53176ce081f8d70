"""What came of a call, as a tool's result.

All of it is one object, whose `outcome` says what the rest is:

    succeeded      result, event
    previewed      result, preview: it was tried and rolled back
    unconfirmed    the same for a destructive action that was called without a plan, and a note what to do next
    pending        event: a worker does it; action-status tells how far it is
    refused        error: the caller may mend it
    failed         error: the action's own fault

So a result always fits its tool's outputSchema, also that of a preview or a refusal.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from actions.models import UNFINISHED
from actions.problem import document

from .schemas import fits, result_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actions.binding import BoundAction
    from actions.exceptions import ActionError
    from actions.execution import Outcome
    from actions.terms import Terms

logger = logging.getLogger(__name__)

Result = dict[str, Any]

SUCCEEDED, PREVIEWED, UNCONFIRMED, PENDING, REFUSED, FAILED = (
    "succeeded",
    "previewed",
    "unconfirmed",
    "pending",
    "refused",
    "failed",
)
ARGUMENTS = {"Idempotency-Key": "idempotency_key", "If-Match": "etag", "If-Plan": "plan"}
"""What is a header at the REST door."""
TEXTS = ("text/", "application/json", "application/xml")


def result(facts: Mapping[str, Any], *, more: Iterable[Mapping[str, Any]] = (), is_error: bool = False) -> Result:
    """A tool's result: the facts as structured content, and as text for clients that read only that.

    Args:
        facts: JSON values, or what DRF writes as such.
        more: Further content: files.
        is_error: Whether the model is to read it as a failure.
    """
    structured = json.loads(json.dumps(facts, cls=JSONEncoder))
    content: list[Mapping[str, Any]] = []
    if note := structured.get("note"):
        content.append(_text(note))
    content += [_text(json.dumps(structured, ensure_ascii=False)), *more]
    return {"content": content, "structuredContent": structured, "isError": is_error}


def refused(error: ActionError) -> Result:
    """The result of a call that was refused or failed."""
    told = document(error)
    if "errors" in told:
        told["errors"] = {ARGUMENTS.get(name, name): sentences for name, sentences in told["errors"].items()}
    facts: dict[str, Any] = {"outcome": FAILED if error.status >= 500 else REFUSED, "error": told}
    if error.headers:
        facts["headers"] = error.headers
    return result(facts, is_error=True)


def unconfirmed() -> Result:
    """The result of a destructive call that cannot be previewed and was not confirmed."""
    note = _(
        "Nothing was done yet. This may lose something for good and cannot be previewed. "
        "Call again with the same arguments and confirm=true to do it."
    )
    return result({"outcome": UNCONFIRMED, "note": note})


def _note(plan: str | None, *, is_later: bool) -> str:
    """What a model is told of a destructive call that was only tried."""
    said = _("Nothing was done yet: this may lose something for good, so it was only tried. Look at the preview.")
    if is_later:
        how = _("A plan is for now, this is for later. Call again with the same arguments and confirm=true to do it.")
    else:
        how = _("To do exactly that, call again with the same arguments and plan=%(plan)s") % {"plan": plan}
    return f"{said} {how}"


def carried_out(outcome: Outcome, bound: BoundAction, view: Any, terms: Terms, *, is_asking: bool = False) -> Result:
    """The result of a call that was carried out, tried, or handed to a worker.

    Args:
        outcome: Of the execution.
        bound: The action.
        view: Its ViewSet.
        terms: What the caller said.
        is_asking: It was tried first because it is destructive.
    """
    preview = outcome.preview
    is_pending = outcome.event is not None and outcome.event.outcome in UNFINISHED
    facts: dict[str, Any] = {"outcome": _outcome(outcome, is_pending=is_pending, is_asking=is_asking)}
    if preview is not None and is_asking:
        facts["note"] = _note(preview.plan, is_later=terms.is_later or bound.action.background)
    body, files = _read(outcome.body)
    if preview is not None:
        told = preview.as_dict()
        facts["preview"] = told
        body = {key: value for key, value in body.items() if key not in told} if isinstance(body, Mapping) else body
    if outcome.event is not None:
        facts["event"], facts["uid"] = outcome.event.pk, str(outcome.event.uid)
    if is_pending or terms.is_each:
        facts["waiting" if is_pending else "report"] = body
    elif body is not None:
        facts |= _checked(body, bound, view)
    if outcome.headers:
        facts["headers"] = dict(outcome.headers)
    return result(facts, more=files)


def _outcome(outcome: Outcome, *, is_pending: bool, is_asking: bool) -> str:
    if outcome.preview is not None:
        return UNCONFIRMED if is_asking else PREVIEWED
    return PENDING if is_pending else SUCCEEDED


def _checked(body: Any, bound: BoundAction, view: Any) -> dict[str, Any]:
    """`{"result": body}`; of another name where it is not what the definition says.

    A client that checks results would take the call for failed, and call again what has been done.
    """
    body = json.loads(json.dumps(body, cls=JSONEncoder))
    if fits(result_schema(bound, view), body):
        return {"result": body}
    logger.warning("%s answers with something else than its definition says.", bound.name)
    return {"undeclared_result": body}


def _read(body: Any) -> tuple[Any, list[dict[str, Any]]]:
    """A body as JSON values and as files."""
    if isinstance(body, Response):
        return body.data, []
    if not isinstance(body, HttpResponseBase):
        return body, []
    media_type = body.get("Content-Type", "").partition(";")[0].strip() or "application/octet-stream"
    raw = _bytes(body)
    # Its own `close()` would say that the request is over.
    for close in getattr(body, "_resource_closers", ()):
        close()
    facts = {"status": body.status_code, "content_type": media_type, "size": len(raw)}
    if "Location" in body:
        facts["location"] = body["Location"]
    return facts, [_file(raw, media_type)] if raw else []


def _bytes(response: HttpResponseBase) -> bytes:
    if isinstance(response, StreamingHttpResponse) and not response.is_async:
        return b"".join(response)
    return response.content if isinstance(response, HttpResponse) else b""


def _file(raw: bytes, media_type: str) -> dict[str, Any]:
    """A file as content: a text, a picture, or a resource with all that it holds."""
    if media_type.startswith(TEXTS):
        return _text(raw.decode(errors="replace"))
    blob = base64.b64encode(raw).decode()
    if media_type.startswith("image/"):
        return {"type": "image", "data": blob, "mimeType": media_type}
    uri = UUID(bytes=hash_of(raw)).urn
    return {"type": "resource", "resource": {"uri": uri, "mimeType": media_type, "blob": blob}}


def hash_of(raw: bytes) -> bytes:
    """Sixteen bytes that name a file's content."""
    from hashlib import sha256

    return sha256(raw).digest()[:16]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
