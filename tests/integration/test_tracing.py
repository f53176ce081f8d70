"""Correlation ids and the trace context: from the caller's headers to the record, the answer, and what leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rest_framework.test import APIClient

from actions import telemetry
from actions.models import Delivery, EventAction
from actions.tracing import correlation_of, traceparent_of
from example_app.models import Todo

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def mark_done(api: APIClient, todo: Todo, **headers: str) -> Any:
    return api.post(f"/todos/{todo.pk}/mark_done/", {}, format="json", headers=headers)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What a project with OpenTelemetry's SDK gets to see."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    known = telemetry._telemetry()
    assert known is not None
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    made = telemetry._Telemetry(
        provider.get_tracer("test"),
        meter.create_counter("dj_actions.executions"),
        meter.create_histogram("dj_actions.execution.duration"),
        meter.create_counter("dj_actions.deliveries"),
    )
    monkeypatch.setattr(telemetry, "_telemetry", lambda: made)
    exporter.reader = reader  # type: ignore[attr-defined]
    yield exporter
    provider.shutdown()


class TestHeaders:
    def test_the_caller_s_request_id_is_recorded_and_answered(self, api: APIClient, todo: Todo) -> None:
        response = mark_done(api, todo, **{"X-Request-ID": "web-17"})

        assert response.headers["X-Request-ID"] == "web-17"
        assert EventAction.objects.get().correlation_id == "web-17"

    def test_else_the_trace_s_id(self, api: APIClient, todo: Todo) -> None:
        response = mark_done(api, todo, traceparent=TRACEPARENT)

        assert response.headers["X-Request-ID"] == EventAction.objects.get().correlation_id == TRACE

    def test_else_one_of_our_own(self, api: APIClient, todo: Todo) -> None:
        response = mark_done(api, todo)

        event = EventAction.objects.get()
        assert response.headers["X-Request-ID"] == event.correlation_id == str(event.uid)

    def test_a_refusal_is_answered_with_it_too(self, api: APIClient, todo: Todo) -> None:
        url = f"/todos/{todo.pk}/postpone/"
        response = api.post(url, {"days": 1000}, format="json", headers={"X-Request-ID": "web-17"})

        assert (response.status_code, response.headers["X-Request-ID"]) == (400, "web-17")

    @pytest.mark.parametrize("sent", ["a b", "x" * 129, "<script>", "ä", "a\tb", ""])
    def test_what_is_no_id_is_not_taken(self, sent: str) -> None:
        assert correlation_of({"HTTP_X_REQUEST_ID": sent}) == ""

    @pytest.mark.parametrize(
        "sent",
        [
            TRACEPARENT.upper(),
            TRACEPARENT + "-00",
            f"ff-{TRACE}-00f067aa0ba902b7-01",
            f"00-{'0' * 32}-00f067aa0ba902b7-01",
            f"00-{TRACE}-{'0' * 16}-01",
            f"00-{TRACE[:-1]}-00f067aa0ba902b7-01",
            TRACEPARENT + "\n",
        ],
    )
    def test_a_broken_trace_context_is_none(self, sent: str) -> None:
        assert traceparent_of({"HTTP_TRACEPARENT": sent}) == ""
        assert correlation_of({"HTTP_TRACEPARENT": sent}) == ""


class TestDeliveries:
    def test_a_delivery_carries_them_on(self, api: APIClient, todo: Todo, settings: Any) -> None:
        settings.DJACTION_HOOKS = {"crm": {"type": "webhook", "url": "https://crm.example.com", "secret": "whsec_x"}}
        settings.DJACTION_TELEMETRY = False

        mark_done(api, todo, **{"X-Request-ID": "web-17", "traceparent": TRACEPARENT})

        row = Delivery.objects.get()
        assert (row.correlation_id, row.traceparent) == ("web-17", TRACEPARENT)

    def test_with_telemetry_the_execution_s_own_span(
        self, api: APIClient, todo: Todo, settings: Any, spans: InMemorySpanExporter
    ) -> None:
        settings.DJACTION_HOOKS = {"crm": {"type": "webhook", "url": "https://crm.example.com", "secret": "whsec_x"}}

        mark_done(api, todo, traceparent=TRACEPARENT)

        [span] = spans.get_finished_spans()
        context = span.get_span_context()
        assert context is not None
        assert Delivery.objects.get().traceparent == f"00-{TRACE}-{context.span_id:016x}-01"


class TestTelemetry:
    def test_an_execution_is_a_span_of_the_caller_s_trace(
        self, api: APIClient, todo: Todo, spans: InMemorySpanExporter
    ) -> None:
        mark_done(api, todo, traceparent=TRACEPARENT)

        [span] = spans.get_finished_spans()
        assert span.name == "action todo:mark_done"
        assert span.parent is not None
        assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, "00f067aa0ba902b7")
        assert dict(span.attributes or {}) == {
            "dj_actions.action": "todo:mark_done",
            "dj_actions.door": "rest",
            "dj_actions.outcome": "succeeded",
            "dj_actions.status": 200,
            "dj_actions.correlation_id": TRACE,
        }

    def test_a_failure_is_an_error_without_its_words(
        self, api: APIClient, todo: Todo, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*args: Any, **kwargs: Any) -> None:
            raise LookupError("the secret is hunter2")

        monkeypatch.setattr(Todo, "save", broken)
        api.raise_request_exception = False

        mark_done(api, todo)

        [span] = spans.get_finished_spans()
        assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, "FailedActionError")
        assert "hunter2" not in span.to_json()

    def test_a_refusal_is_no_error(self, api: APIClient, todo: Todo, spans: InMemorySpanExporter) -> None:
        api.post(f"/todos/{todo.pk}/postpone/", {"days": 1000}, format="json")

        [span] = spans.get_finished_spans()
        assert span.status.status_code is trace.StatusCode.UNSET
        assert (span.attributes or {})["dj_actions.outcome"] == "refused"

    def test_executions_are_counted_and_timed(self, api: APIClient, todo: Todo, spans: Any) -> None:
        mark_done(api, todo)

        data = spans.reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
        found = {metric.name: metric.data.data_points[0] for metric in data}
        assert found["dj_actions.executions"].value == 1
        assert found["dj_actions.execution.duration"].count == 1
        assert dict(found["dj_actions.executions"].attributes) == {
            "action": "todo:mark_done",
            "door": "rest",
            "outcome": "succeeded",
        }

    def test_a_project_may_switch_it_off(
        self, api: APIClient, todo: Todo, spans: InMemorySpanExporter, settings: Any
    ) -> None:
        settings.DJACTION_TELEMETRY = False

        mark_done(api, todo)

        assert spans.get_finished_spans() == ()
