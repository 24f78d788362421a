"""OpenTelemetry: traces and metrics by the GenAI conventions, sent by OTLP where a collector is named."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from core.errors import SettingsError
from core.watch import Span, Unwatched, Value, Watch, trace_id
from service.settings import Settings

NAME = "remit"
_MISSING = "REMIT_OTLP_URL needs OpenTelemetry: install remit with its extra, `pip install 'remit[otlp]'`"


class _Noted:
    def __init__(self, span: Any) -> None:
        self._span = span

    def note(self, **attributes: Value) -> None:
        self._span.set_attributes({name.replace("__", "."): value for name, value in attributes.items()})


class Telemetry:
    """Watches through OpenTelemetry's API; providers are handed in and closed by `close`."""

    def __init__(self, tracer_provider: Any, meter_provider: Any) -> None:
        self._providers = (tracer_provider, meter_provider)
        self._tracer = tracer_provider.get_tracer(NAME)
        self._meter = meter_provider.get_meter(NAME)
        self._histograms: dict[str, Any] = {}

    def span(
        self, name: str, conversation_id: str, attributes: Mapping[str, Value]
    ) -> AbstractContextManager[Span]:
        return self._spanning(name, conversation_id, attributes)

    @contextmanager
    def _spanning(self, name: str, conversation_id: str, attributes: Mapping[str, Value]) -> Iterator[Span]:
        told = {"gen_ai.conversation.id": conversation_id, **attributes}
        # Messages of exceptions may hold what people wrote: only the kind of the error is told.
        silent = {"record_exception": False, "set_status_on_exception": False}
        with self._tracer.start_as_current_span(
            name, context=_within(conversation_id), attributes=told, **silent
        ) as span:
            try:
                yield _Noted(span)
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                raise

    def measure(self, name: str, value: float, attributes: Mapping[str, Value]) -> None:
        if name not in self._histograms:
            self._histograms[name] = self._meter.create_histogram(name)
        self._histograms[name].record(value, dict(attributes))

    def close(self) -> None:
        """Sends what is left and stops the senders."""
        for provider in self._providers:
            provider.shutdown()


def _within(conversation_id: str) -> Any:
    """The span that is open here if it is of this conversation's trace, else the root of that trace."""
    from opentelemetry import trace

    whole = int(trace_id(conversation_id), 16)
    if trace.get_current_span().get_span_context().trace_id == whole:
        return None
    root = trace.SpanContext(
        trace_id=whole,
        span_id=whole % 2**64 or 1,
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(root))


def watching(settings: Settings) -> tuple[Watch, Telemetry | None]:
    """Who watches this process, and what is to be closed at its end; raises SettingsError without the extra."""
    if settings.otlp_url is None:
        return Unwatched(), None
    telemetry = _exporting(settings.otlp_url.rstrip("/"))
    return telemetry, telemetry


def _exporting(url: str) -> Telemetry:
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(_MISSING) from None
    about = Resource.create({"service.name": NAME})
    traces = TracerProvider(resource=about, shutdown_on_exit=False)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{url}/v1/metrics"))
    return Telemetry(traces, MeterProvider([reader], resource=about, shutdown_on_exit=False))
