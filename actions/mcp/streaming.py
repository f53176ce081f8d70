"""Progress while an action works: server-sent events, over WSGI.

A generator can hand something to the server only where it yields, and the action's function is no generator. So the
function runs in a thread, which puts what it reports into a queue, and the thread that serves the request sends it on.
The function's transaction begins and ends in its own thread, on a connection of its own, which is closed there at the
end. The request waits for the thread in any case, so no work outlives its request, and a server that is told to stop
stops after the work as it does otherwise.

A client that goes away is noticed when something is sent to it. Where the revision takes that for a cancellation, the
next report of the function is answered with a refusal, which rolls it back; a function that reports nothing, or has no
transaction, comes to its end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.utils.translation import gettext as _

from actions.exceptions import ActionError

from .protocol import INTERNAL_ERROR, JSONRPC, ProtocolError, answer, as_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.context import OnProgress

    from .protocol import Message

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 15.0
"""How long nothing may be sent: proxies close what seems dead, and a client that has gone is noticed by then."""
KEEP_ALIVE = b": still working\n\n"
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class CallerGoneError(ActionError):
    """Nobody waits for the answer any more."""

    status = 499
    code = "cancelled"


def events(message: Message, work: Callable[[OnProgress], dict[str, Any]], *, is_stoppable: bool) -> Iterator[bytes]:
    """Do the work of a request; every report becomes an event, and the last event is the answer.

    Args:
        message: The request, with its progress token.
        work: Gets what takes reports, and returns the request's result.
        is_stoppable: Whether a client that goes away ends it.
    """
    sent: SimpleQueue[tuple[dict[str, Any], bool]] = SimpleQueue()
    is_gone = Event()
    reached = -1

    def on_progress(done: int, total: int | None, sentence: str) -> None:
        nonlocal reached
        if is_stoppable and is_gone.is_set():
            raise CallerGoneError(_("The caller has gone. Nothing was changed."))
        if done > reached:
            # The protocol wants it to grow every time.
            reached = done
            sent.put((_progress(message, done, total, sentence), False))

    def run() -> None:
        try:
            last = answer(message.id, work(on_progress))
        except Exception:
            logger.exception("%s could not be answered.", message.method)
            last = ProtocolError(INTERNAL_ERROR, _("The server failed."), request_id=message.id).as_message()
        finally:
            connections.close_all()
        sent.put((last, True))

    # Language and time zone are the request's.
    thread = Thread(target=copy_context().run, args=(run,), name="actions-mcp")
    thread.start()
    try:
        yield from _received(sent)
    finally:
        is_gone.set()
        thread.join()


def _received(sent: SimpleQueue[tuple[dict[str, Any], bool]]) -> Iterator[bytes]:
    is_last = False
    while not is_last:
        try:
            told, is_last = sent.get(timeout=KEEP_ALIVE_SECONDS)
        except Empty:
            yield KEEP_ALIVE
        else:
            yield as_event(told)


def _progress(message: Message, done: int, total: int | None, sentence: str) -> dict[str, Any]:
    params: dict[str, Any] = {"progressToken": message.progress_token, "progress": done}
    if total is not None:
        params["total"] = total
    if sentence:
        params["message"] = sentence
    return {"jsonrpc": JSONRPC, "method": "notifications/progress", "params": params}
