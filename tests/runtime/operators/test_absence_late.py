"""Absence with many late rows: in one go they say what they say one watermark at a time."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, Batch
from tests.runtime.operators.auditing import batch, told
from tests.runtime.operators.test_absence import absence, rows

LATE = st.tuples(st.integers(0, 80), st.integers(1, 40), st.sampled_from(["a", "b", "c"]))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 75), st.sampled_from(["a", "b"])), max_size=25),
    st.lists(LATE, max_size=25),
    st.sampled_from([["k"], []]),
    st.sampled_from([None, 3, 7]),
    st.sampled_from([None, 0]),
    st.integers(0, 80),
)
def test_in_one_go_as_one_by_one(
    given_rows: list[tuple[int, str]],
    late: list[tuple[int, int, str]],
    keys: list[str],
    repeat: int | None,
    start: int | None,
    first: int,
) -> None:
    """Rows, ids and what is remembered, also where a watermark stands between."""
    frame = rows(sorted(given_rows))
    tardy = rows([(met - back, k) for met, back, k in late])
    tardy = tardy.with_columns(pl.Series(ARRIVAL_WATERMARK, [met for met, *_ in late], dtype=pl.Int64))

    def run(watermarks: list[int]) -> tuple[list[Any], list[Any]]:
        driver, reached = absence(keyed=bool(keys), repeat=repeat, start=start), -100
        for watermark in watermarks:
            arrived = pl.col(TIME).cast(pl.Int64).is_between(reached, watermark, closed="left")
            met = pl.col(ARRIVAL_WATERMARK).is_between(reached, watermark, closed="left")
            driver.give(batch(frame.filter(arrived)))
            driver.give([Batch(part, late=True) for part in [tardy.filter(met)] if part.height])
            driver.advance(watermark)
            reached = watermark
        kept = driver.operator.snapshot().frames["slots"].select(pl.exclude("_slot", "_s.alarm", "_s.told"))
        return told(driver.out, ID, *keys, "kind", "since", "reason", "last_seen"), sorted(map(str, kept.rows()))

    assert run([first, 85]) == run(list(range(86)))
