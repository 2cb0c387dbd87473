"""`sliding d`: each row gives what plain Python makes of the rows of its key in (t − d, t], in any slicing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowNode, WindowSpec
from slac.runtime.operators.window_sliding import SlidingOperator
from slac.stream.batch import ID, KEPT, SEEN, TIME, WINDOW_START
from tests.runtime.operators.driving import CONTEXT, Driver, events
from tests.runtime.operators.per_row import CALLS, ROWS, SCHEMA, SIZES, TEXT, check, feed, node, on_time, values


def sliding(size: int) -> WindowSpec:
    """A window over the last `size` µs."""
    return WindowSpec(kind="sliding", size=size)


def driver(spec: WindowNode) -> Driver:
    """A driver of a fresh operator."""
    return Driver(lambda: SlidingOperator(spec, CONTEXT))


def definition(rows: Sequence[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """A row for each row: over those of its key that are later than t − size and not later than t."""
    out = []
    for row in rows:
        own = [r for r in rows if r["k"] == row["k"] and row[TIME] - size < r[TIME] <= row[TIME]]
        out.append({TIME: row[TIME], "from": row["_id"], "k": row["k"], **values(own)})
    return out


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(0, 40), SIZES, st.sampled_from((1, 5, 13, 1000)), st.sampled_from(["plain", "restart"]))
def test_rows_are_those_of_the_definition(
    frame: pl.DataFrame, lateness: int, sizes: list[int], size: int, mode: str
) -> None:
    """In any slicing, restarted anywhere."""
    spec = node(sliding(size), calls=(*CALLS, TEXT))
    kept = on_time(frame, lateness)
    sliced = driver(spec)
    out = feed(sliced, frame, sizes, lateness, restart=mode == "restart")

    check(out, definition(kept, size), spec)
    assert out.equals(feed(driver(spec), frame, (1000,), lateness, restart=False))
    assert sliced.operator.statistics()["late"] == frame.height - len(kept)


def test_the_window_is_half_open_and_can_be_named() -> None:
    """A row exactly 10 µs back is out; `_window_start` is the first instant that counts."""
    rows = [{TIME: 0, "k": "a"}, {TIME: 5, "k": "a"}, {TIME: 10, "k": "a"}]
    out = feed(driver(node(sliding(10), calls=CALLS[:1])), events(rows, SCHEMA), (1,), 0, restart=False)

    assert out.columns[:5] == [TIME, ID, WINDOW_START, SEEN, KEPT]
    assert out.select(pl.col(WINDOW_START).to_physical(), "n", KEPT).rows() == [(-9, 1, 1), (-4, 2, 2), (1, 2, 2)]


def test_what_left_the_window_is_let_go() -> None:
    """State is bounded by the window."""
    target = driver(node(sliding(10), calls=CALLS[:1], keys=()))
    out = feed(target, events([{TIME: t} for t in range(0, 200, 2)], SCHEMA), (3,), 0, restart=False)

    assert out["n"].to_list()[5:] == [5] * 95
    assert target.operator.statistics()["groups"] <= 100
