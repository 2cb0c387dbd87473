"""Spans that a sampler of OpenTelemetry has thinned, and a document that counts them and puts their traces together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson

from slac.compiler import compile_document
from slac.diagnostics import Source as Text
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.shedding.admission import Admission
from slac.stream.ports import Records
from slac.stream.tracestate import RANGE, threshold_text

SECOND = 1_000_000
START = 1_700_000_040 * SECOND
TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events:
    Span:
      payload: {trace_id: string, span_id: string, parent_id: "string?", operation: string}
      context: {start: timestamp, duration: duration, service: string, "state?": string}
  inputs:
    spans: {adapter: http, listen: "127.0.0.1:8090", emits: Span, SAMPLED lateness: 1s}
  computations:
    load: {from: spans, by: service, window: tumbling 10s, select: [{n: COUNT(*)}, {ms: SUM(MILLIS(duration))}]}
    OTHERS
  outputs:
    log: {adapter: stdout, from: [load, FROM]}
"""
TRACES = "traces: {from: spans, traces: {form: spans}, by: trace_id, within: 30s}"
SAMPLED = "sampled: {tracestate: state, spans: 4},"


def plan_of(*, sampled: str = SAMPLED, traces: bool = True, others: str = "") -> Plan:
    """The document; with traces its gate drops whole traces, else single spans."""
    more = [TRACES] if traces else []
    text = TEXT.replace("SAMPLED", sampled).replace("OTHERS", "\n    ".join([*more, *filter(None, [others])]))
    names = [line.split(":")[0] for line in [*more, *filter(None, [others])]]
    return compile_document(Text("shop.yaml", text.replace(", FROM", "".join(f", {n}" for n in names)))).plan


def spans(
    count: int,
    *,
    each: int = 2,
    seconds: int = 40,
    seed: int = 3,
    explicit: bool = False,
    share: float = 1.0,
    gap: int = 1000,
) -> list[dict[str, Any]]:
    """All spans of `count` traces of `each` spans, in the order of time, as a sampler of `share` would mark them.

    `explicit`: traces say R themselves (`rv`), and their ids say nothing. `_r` is R, to sample them by. `gap`: µs from
    one span of a trace to the next.
    """
    rng = np.random.default_rng(seed)
    threshold = round((1 - share) * RANGE)
    found = []
    for at in np.sort(rng.integers(0, seconds * SECOND, count)):
        low, r = (int(rng.integers(0, RANGE)) for _ in range(2))
        r = r if explicit else low
        trace = f"{int(rng.integers(1, 1 << 62)):018x}{low:014x}"
        state = f"ot=th:{threshold_text(threshold)}" + (f";rv:{r:014x}" if explicit else "")
        for number in range(each):
            begin = START + int(at) + number * gap
            found.append(
                {
                    "timestamp": begin // 1000,
                    "payload": {
                        "trace_id": trace,
                        "span_id": f"{number + 1}",
                        "parent_id": None if number == 0 else "1",
                        "operation": f"op{number}",
                    },
                    "context": {
                        "start": begin // 1000,
                        "duration": int(1000 * (50 - number)),
                        "service": f"s{r % 3}",
                        "state": state,
                    },
                    "_r": r,
                }
            )
    return sorted(found, key=lambda s: s["timestamp"])


def sampled(found: list[dict[str, Any]], share: float) -> list[dict[str, Any]]:
    """What a sampler keeps of them."""
    threshold = round((1 - share) * RANGE)
    return [one for one in found if one["_r"] >= threshold]


def told(
    plan: Plan, events: list[dict[str, Any]], admission: Admission | None = None, size: int = 1000
) -> dict[str, list[dict[str, Any]]]:
    """What is published of all events, by block."""
    core = Core(plan, now=START, live=False)
    if admission is not None:
        core.sources["spans"].gate.set_admission(0.5, "cpu", {}, admission=admission)
    found: dict[str, list[dict[str, Any]]] = {}
    for begin in range(0, len(events), size):
        piece = [{k: v for k, v in e.items() if k != "_r"} for e in events[begin : begin + size]]
        lines = b"".join(orjson.dumps(e) + b"\n" for e in piece)
        records = Records(source="otel", arrival=START + 100 * SECOND, ndjson=lines)
        _collect(core.on_records("spans", [records]), found)
    for name in core.sources:
        _collect(core.on_input_ended(name), found)
    return found


def _collect(said: Iterable[object], found: dict[str, list[dict[str, Any]]]) -> None:
    for one in said:
        if isinstance(one, Publish):
            found.setdefault(one.block, []).extend(one.frame.to_dicts())
