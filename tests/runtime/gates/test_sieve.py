"""What passes the second stage of a gate, and that what is counted before is exact whatever is dropped."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.core import Core
from slac.shedding.admission import OPEN, Admission, weight_of
from tests.runtime.gates.documents import START, plan_of, records, requests

EVENTS = requests(3_000)
PLAN = plan_of()
THIN = Admission(classes={0: (weight_of(0.1),)}, counts=True)


def _run(admission: Admission, sizes: list[int], *, restart: bool = False) -> tuple[Core, pl.DataFrame]:
    core, rows = Core(PLAN, now=START, live=False), list[pl.DataFrame]()
    core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
    at = 0
    for size in [*sizes, len(EVENTS)]:
        core.flow.tap = lambda n, b: rows.append(b.frame) if n == "health" else None
        core.on_records("requests", records(EVENTS[at : at + size], size))
        at += size
        if restart:
            state, core = core.snapshot(), Core(PLAN, now=START, live=False)
            core.restore(state, START)
    core.flow.tap = lambda n, b: rows.append(b.frame) if n == "health" else None
    core.on_input_ended("requests")
    return core, pl.concat(rows, how="diagonal").sort("service", "_time")


EXACT = _run(OPEN, [1_000])[1]


@settings(max_examples=6, deadline=None)
@given(sizes=st.lists(st.integers(1, 900), max_size=4), restart=st.booleans())
def test_slices_and_restarts_change_nothing(*, sizes: list[int], restart: bool) -> None:
    """Which rows pass, what they weigh and what they count depends on the events alone."""
    assert _run(THIN, sizes, restart=restart)[1].equals(_run(THIN, [1_000])[1])


def test_counts_are_exact() -> None:
    """Of what the gate sees every count is exact, of each window and group, though nine of ten events are dropped."""
    core, thinned = _run(THIN, [500] * 5)
    counts = core.sources["requests"].gate.counts

    columns = ["service", "_time", "n", "failed", "slow"]
    assert thinned.select(columns).equals(EXACT.select(columns))
    assert counts.kept < 0.3 * counts.seen
    assert counts.counted == counts.seen - counts.kept


def test_values_are_estimated_without_bias() -> None:
    """Means are of the kept events, and close to the true ones where there are many."""
    _, thinned = _run(THIN, [1_000])
    many = EXACT["n"] > 400
    ratio = thinned.filter(many)["latency"] / EXACT.filter(many)["latency"]
    assert ratio.to_list() == pytest.approx([1.0] * int(many.sum()), rel=0.25)
    assert thinned["latency"].to_list() != EXACT["latency"].to_list()


def test_records_that_are_dropped_unread_leave_estimates() -> None:
    """Before decoding nothing is counted by class: rows weigh what they stand for, and say so."""
    _, thinned = _run(Admission(unread=weight_of(0.5)), [1_000])
    total, true = int(thinned["n"].sum()), int(EXACT["n"].sum())
    assert total == pytest.approx(true, rel=0.1)
    assert total != true


def test_failures_are_kept() -> None:
    """A class that is not named is not thinned: its events all pass, with the weight of one."""
    core, _ = _run(THIN, [1_000])
    passed = list[pl.DataFrame]()
    core = Core(PLAN, now=START, live=False)
    core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=THIN)
    core.flow.tap = lambda n, b: passed.append(b.frame) if n == "requests" else None
    core.on_records("requests", records(EVENTS, 1_000))
    rows = pl.concat(passed, how="diagonal")
    failed = rows.filter(~pl.col("ok") & (pl.col("_weight") > 0))

    assert failed.height == sum(not e["payload"]["ok"] for e in EVENTS)
    assert set(failed["_weight"].to_list()) == {1 << 20}
