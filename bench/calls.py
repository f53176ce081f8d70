"""CPU time and statements of one call, four ways in turn: by hand and through the package, with and without record."""

from __future__ import annotations

import gc
import io
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test.utils import CaptureQueriesContext

BODY = b'{"note": "Sent by post.", "minutes": 5}'
ROUNDS = 120
CALLS = 20
LIMIT = 1.10


@dataclass(frozen=True)
class Way:
    """One way to do the same."""

    key: str
    title: str
    path: str
    """With its query, if any."""
    is_tracked: bool = False
    body: bytes = BODY
    headers: tuple[tuple[str, str], ...] = ()
    """As WSGI has them: `("HTTP_PREFER", "…")`."""


WAYS = (
    Way("a", "by hand", "/plain/1/mark_done/"),
    Way("b", "by hand, with an audit row", "/audited/1/mark_done/"),
    Way("c", "this package, tracking off", "/package/1/mark_done/"),
    Way("d", "this package, tracking on", "/package/1/mark_done/", is_tracked=True),
)
PAIRS = (("c", "a"), ("d", "b"))


@dataclass(frozen=True)
class Result:
    """What one way costs."""

    way: Way
    rounds: list[float]
    """CPU seconds per call, a figure a round."""
    statements: int

    @property
    def microseconds(self) -> float:
        """The lower quartile of the rounds: what else the machine does can only add to a round."""
        return statistics.quantiles(self.rounds, n=4)[0] * 1e6


def measure() -> dict[str, Result]:
    """Every way in turn, many rounds, so that the machine's speed is the same for all."""
    handler = WSGIHandler()
    rounds: dict[str, list[float]] = {way.key: [] for way in WAYS}
    for way in WAYS:
        with tracking(way):
            times(partial(call, handler, way), CALLS * 4)
    for _ in range(ROUNDS):
        for way in WAYS:
            with tracking(way):
                rounds[way.key].append(times(partial(call, handler, way), CALLS))
    return {way.key: Result(way, rounds[way.key], _statements(handler, way)) for way in WAYS}


def ratio(of: Result, to: Result) -> float:
    """How much one way costs of another."""
    return of.microseconds / to.microseconds


def _statements(handler: WSGIHandler, way: Way) -> int:
    with tracking(way), CaptureQueriesContext(connection) as queries:
        call(handler, way)
    return len(queries)


def times(one: Callable[[], object], count: int) -> float:
    """CPU seconds of one call, of `count` one after the other."""
    gc.collect()
    gc.disable()
    try:
        begin = time.process_time()
        for _ in range(count):
            one()
        return (time.process_time() - begin) / count
    finally:
        gc.enable()


def call(handler: WSGIHandler, way: Way) -> bytes:
    """Make the call, and make sure that it was done."""
    path, _mark, query = way.path.partition("?")
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(way.body)),
        "wsgi.input": io.BytesIO(way.body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        **dict(way.headers),
    }
    statuses: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
        statuses.append(status)

    response = handler(environ, start_response)
    answer = b"".join(response)
    response.close()
    if not statuses[0].startswith("200"):
        raise RuntimeError(f"{way.path} answered {statuses[0]}")
    return answer


@contextmanager
def tracking(way: Way) -> Iterator[None]:
    """Record calls, or do not, as the way has it."""
    settings.DJACTION_TRACK_ACTIONS = way.is_tracked
    yield
