"""Runs of open rows: what is taken and what is due does not depend on how runs were merged and swept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.patterns.columns import runs as module
from slac.runtime.patterns.columns.names import HASH, LAST, NEVER, UNTIL
from slac.runtime.patterns.columns.runs import Runs

_STEP = st.one_of(
    st.tuples(st.just("put"), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), min_size=1, max_size=12)),
    st.tuples(st.just("take"), st.lists(st.tuples(st.integers(0, 9), st.just(0)), min_size=1, max_size=4)),
    st.tuples(st.just("due"), st.lists(st.tuples(st.integers(0, 50), st.just(0)), min_size=1, max_size=1)),
)
_Row = tuple[int, int, int]


def _rows(frame: pl.DataFrame | None) -> list[_Row]:
    return [] if frame is None else sorted(frame.select(HASH, UNTIL, "number").rows())


@settings(max_examples=60)
@given(st.lists(_STEP, max_size=30), st.sampled_from([2, 8, 1 << 17]))
def test_runs_hold_what_was_put_and_not_taken(steps: Sequence[tuple[str, list[tuple[int, int]]]], large: int) -> None:
    """As a list of rows does, whatever the largest run is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LARGE", large)
        runs, held, number = Runs(NEVER // 2), list[_Row](), 0
        for word, pairs in steps:
            values = [first for first, _ in pairs]
            match word:
                case "put":
                    rows = [(h, until, number + n) for n, (h, until) in enumerate(pairs)]
                    number += len(rows)
                    held += rows
                    frame = pl.DataFrame(
                        rows, schema={HASH: pl.UInt64, UNTIL: pl.Int64, "number": pl.Int64}, orient="row"
                    )
                    runs.put(frame.with_columns(pl.lit(0, pl.Int64).alias(LAST)))
                case "take":
                    gone = [r for r in held if r[0] in values]
                    assert _rows(runs.take(np.unique(np.array(values, np.uint64)))) == sorted(gone)
                    held = [r for r in held if r not in gone]
                case _:
                    gone = [r for r in held if r[1] < values[0]]
                    assert _rows(runs.due(values[0])) == sorted(gone)
                    held = [r for r in held if r not in gone]
            assert runs.next_due() == min((r[1] for r in held), default=None)
            assert _rows(runs.rows()) == sorted(held)
