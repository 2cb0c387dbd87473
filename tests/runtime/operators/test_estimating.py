"""Windows over rows with weights: the same estimates for any slicing and restart, and nothing new without weights."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.diagnostics import RunFailed
from slac.runtime.operator import State
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ARRIVAL_WATERMARK, BOUNDS, WEIGHT, WEIGHT_ONE, Batch
from tests.runtime.operators.driving import CONTEXT, cut
from tests.runtime.operators.estimating import SECOND, events, said, thinned, window

SUMS = ("n", "total", "mean", "failed", "share", "spread")
KINDS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("tumbling", 10 * SECOND, ()),
    ("hopping", 20 * SECOND, ()),
    ("session", SECOND // 20, ()),
    ("running", 0, SUMS),
    ("sliding", 5 * SECOND, SUMS),
)


@pytest.mark.parametrize(("kind", "size", "names"), KINDS)
def test_weights_of_one_change_nothing(kind: str, size: int, names: tuple[str, ...]) -> None:
    """Rows that a gate weighed and kept give what they gave without it, bit by bit, and no bounds."""
    rows = events(400)
    weighed = rows.with_columns(pl.lit(WEIGHT_ONE, pl.UInt64).alias(WEIGHT))

    node = window(kind, size, names)
    assert said(node, [weighed]).equals(said(node, [rows]))
    assert BOUNDS not in said(node, [weighed]).columns


@pytest.mark.parametrize(("kind", "size", "names"), KINDS)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_any_slicing_and_restart_gives_the_same(kind: str, size: int, names: tuple[str, ...], data: Any) -> None:
    """Also where the gate begins to drop in the middle of a window, and drops more later."""
    rows = events(150, seed=data.draw(st.integers(0, 99)))
    first, more = data.draw(st.integers(0, 120)), data.draw(st.sampled_from([0.9, 0.5, 0.1]))
    parts = [rows[:first], thinned(rows[first:120], 0.6), thinned(rows[120:], more)]
    together = pl.concat(parts, how="diagonal")
    sizes = data.draw(st.lists(st.integers(20, 90), min_size=1, max_size=3))
    sliced = [piece for part in parts for piece in cut(part, sizes) if piece.height]

    node = window(kind, size, names)
    assert said(node, sliced, restart=True).equals(said(node, [together]))


def test_a_state_with_sums_in_their_form_of_before_is_refused() -> None:
    """In place of an answer that is wrong; it says what can be done."""
    began, restored = (build_operator(window(), CONTEXT) for _ in range(2))
    list(began.on_batch(0, Batch(thinned(events(200), 0.5))))
    state = began.snapshot()
    frames = {name: f.rename(lambda c: f"{c[:-1]}a" if c.endswith(".a1l") else c) for name, f in state.frames.items()}
    with pytest.raises(RunFailed, match=r"form of before.*--state"):
        restored.restore(State(state.values, frames))


def test_what_is_exact_has_no_bounds_and_what_is_not_lies_between_them() -> None:
    """The first window is whole; of the others every column has its interval, or is undecided."""
    rows = events(3000)
    early = rows.filter(pl.col("_time").cast(pl.Int64) < 10 * SECOND)
    late = thinned(rows.filter(pl.col("_time").cast(pl.Int64) >= 10 * SECOND), 0.2)

    made = said(window(), [early, late])
    exact = made.filter(pl.col(BOUNDS).is_null())
    assert (exact["_seen"] == exact["_kept"]).all()
    assert exact.height == 3
    plain = said(window(), [rows]).filter(pl.col("_time").cast(pl.Int64) < 10 * SECOND)
    assert exact.select(plain.columns).equals(plain)
    rest = made.filter(pl.col(BOUNDS).is_not_null())
    for name in ("n", "total", "mean", "failed", "share", "spread", "median", "most", "ratio"):
        low, high = (pl.col(BOUNDS).struct.field(f"{name}_{end}") for end in ("low", "high"))
        assert rest.select(((low <= pl.col(name)) & (pl.col(name) <= high)).all()).item(), name
    assert rest.select(pl.col(BOUNDS).struct.field("most_high").is_infinite().all()).item()
    mean = [rest[BOUNDS].struct.field(f"mean_{end}") for end in ("low", "high")]
    doubt = rest[BOUNDS].struct.field("state_undecided")
    assert doubt.equals(((mean[0] <= 1.0) & (mean[1] > 1.0)).alias(doubt.name))


def test_a_restated_window_counts_late_rows_by_their_weights() -> None:
    """The last revision is what the window would have said with all its rows on time."""
    rows = thinned(events(600, span=10 * SECOND), 0.5)
    late = rows.sample(fraction=0.3, seed=1).sort("_time")
    on_time = rows.join(late, on="_id", how="anti", maintain_order="left")
    node = window(late="restate")
    operator = build_operator(node, CONTEXT)
    operator.on_batch(0, Batch(on_time))
    first = [b.frame for b in operator.on_watermark(10 * SECOND)]
    met = pl.lit(10 * SECOND, pl.Int64).alias(ARRIVAL_WATERMARK)
    operator.on_batch(0, Batch(late.with_columns(met), late=True))
    again = [b.frame for b in operator.on_watermark(10 * SECOND + 1)]

    names = ["k", "n", "total", "mean", "share", "spread", BOUNDS]
    whole = said(window(), [rows]).sort("k").select(names)
    assert pl.concat(again).sort("k").select(names).equals(whole)
    assert not pl.concat(first).sort("k").select(names).equals(whole)
