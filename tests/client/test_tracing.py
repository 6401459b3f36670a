"""Traces: with the hooks, OpenTelemetry's instrumentation of httpx sees no polling URL and no signed URL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from bfl_api.table import ENDPOINTS
from bfl_client import APIError, AsyncClient, Client, tracing
from bfl_client.library import httpx
from bfl_emulator import Emulator
from opentelemetry.instrumentation import httpx as instrumentation
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN

NAME = next(name for name, endpoint in ENDPOINTS.items() if endpoint.kind == "image")
instrument = getattr(instrumentation, f"{httpx.__name__.upper()}ClientInstrumentor")()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Where finished spans arrive; every header is captured."""
    for kind in ("REQUEST", "RESPONSE"):
        monkeypatch.setenv(f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_{kind}", ".*")
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    hooks: dict[str, Any] = {f"{kind}_hook": tracing.hide for kind in ("request", "response")}
    hooks |= {f"async_{kind}_hook": tracing.hide_async for kind in ("request", "response")}
    instrument.instrument(tracer_provider=provider, **hooks)
    yield exporter
    instrument.uninstrument()


def seen(spans: list[ReadableSpan]) -> str:
    """Everything that the spans say."""
    return " ".join(f"{span.name} {dict(span.attributes or {})} {span.events}" for span in spans)


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_spans_have_no_url(spans: InMemorySpanExporter, kind: str) -> None:
    """Of a submit, a poll and a download, spans have method, host and status, but neither id, signature nor key."""
    with Emulator(speed=1000) as emulator:
        key, url = emulator.api_key, emulator.base_url
        if kind == "sync":
            with httpx.Client() as http, Client(key, url, http_client=http) as client:
                result = client.generate(NAME, prompt="a fox")
                result.read()
        else:

            async def job() -> None:
                async with httpx.AsyncClient() as http, AsyncClient(key, url, http_client=http) as client:
                    await (await client.generate(NAME, prompt="a fox")).read()

            anyio.run(job, backend=kind)
        (task,) = emulator.tasks
    found = list(spans.get_finished_spans())
    said = seen(found)
    assert len(found) >= 3
    assert "127.0.0.1" in said
    assert "200" in said
    for secret in (task, "sig=", "get_result", "deliver", key):
        assert secret not in said, said


def test_captured_headers_have_no_secret(spans: InMemorySpanExporter) -> None:
    """Where a span captures headers, a redirect's target and the key are hidden, and other headers are kept."""
    leading = {"operation": "utility", "location": "http://127.0.0.1:9/fox?sig=c2lnbmVk"}
    with (
        Emulator(script=[{"fault": "redirect", **leading}]) as emulator,
        httpx.Client() as http,
        Client(emulator.api_key, emulator.base_url, http_client=http) as client,
        pytest.raises(APIError),
    ):
        client.credits()
    (span,) = spans.get_finished_spans()
    found = dict(span.attributes or {})
    hidden = {name for name, value in found.items() if value == (tracing.HIDDEN,)}
    assert hidden == {"http.request.header.x_key", "http.response.header.location"}
    assert found["http.request.header.accept"] == ("application/json",)
    for secret in (emulator.api_key, "c2lnbmVk"):
        assert secret not in seen([span])


def test_the_hooks_are_needed(spans: InMemorySpanExporter) -> None:
    """Without the hooks the instrumentation records the polling URL: what the test above looks for would be there."""
    instrument.uninstrument()
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrument.instrument(tracer_provider=provider)
    with Emulator(speed=1000) as emulator:
        with httpx.Client() as http, Client(emulator.api_key, emulator.base_url, http_client=http) as client:
            client.generate(NAME, prompt="a fox")
        (task,) = emulator.tasks
    assert task in seen(list(exporter.get_finished_spans()))


def test_every_place_of_a_url_in_a_span_is_hidden() -> None:
    """Of a URL a span keeps scheme and host in whichever attribute it stands, and neither a user nor a password."""
    url = "https://fox:secret@proxy.example:8443/v1/get_result?id=task-1"
    given = {
        "url.full": url, "http.url": url, "url.path": "/v1/get_result", "url.query": "id=task-1",
        "http.target": "/v1/get_result?id=task-1", "http.response.header.etag": ["task-1"], "http.method": "GET",
    }  # fmt: skip
    span: Any = TracerProvider().get_tracer("test").start_span("GET", attributes=given)
    tracing.hide(span, httpx.Request("GET", url))
    assert dict(span.attributes) == {
        "url.full": "https://proxy.example/…", "http.url": "https://proxy.example/…", "url.path": "/…",
        "url.query": "/…", "http.target": "/…", "http.response.header.etag": ("…",), "http.method": "GET",
    }  # fmt: skip


def test_a_span_that_records_nothing_is_left_alone() -> None:
    """A span that is not recorded has no attributes to hide, and that is no error."""
    tracing.hide(INVALID_SPAN, httpx.Request("GET", "https://api.bfl.ai/"))
