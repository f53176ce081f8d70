"""The address at which AI tools reach actions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import got_request_exception
from django.db import connections, transaction
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied, Throttled, UnsupportedMediaType
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from actions import __version__
from actions.problem import document, to_error

from . import status
from .bodies import read, refuse_terms
from .calls import answered, call_tool
from .origins import is_allowed
from .protocol import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Message,
    ProtocolError,
    answer,
    decode,
    read_batch,
    read_message,
)
from .renderers import EventStreamRenderer, MessageRenderer
from .revisions import MODERN, SERVER_KEY, SUPPORTED, WITHOUT_HEADER, negotiated, revision_of, revision_of_header
from .streaming import HEADERS, events
from .tools import Tool, find_tools, list_tools

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from actions.registry import ActionRegistry

logger = logging.getLogger(__name__)

JSON, EVENT_STREAM = MessageRenderer.media_type, EventStreamRenderer.media_type


class MCPView(APIView):
    """Actions as tools of the Model Context Protocol.

        path("mcp/", MCPView.as_view(registries=["todo"]))

    The view's own authentication, permissions and throttles hold first and answer with HTTP statuses. Then each action
    asks those of its ViewSet and its own, as at every door; what it refuses is a tool's result.
    """

    permission_classes = [IsAuthenticated]
    renderer_classes = [MessageRenderer, EventStreamRenderer]
    versioning_class = None
    http_method_names = ["post"]
    # It is described by its own protocol, and by no OpenAPI document.
    schema = None
    swagger_schema = None

    registries: Iterable[ActionRegistry | str] | None = None
    """Registries, or names of their resources; None: all that a ViewSet serves."""
    actions: Iterable[str] | None = None
    """Which of their actions, as "todo:mark_done"; None: all."""
    allowed_origins: Iterable[str] = ()
    """Origins of pages that may call from a browser, besides this host and CSRF_TRUSTED_ORIGINS."""
    page_size: int = 100
    """Tools in one answer to tools/list."""
    server_name: str = "dj-actions"
    server_version: str = __version__
    instructions: Any = gettext_lazy(
        "Every tool is an action on objects of this system. Fields of the action stand in `payload`, everything else "
        "beside it. `dry_run` shows what a call would change without changing it, and gives a `plan`. A destructive "
        "tool that is called without a plan only does that: call it again with the plan once it is right. Send an "
        "`idempotency_key` with what must not be done twice, and the same one when you try again. After `refused`, "
        "read `error`: it names the fields to mend."
    )
    """What a model is told about all of the tools."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """A view whose transactions are the actions' own."""
        view = super().as_view(**initkwargs)
        for alias in connections:
            transaction.non_atomic_requests(using=alias)(view)
        return view

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look at method, origin and content type, then at who calls."""
        if request.method != "POST":
            raise MethodNotAllowed(str(request.method))
        if not is_allowed(request._request, self.allowed_origins):  # noqa: SLF001 - DRF documents it
            raise PermissionDenied(_("Pages of this origin may not call this address."))
        if request.content_type.partition(";")[0].strip().lower() != JSON:
            raise UnsupportedMediaType(request.content_type)
        super().initial(request, *args, **kwargs)

    def get_authenticate_header(self, request: Request) -> str:
        """How to log in, by the first authentication that says it: a client that is no browser waits for a 401."""
        headers = (each.authenticate_header(request) for each in self.get_authenticators())
        return next(filter(None, headers), "")

    def post(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer one message, or in the oldest revision several."""
        try:
            refuse_terms(request)
            body = decode(read(request))
            if isinstance(body, list):
                return self.answer_batch(body)
            return self.answer_one(read_message(body))
        except ProtocolError as error:
            return Response(error.as_message(), status=error.status)

    def answer_one(self, message: Message) -> HttpResponseBase:
        """The response to a body with one message.

        Raises:
            ProtocolError: It cannot be answered.
        """
        headers = self.request.headers
        if not message.is_request:
            revision = revision_of_header(headers)
            if revision in MODERN and message.method is None:
                raise ProtocolError(INVALID_REQUEST, _("Clients of this revision send no answers."), status=400)
            return Response(status=202)
        revision = revision_of(message, headers)
        if message.method == "tools/call" and message.progress_token is not None and self._may_stream():
            return self._stream(message, revision)
        try:
            return Response(answer(message.id, self.result_of(message, revision)))
        except ProtocolError as error:
            raise _as_in(revision, error, message) from error

    def answer_batch(self, bodies: list[Any]) -> Response:
        """The response to a body with several messages.

        Raises:
            ProtocolError: The revision knows no such bodies.
        """
        if revision_of_header(self.request.headers) != WITHOUT_HEADER:
            raise ProtocolError(INVALID_REQUEST, _("One message at a time: the body is a JSON object."), status=400)
        answers = []
        for index, message in enumerate(read_batch(bodies)):
            try:
                if isinstance(message, ProtocolError):
                    raise message
                if message.is_request:
                    answers.append(answer(message.id, self._result_in_batch(message, index)))
            except ProtocolError as error:
                error.request_id = error.request_id if isinstance(message, ProtocolError) else message.id
                answers.append(error.as_message())
        return Response(answers) if answers else Response(status=202)

    def result_of(self, message: Message, revision: str) -> dict[str, Any]:
        """The result of a request.

        Raises:
            ProtocolError: There is no such method, or its params make no sense.
        """
        method = (_MODERN_METHODS if revision in MODERN else _METHODS).get(str(message.method))
        if method is None:
            detail = _('There is no method "%(method)s" in this revision.') % {"method": str(message.method)[:100]}
            raise ProtocolError(METHOD_NOT_FOUND, detail)
        try:
            found: dict[str, Any] = getattr(self, method)(message)
        except (ProtocolError, Throttled):
            raise
        except Exception as error:
            logger.exception("%s could not be answered.", message.method)
            got_request_exception.send(sender=type(self), request=self.request._request)  # noqa: SLF001
            raise ProtocolError(INTERNAL_ERROR, _("The server failed."), status=500) from error
        return {**found, **self._envelope(method)} if revision in MODERN else found

    def initialize(self, message: Message) -> dict[str, Any]:
        """`initialize`: the revision, and what there is."""
        return {
            "protocolVersion": negotiated(message.params.get("protocolVersion")),
            "capabilities": {"tools": {}},
            "serverInfo": self._server_info,
            "instructions": str(self.instructions),
        }

    def discover(self, message: Message) -> dict[str, Any]:
        """`server/discover`: the same for the revisions that begin with nothing."""
        return {
            "supportedVersions": list(SUPPORTED),
            "capabilities": {"tools": {}},
            "instructions": str(self.instructions),
        }

    def ping(self, message: Message) -> dict[str, Any]:
        """`ping`: an empty answer."""
        return {}

    def list_tools(self, message: Message) -> dict[str, Any]:
        """`tools/list`: a page of the tools that the caller may use."""
        return list_tools(self.tools, self.request, message.params.get("cursor"), self.page_size)

    def call_tool(self, message: Message) -> dict[str, Any]:
        """`tools/call`: what came of an action."""
        tool, arguments = self._tool_and_arguments(message)
        if tool is None:
            names = {each.bound.name for each in self.tools.values()}
            return answered(self.request, lambda: status.tell(self.request, arguments, names))
        return call_tool(tool, self.request, arguments)

    @property
    def tools(self) -> dict[str, Tool]:
        """The tools of this address, by name."""
        return find_tools(self.registries, self.actions)

    def handle_exception(self, exc: Exception) -> Response:
        """What the view itself refuses: an HTTP status, and the reason as a message without an id."""
        response = super().handle_exception(exc)
        error = to_error(exc)
        error.status = response.status_code
        told = ProtocolError(error.status, error.detail, data=document(error)).as_message()
        headers = {name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response}
        return Response(told, status=response.status_code, headers=headers)

    def _tool_and_arguments(self, message: Message) -> tuple[Tool | None, Mapping[str, Any]]:
        """What is called, None for `action-status`, and with what."""
        name, arguments = message.params.get("name"), message.params.get("arguments")
        arguments = {} if arguments is None else arguments
        if not isinstance(arguments, Mapping):
            raise ProtocolError(INVALID_PARAMS, _("Arguments are an object."))
        if name == status.NAME:
            return None, arguments
        if not name:
            raise ProtocolError(INVALID_PARAMS, _("Say which tool: params.name."))
        tool = self.tools.get(name) if isinstance(name, str) else None
        if tool is None:
            raise ProtocolError(INVALID_PARAMS, _("There is no tool %(name)s.") % {"name": str(name)[:100]})
        return tool, arguments

    def _stream(self, message: Message, revision: str) -> HttpResponseBase:
        """The response that reports progress; what is no call at all is answered as JSON."""
        try:
            tool, arguments = self._tool_and_arguments(message)
        except ProtocolError as error:
            raise _as_in(revision, error, message) from error
        if tool is None:
            return Response(answer(message.id, self.result_of(message, revision)))
        envelope = self._envelope("call_tool") if revision in MODERN else {}
        stream = events(
            message,
            lambda on_progress: {**call_tool(tool, self.request, arguments, on_progress), **envelope},
            is_stoppable=revision in MODERN and tool.bound.action.atomic,
        )
        return StreamingHttpResponse(stream, content_type=EVENT_STREAM, headers=HEADERS)

    def _may_stream(self) -> bool:
        """Whether the client reads a stream, and the server sends it as it is made, which it does not over ASGI."""
        accepted = self.request.headers.get("Accept", "")
        return EVENT_STREAM in accepted and isinstance(self.request._request, WSGIRequest)  # noqa: SLF001

    def _result_in_batch(self, message: Message, index: int) -> dict[str, Any]:
        if index:
            # The first has been counted with the request.
            try:
                self.check_throttles(self.request)
            except Throttled as error:
                raise ProtocolError(error.status_code, str(error.detail)) from error
        return self.result_of(message, WITHOUT_HEADER)

    @property
    def _server_info(self) -> dict[str, Any]:
        return {"name": self.server_name, "version": self.server_version}

    def _envelope(self, method: str) -> dict[str, Any]:
        """What the newest revision wants in every result, and in those that may be kept."""
        found: dict[str, Any] = {"resultType": "complete", "_meta": {SERVER_KEY: self._server_info}}
        # Permissions may change with the next request.
        return found if method == "call_tool" else {**found, "ttlMs": 0, "cacheScope": "private"}


_TOOLS = {"tools/list": "list_tools", "tools/call": "call_tool"}
_METHODS = {"initialize": "initialize", "ping": "ping", **_TOOLS}
_MODERN_METHODS = {"server/discover": "discover", **_TOOLS}


def _as_in(revision: str, error: ProtocolError, message: Message) -> ProtocolError:
    """The error with its request's id, and the status that the revision wants."""
    if revision in MODERN and error.status == 200:
        error.status = 404 if error.code == METHOD_NOT_FOUND else 400
    error.request_id = message.id
    return error
