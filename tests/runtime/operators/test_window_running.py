"""`running`: each row gives what plain Python makes of all rows of its key up to its instant, in any slicing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowNode, WindowSpec
from slac.runtime.operators.window_running import RunningOperator
from slac.stream.batch import KEPT, SEEN, TIME, Batch
from tests.runtime.operators.driving import CONTEXT, Driver, events
from tests.runtime.operators.per_row import CALLS, ROWS, SCHEMA, SIZES, TEXT, check, feed, node, on_time, values

RUNNING = WindowSpec(kind="running")
MODES = st.sampled_from(["plain", "restart", "doubling", "restart doubling"])


def driver(spec: WindowNode) -> Driver:
    """A driver of a fresh operator."""
    return Driver(lambda: RunningOperator(spec, CONTEXT))


def definition(rows: Sequence[dict[str, Any]], retain: int) -> list[dict[str, Any]]:
    """A row for each row: over those of its key up to its instant, since the key was last silent beyond `retain`."""
    out = []
    for row in rows:
        own = sorted((r for r in rows if r["k"] == row["k"] and r[TIME] <= row[TIME]), key=lambda r: r[TIME])
        since = 0
        for i in range(1, len(own)):
            since = i if own[i][TIME] - own[i - 1][TIME] > retain else since
        out.append({TIME: row[TIME], "from": row["_id"], "k": row["k"], **values(own[since:])})
    return out


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(0, 40), SIZES, st.sampled_from((5, 1000)), MODES)
def test_rows_are_those_of_the_definition(
    frame: pl.DataFrame, lateness: int, sizes: list[int], retain: int, mode: str
) -> None:
    """In any slicing, restarted anywhere, by cumulative forms and by doubling."""
    spec = node(RUNNING, calls=(*CALLS, TEXT) if "doubling" in mode else CALLS, retain=retain)
    kept = on_time(frame, lateness)
    sliced = driver(spec)
    out = feed(sliced, frame, sizes, lateness, restart="restart" in mode)

    check(out, definition(kept, retain), spec)
    assert out.equals(feed(driver(spec), frame, (1000,), lateness, restart=False))
    assert sliced.operator.statistics()["late"] == frame.height - len(kept)


def test_nan_is_greater_than_every_number() -> None:
    """From the first NaN on the greatest is NaN; the least is NaN only while there is no number."""
    rows = [{TIME: t, "k": "a", "x": x} for t, x in enumerate([float("nan"), 2.0, 1.0])]
    out = feed(driver(node(RUNNING)), events(rows, SCHEMA), (2,), 0, restart=False)

    assert out["low"].fill_nan(None).to_list() == [None, 2.0, 1.0]
    assert out["high"].is_nan().to_list() == [True, True, True]


def test_rows_of_one_instant_see_each_other() -> None:
    """So what a key's latest row says does not depend on which row of an instant is the last."""
    rows = [{TIME: 1, "k": "a"}, {TIME: 1, "k": "a"}, {TIME: 2, "k": "a"}]
    out = feed(driver(node(RUNNING, calls=CALLS[:1])), events(rows, SCHEMA), (1,), 0, restart=False)

    assert out.select("n", KEPT, SEEN).rows() == [(2, 2, 2.0), (2, 2, 2.0), (3, 3, 3.0)]


def test_no_keys_at_all() -> None:
    """Without `by` all rows are of one key."""
    spec = node(RUNNING, calls=CALLS[:1], keys=())
    out = feed(driver(spec), events([{TIME: t} for t in (1, 2, 5)], SCHEMA), (1,), 0, restart=True)

    assert out["n"].to_list() == [1, 2, 3]


def test_keys_that_fell_silent_are_let_go() -> None:
    """However many keys come and go, what is held is in proportion to those of the last `retain`."""
    target = driver(node(RUNNING, calls=CALLS[:1], retain=10))
    for t in range(40):
        rows = [{TIME: t * 100 + 1, "k": str(t * 100 + i)} for i in range(100)]
        target.give([Batch(events(rows, SCHEMA))])
        target.advance(t * 100 + 50)

    assert target.operator.statistics()["keys"] <= 1200
