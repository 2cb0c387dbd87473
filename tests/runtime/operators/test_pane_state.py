"""The log of partial rows: what is added is there until it expires, and merging keeps it small."""

from __future__ import annotations

import polars as pl

from slac.plan.aggregates import merged
from slac.plan.expressions import AggregateCall
from slac.runtime.operators.pane_state import AFTER, EXPIRES, GATHER, START, PaneState
from slac.stream.batch import KEPT, SEEN
from slac.stream.types import Int

CALLS = (AggregateCall(name="_a0", function="count", dtype=Int()),)


def partial(start: int, keys: list[str]) -> pl.DataFrame:
    """One partial row a key, of a pane that is 10 long."""
    ones = [1] * len(keys)
    return pl.DataFrame(
        {START: [start] * len(keys), EXPIRES: [start + 10] * len(keys), AFTER: [-99] * len(keys), "k": keys}
    ).with_columns(
        pl.Series("_a0.n", ones, dtype=pl.Int64),
        pl.Series(KEPT, ones, dtype=pl.Int64),
        pl.Series(SEEN, ones, dtype=pl.Int128),
    )


def test_many_small_batches_are_merged() -> None:
    """A thousand batches of the same keys hold a few rows, and all that was counted."""
    state = PaneState(["k"], CALLS)
    for _ in range(1000):
        state.add(partial(0, ["a", "b"]))
    panes = state.starting_before(1)
    assert panes is not None
    held = merged(panes, [START, "k"], CALLS)

    assert state.rows <= 2 * GATHER
    assert sorted(held.select("k", "_a0.n").rows()) == [("a", 1000), ("b", 1000)]


def test_panes_expire_and_the_bounds_follow() -> None:
    """Forgetting is by the last window that needs a pane."""
    state = PaneState(["k"], CALLS)
    for start in (20, 0, 10):
        state.add(partial(start, ["a"]))
    assert (state.lowest_start, state.lowest_expiry, state.highest_expiry) == (0, 10, 30)
    panes = state.starting_before(20)
    assert panes is not None
    assert sorted(panes[START]) == [0, 10]
    assert state.starting_before(0) is None

    state.expire(20)
    assert (state.lowest_start, state.lowest_expiry, state.highest_expiry, state.rows) == (20, 30, 30, 1)

    state.expire(30)
    assert (state.lowest_start, state.lowest_expiry, state.highest_expiry, state.frame()) == (None, None, None, None)
