"""Traces that no reader keeps are not made: whoever reads the others sees the same, at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime.operators.traces import TracesOperator
from slac.runtime.traces import brief, portions
from slac.runtime.traces.brief import least
from slac.runtime.traces.records import FEW
from slac.stream.batch import COUNT, Batch
from slac.testing import Harness
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut
from tests.runtime.operators.test_traces import frame_of, streams
from tests.runtime.operators.tracing import TIMEOUT
from tests.runtime.traces.test_one_by_one import node_with

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: brief}
spec:
  events:
    S:
      payload: {operation: string, duration: duration}
      context: {t: string, span_id: string, parent_id: 'string?'}
  inputs: {e: {adapter: http, listen: "127.0.0.1:1", path: /e, emits: S}}
  probes:
    calls:
      from: e
      select: [t, span_id, parent_id, operation, duration, {start: EVENT_TIME() - duration}]
  computations:
    traces: {from: calls, by: t, traces: {form: spans, timeout: 4s}, within: 1m}
    slow: {from: traces, where: WHERE, select: [t, duration, calls]}
  outputs: {out: {adapter: stdout, from: [slow OTHER]}}
"""


@cache
def plan(where: str, other: str = "") -> Plan:
    """The document with this condition, and one more reader of all traces."""
    text = DOCUMENT.replace("WHERE", f'"{where}"').replace(" OTHER", other)
    return compile_document(Source("brief.yaml", text)).plan


@pytest.mark.parametrize(
    ("where", "most"),
    [
        ("valid AND duration > INTERVAL '500ms'", 500_000),
        ("duration >= INTERVAL '500ms' AND calls > 2", 499_999),
        ("INTERVAL '2s' < duration AND duration > INTERVAL '1s'", 2_000_000),
    ],
)
def test_what_every_reader_asks_of_how_long_a_trace_lasts(where: str, most: int) -> None:
    """The highest bound of a condition, whichever way it is written."""
    assert least(plan(where)) == {"traces": most}


@pytest.mark.parametrize(
    "where", ["valid", "duration < INTERVAL '1s'", "duration > INTERVAL '1s' OR valid", "duration > INTERVAL '4s'"]
)
def test_other_conditions_ask_for_all_traces(where: str) -> None:
    """So does one for traces so long that they could be two."""
    assert least(plan(where)) == {}
    assert least(plan("duration > INTERVAL '1s'", ", traces")) == {}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_kept_comes_at_the_same_time(data: st.DataObject) -> None:
    """After each slice, across restarts, with and without somebody who looks on, one by one or by columns."""
    rows, lateness = data.draw(streams("spans")), data.draw(st.sampled_from([0, 30, 1000]))
    for row in rows:
        row["duration"] = data.draw(st.sampled_from([row["duration"], 0, 3, None]))
        row["start"] = data.draw(st.sampled_from([row["start"], None]))
        row["t"] = data.draw(st.sampled_from([row["t"], None])) if data.draw(st.booleans()) else row["t"]
    frame = frame_of("spans", sorted(rows, key=lambda r: r["_time"]))
    node = node_with(["t"], limit=data.draw(st.sampled_from([1000, 3])))
    most, few = data.draw(st.integers(0, TIMEOUT - 1)), data.draw(st.sampled_from([0, FEW]))
    eager, lean = (Driver(lambda: TracesOperator(node, CONTEXT, few)) for _ in range(2))
    arrivals, sizes = Arrivals(lateness), data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "CALM", 1)
        patch.setattr(brief, "MOST", data.draw(st.sampled_from([4, 1000])))
        for piece in cut(frame, sizes):
            if data.draw(st.booleans()):
                lean.restart()
            lean.operator.spare(most if data.draw(st.integers(0, 4)) else None)
            for batch in arrivals.take(piece):
                for driver in (eager, lean):
                    driver.give([batch])
            for driver in (eager, lean):
                driver.advance(arrivals.watermark)
            _same(eager.out, lean.out, most)
        for driver in (eager, lean):
            driver.finish()
        _same(eager.out, lean.out, most)
    assert lean.operator.statistics()["traces"] == eager.operator.statistics()["traces"]
    assert lean.operator.statistics()["without_key"] == eager.operator.statistics()["without_key"]


def _same(eager: Sequence[pl.DataFrame], lean: Sequence[pl.DataFrame], most: int) -> None:
    lasting = pl.col("duration").cast(pl.Int64) > most
    one, other = (pl.concat(out).filter(lasting) if out else pl.DataFrame() for out in (eager, lean))
    assert one.equals(other) or not (one.height or other.height)


def test_nothing_is_worked_on_before_something_can_be_heard() -> None:
    """Spans are held for a time of silence, and what is over then is counted, not said."""
    operator = TracesOperator(node_with(["t"]), CONTEXT)
    operator.spare(5)
    call = {"operation": "f", "span_id": "1", "parent_id": None, "duration": 1}
    rows = [{"_time": at, "t": str(at), **call, "start": at - 1} for at in range(30)]
    operator.on_batch(0, Batch(frame_of("spans", rows[:12])))
    assert operator.next_due() == TIMEOUT

    assert list(operator.on_watermark(11)) == []
    assert operator.unsaid == 2
    assert operator.statistics()["rows"] == 10
    assert operator.next_due() == 11 + TIMEOUT

    operator.on_batch(0, Batch(frame_of("spans", rows[12:]).with_columns(pl.lit(1, pl.UInt32).alias(COUNT))))
    assert operator.next_due() == 3


def line(at: float, trace: str, lasts: int) -> bytes:
    """A span of a trace that ends so many seconds after the start."""
    payload = {"operation": "f", "duration": lasts}
    context = {"t": trace, "span_id": f"{trace}{at}", "parent_id": None}
    return orjson.dumps({"timestamp": round(1000 * (1_700_000_000 + at)), "payload": payload, "context": context})


def test_rows_are_counted_that_are_not_made() -> None:
    """A dataflow says of the block how many there were, and makes them all where its log is written."""
    harness = Harness(plan("duration > INTERVAL '500ms'"))
    flow = next(iter(harness.cores.values())).flow
    flow.is_lean = True
    for at in range(0, 20, 2):
        harness.give("e", line(at, f"t{at}", 900_000 if at == 4 else 100_000))
    harness.end()

    assert harness.published("slow")["t"].to_list() == ["t4"]
    assert flow.rows["traces"] == 10
    assert harness.made("traces").height == 1
