"""A running window and the latest-joins of its own input behind a gate: together the estimates that each gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.plan.graph import Plan
from slac.runtime import assembly
from slac.runtime.assembly import operators_of
from slac.runtime.dataflow import Dataflow
from slac.stream.batch import BOUNDS, ID, TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE, Batch
from tests.runtime.operators.driving import CONTEXT
from tests.runtime.test_own_latest import PLANS, remembered

Span = tuple[int, str | None, float | None, int, float]
SPANS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["a", "b", None]),
        st.sampled_from([0.5, 2.25, 100.0, None]),
        st.sampled_from([WEIGHT_ONE, 2 * WEIGHT_ONE, 3_333_333, 50 * WEIGHT_ONE, 0]),
        st.sampled_from([0.0, 0.25]),
    ),
    min_size=1,
    max_size=40,
)
WEIGHTS, ENDS = 1, 2
"""What the rows of a step may have beside their values: weights; bounds, as they stand behind other estimates."""


def frame_of(spans: Sequence[Span], first: int, now: int, kind: int) -> pl.DataFrame:
    """Rows of the input, the first of them with this id, at or behind `now`."""
    types = {TIME: pl.Int64(), ID: pl.UInt64(), "k": pl.String(), "n": pl.Int64(), "x": pl.Float64()}
    rows = [(now + t, first + i, k, 1, x) for i, (t, k, x, _, _) in enumerate(spans)]
    frame = pl.DataFrame(rows, schema=types, orient="row").with_columns(pl.col(TIME).cast(TIME_TYPE))
    if kind & WEIGHTS:
        frame = frame.with_columns(pl.Series(WEIGHT, [w for *_, w, _ in spans], pl.UInt64))
    if kind & ENDS:
        half = pl.Series([h for *_, h in spans])
        ends = pl.struct((pl.col("x") - half).alias("x_low"), (pl.col("x") + half).alias("x_high"))
        frame = frame.with_columns(pl.when(half > 0).then(ends).alias(BOUNDS))
    return frame


def play(
    plan: Plan, spans: Sequence[Span], steps: Sequence[tuple[int, int]], restarts: set[int], kinds: Sequence[int]
) -> tuple[dict[str, list[pl.DataFrame]], list[Any]]:
    """What each node has said, and what was remembered; a step is so many rows and how far the watermark moves."""
    made: dict[str, list[pl.DataFrame]] = {}

    def begun() -> Dataflow:
        flow = Dataflow(plan, operators_of(plan, CONTEXT, []))
        flow.tap = lambda node, batch: made.setdefault(node, []).append(batch.frame)
        return flow

    flow, kept, start, now = begun(), [], 0, 1_000
    for step in range(len(spans)):
        size, on = steps[step % len(steps)]
        part = spans[start : start + size]
        if part:
            flow.enter("spans", Batch(frame_of(part, start, now, kinds[min(step, len(kinds) - 1)])))
        start, now = start + size, now + on
        flow.promise("spans", now)
        flow.run()
        if step in restarts:
            state, flow = flow.snapshot(), begun()
            flow.restore(state)
            kept.append({name: remembered(one) for name, one in state.items()})
    flow.promise("spans", now + 1_000)
    flow.run(end=True)
    return made, kept


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(PLANS),
    SPANS,
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 6)), min_size=1, max_size=4),
    st.sets(st.integers(0, 9)),
    st.lists(st.sampled_from([0, 0, WEIGHTS, WEIGHTS, ENDS, WEIGHTS | ENDS]), min_size=1, max_size=6),
)
def test_weighed_together_as_alone(
    plan: Plan, spans: list[Span], steps: list[tuple[int, int]], restarts: set[int], kinds: list[int]
) -> None:
    """Rows, ids, bounds, order and snapshots, whenever the first weights come, and whatever follows."""
    together, kept = play(plan, spans, steps, restarts, kinds)
    with patch.object(assembly, "paired_operators", lambda *_: {}):
        alone, kept_alone = play(plan, spans, steps, restarts, kinds)
    assert together.keys() == alone.keys()
    for name, frames in alone.items():
        one, other = (pl.concat(f, how="diagonal_relaxed") for f in (together[name], frames))
        assert_frame_equal(one, other, check_exact=True)
    assert kept == kept_alone


def test_the_mean_that_a_row_meets_is_weighted() -> None:
    """A row that stands for three counts three times, and what meets the mean knows how far it is known."""
    spans: list[Span] = [
        (0, "a", 1.0, WEIGHT_ONE, 0.0),
        (1, "a", 5.0, 3 * WEIGHT_ONE, 0.0),
        (2, "a", 9.0, WEIGHT_ONE, 0.0),
    ]
    made, _ = play(PLANS[0], spans, [(1, 3)], set(), [0, WEIGHTS])
    seen = pl.concat(made["seen"], how="diagonal")
    assert seen["mean"].to_list() == [None, 1.0, 4.0]
    assert seen[BOUNDS].is_null().to_list() == [True, True, False]
