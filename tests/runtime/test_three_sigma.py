"""A stream against its own running statistics: every row is judged by those before it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.stream.batch import TIME
from slac.testing.harness import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: spans}
spec:
  events: {Span: {payload: {operation: "string?", duration: float}}}
  inputs: {spans: {adapter: file, path: s.ndjson, emits: Span, time: {unit: us}, lateness: 10ms}}
  computations:
    operation_stats:
      from: spans
      by: operation
      window: running
      retain: 7d
      select: [{mean: AVG(duration)}, {sd: STDDEV_POP(duration)}, {n: COUNT(*)}]
    seen:
      from: spans
      join: {s: {latest: operation_stats, by: operation}}
      select: [operation, duration, {mean: s.mean}, {sd: s.sd}, {n: s.n}, {slow: duration - s.mean > 3 * s.sd}]
  outputs: {log: {adapter: stdout, from: [seen]}}
"""
PLAN = compile_document(Source("d.yaml", DOCUMENT)).plan
MILLISECOND = 1000

Span = tuple[int, str, float]
SPANS = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from(["get", "put"]), st.floats(0, 100).map(lambda x: round(x, 3))),
    max_size=14,
)


def play(spans: Sequence[Span], sizes: Sequence[int], *, restarts: bool) -> pl.DataFrame:
    """The spans in pieces; nothing is late, because all lie within the lateness."""
    harness = Harness(PLAN)
    start = step = 0
    while start < len(spans):
        size = sizes[step % len(sizes)]
        piece = spans[start : start + size]
        rows = [{"timestamp": t * MILLISECOND, "payload": {"operation": o, "duration": d}} for t, o, d in piece]
        harness.give("spans", rows)
        if restarts:
            harness.restart("all")
        start, step = start + size, step + 1
    harness.end()
    return harness.made("seen")


def before(spans: Sequence[Span], span: Span) -> list[float]:
    """The durations of the operation that came before a span; of equal times none is before the other."""
    return [d for t, o, d in spans if o == span[1] and t < span[0]]


@settings(max_examples=60, deadline=None)
@given(SPANS, st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans())
def test_each_span_meets_the_statistics_before_it(spans: list[Span], sizes: list[int], restarts: bool) -> None:  # noqa: FBT001
    """In any order of arrival within the lateness, in any slicing, and with restarts in between."""
    seen = play(spans, sizes, restarts=restarts)

    said = seen.select(pl.col(TIME).to_physical(), "operation", "duration", "n", "mean", "sd").rows() if spans else []
    wanted = []
    for span in spans:
        known = before(spans, span)
        mean, sd = (fmean(known), pstdev(known)) if known else (None, None)
        wanted.append((span[0] * MILLISECOND, span[1], span[2], len(known) or None, mean, sd))
    for got, expected in zip(sorted(said, key=repr), sorted(wanted, key=repr), strict=True):
        assert got[:4] == expected[:4]
        assert got[4:] == (pytest.approx(expected[4], abs=1e-6), pytest.approx(expected[5], abs=1e-4))
    assert seen.equals(play(spans, [len(spans) or 1], restarts=False))


def test_the_outlier_does_not_hide_itself() -> None:
    """A slow span is slow by the others, however many more there are of it later."""
    spans = [(t, "get", 10.0 + t % 2) for t in range(6)] + [(7, "get", 90.0)]
    seen = play(spans, [3], restarts=True)

    assert seen.filter(pl.col("slow") & (pl.col("n") > 2))["duration"].to_list() == [90.0]
