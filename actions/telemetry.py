"""OpenTelemetry, where `opentelemetry-api` is installed: a span and two metrics for each execution and each delivery.

span     action todo:mark_done                 door, outcome, status, event
span     deliver crm                           attempt, state
metric   dj_actions.executions                 count, by action, door, outcome
metric   dj_actions.execution.duration         seconds, by the same
metric   dj_actions.deliveries                 count of attempts, by hook and state
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

from .conf import conf

NAME = "dj_actions"


@dataclass(slots=True)
class Seen:
    """What is going on; whoever does it says more."""

    facts: dict[str, Any]
    error: BaseException | None = None
    traceparent: str = ""
    """Of the span, to be carried on."""


@dataclass(frozen=True, slots=True)
class _Telemetry:
    tracer: Any
    executions: Any
    durations: Any
    deliveries: Any


@cache
def _telemetry() -> _Telemetry | None:
    try:
        from opentelemetry import metrics, trace
    except ImportError:
        return None
    meter = metrics.get_meter(NAME)
    return _Telemetry(
        trace.get_tracer(NAME),
        meter.create_counter("dj_actions.executions", description="Executions of actions"),
        meter.create_histogram("dj_actions.execution.duration", unit="s", description="How long they took"),
        meter.create_counter("dj_actions.deliveries", description="Attempts to deliver"),
    )


def is_on() -> bool:
    """Whether OpenTelemetry is installed, and wanted."""
    return _telemetry() is not None and bool(conf.TELEMETRY)


@contextmanager
def execution_span(action: str, door: str, traceparent: str) -> Iterator[Seen]:
    """A span around an execution, child of the current one or else of the caller's, and its metrics.

    Args:
        action: "todo:mark_done".
        door: The way in.
        traceparent: What the call said.
    """
    telemetry = _telemetry()
    assert telemetry is not None  # noqa: S101 - asked before
    started = perf_counter()
    with _span(telemetry, f"action {action}", {"action": action, "door": door}, traceparent) as seen:
        try:
            yield seen
        finally:
            kind = {name: seen.facts[name] for name in ("action", "door", "outcome") if name in seen.facts}
            telemetry.executions.add(1, kind)
            telemetry.durations.record(perf_counter() - started, kind)


@contextmanager
def delivery_span(hook: str, attempt: int, traceparent: str) -> Iterator[Seen]:
    """A span around an attempt to deliver, and its metric; nothing where OpenTelemetry is not installed."""
    telemetry = _telemetry()
    if telemetry is None or not is_on():
        yield Seen({}, traceparent=traceparent)
        return
    with _span(telemetry, f"deliver {hook}", {"hook": hook, "attempt": attempt}, traceparent) as seen:
        try:
            yield seen
        finally:
            telemetry.deliveries.add(1, {name: seen.facts[name] for name in ("hook", "state") if name in seen.facts})


@contextmanager
def _span(telemetry: _Telemetry, name: str, facts: dict[str, Any], traceparent: str) -> Iterator[Seen]:
    from opentelemetry.trace import Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    seen = Seen(facts, traceparent=traceparent)
    # By itself the span would write down an exception with its words, which may be secrets.
    quiet = {"record_exception": False, "set_status_on_exception": False}
    with telemetry.tracer.start_as_current_span(name, context=_parent(traceparent), **quiet) as span:
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        seen.traceparent = carrier.get("traceparent", traceparent)
        try:
            yield seen
        finally:
            span.set_attributes(_attributes(seen.facts))
            if seen.error is not None:
                # Its class only: sentences may quote what was sent.
                span.set_status(Status(StatusCode.ERROR, type(seen.error).__name__))


def _parent(traceparent: str) -> Any:
    """The context that a span belongs to; None: the current one."""
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if not traceparent or trace.get_current_span().get_span_context().is_valid:
        return None
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})


def _attributes(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{NAME}.{name}": value for name, value in facts.items() if value is not None}
