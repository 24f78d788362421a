"""Traces and metrics reach a collector by OTLP, one trace a conversation, without a word of people."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core.watch import trace_id
from service.settings import load
from service.telemetry import watching

pytest.importorskip("opentelemetry.sdk", reason="comes with the extra otlp")


@pytest.fixture
def collector() -> Iterator[tuple[str, dict[str, list[bytes]]]]:
    """A collector on loopback: what was posted, by path."""
    got: dict[str, list[bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.setdefault(self.path, []).append(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.filterwarnings("default")
def test_spans_of_one_conversation_are_one_trace_and_errors_are_told_by_kind(
    collector: tuple[str, dict[str, list[bytes]]],
) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    url, got = collector
    watch, telemetry = watching(load({"REMIT_OTLP_URL": url}, env_file=Path("/nonexistent")))
    assert telemetry is not None
    with watch.span("invoke_agent remit", "con_1", {"gen_ai.operation.name": "invoke_agent"}):
        with watch.span("chat m", "con_1", {"gen_ai.operation.name": "chat"}) as span:
            span.note(gen_ai__usage__input_tokens=7)
    with pytest.raises(ValueError, match="canary"), watch.span("remit.execute", "con_1", {}):
        raise ValueError("canary words of a customer")
    watch.measure("remit.approval.wait", 12.5, {"remit.category": "duplicate_charge"})
    telemetry.close()

    sent = ExportTraceServiceRequest()
    for body in got["/v1/traces"]:
        sent.MergeFromString(_plain(body))
    spans = {s.name: s for r in sent.resource_spans for c in r.scope_spans for s in c.spans}
    assert {s.trace_id.hex() for s in spans.values()} == {trace_id("con_1")}
    assert spans["chat m"].parent_span_id == spans["invoke_agent remit"].span_id
    told = {a.key: a.value for a in spans["chat m"].attributes}
    assert told["gen_ai.usage.input_tokens"].int_value == 7
    failed = {a.key: a.value.string_value for a in spans["remit.execute"].attributes}
    assert failed["error.type"] == "ValueError"
    assert b"canary" not in sent.SerializeToString()
    assert b"remit.approval.wait" in b"".join(_plain(b) for b in got["/v1/metrics"])


def _plain(body: bytes) -> bytes:
    import gzip

    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def test_without_a_collector_nobody_watches() -> None:
    watch, telemetry = watching(load({}, env_file=Path("/nonexistent")))
    assert telemetry is None
    with watch.span("x", "con_1", {}):
        pass
