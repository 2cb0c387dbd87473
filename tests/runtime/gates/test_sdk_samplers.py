"""OpenTelemetry's own samplers: what the SDK for Python writes is read, and counts as what was there."""

from __future__ import annotations

from random import Random

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace._sampling_experimental import composable_traceid_ratio_based, composite_sampler
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator

from slac.compiler import compile_document
from slac.diagnostics import Source as Text
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.shedding.admission import Admission, key_threshold, weight_of
from slac.stream.ports import Records

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: spans}
spec:
  events:
    Span:
      payload: {trace_id: string, span_id: string, parent_id: "string?", operation: string, state: "string?"}
      context: {started: timestamp, ended: timestamp}
  inputs:
    spans:
      adapter: http
      listen: "127.0.0.1:8090"
      emits: Span
      sampled: {tracestate: state, spans: 1}
      time: ingest
      map:
        operation: name
        trace_id: context.trace_id
        span_id: context.span_id
        parent_id: parent_id
        state: context.trace_state
        started: start_time
        ended: end_time
  probes:
    calls:
      from: spans
      select: [trace_id, span_id, parent_id, operation, {start: started}, {duration: ended - started}]
  computations:
    load: {from: calls, window: tumbling 1h, select: [{n: COUNT(*)}]}
    traces: {from: calls, traces: {form: spans}, by: trace_id, within: 1m}
  outputs:
    log: {adapter: stdout, from: [load, traces]}
"""
ARRIVAL = 1_700_000_040_000_000


class _Ids(IdGenerator):
    """The same ids each time."""

    def __init__(self) -> None:
        self._random = Random(11)

    def generate_span_id(self) -> int:
        return self._random.getrandbits(64)

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(128)


def _exported(count: int, share: float) -> bytes:
    """What the SDK exports of so many spans, one a line."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=composite_sampler(composable_traceid_ratio_based(share)), id_generator=_Ids())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    for _ in range(count):
        tracer.start_span("visit").end()
    return b"".join(one.to_json(indent=None).encode() + b"\n" for one in exporter.get_finished_spans())


def test_what_the_sdk_keeps_counts_as_all_that_it_saw() -> None:
    """A quarter was kept: the count is an estimate of all, whose interval holds their number."""
    core = Core(compile_document(Text("spans.yaml", DOCUMENT)).plan, now=ARRIVAL, live=False)
    lines = _exported(2000, 0.25)
    [load] = [one for one in _said(core, lines) if one.block == "load"]
    row = load.frame.to_dicts()[0]

    assert row["_kept"] == lines.count(b"\n")
    assert row["n"] == 4 * row["_kept"]
    assert row["_bounds"]["n_low"] < 2000 < row["_bounds"]["n_high"]
    assert not core.sources["spans"].unweighted


def test_a_gate_behind_the_sdk_keeps_what_the_stricter_keeps() -> None:
    """Both go by the low 56 bits of the trace id, which the exporter writes with 0x before it."""
    core = Core(compile_document(Text("spans.yaml", DOCUMENT)).plan, now=ARRIVAL, live=False)
    core.sources["spans"].gate.set_admission(0.1, "cpu", {}, admission=Admission(whole=weight_of(0.1)))
    [traces] = [one for one in _said(core, _exported(2000, 0.25)) if one.block == "traces"]
    kept = [int(trace, 16) & ((1 << 56) - 1) for trace in traces.frame["trace_id"]]
    every = _Ids()
    ids = []
    for _ in range(2000):
        ids.append(every.generate_trace_id() & ((1 << 56) - 1))
        every.generate_span_id()

    assert sorted(kept) == sorted(r for r in ids if r >= key_threshold(weight_of(0.1)))


def _said(core: Core, lines: bytes) -> list[Publish]:
    said = list(core.on_records("spans", [Records(source="sdk", arrival=ARRIVAL, ndjson=lines)]))
    return [one for one in [*said, *core.on_input_ended("spans")] if isinstance(one, Publish)]
