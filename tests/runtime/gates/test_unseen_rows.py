"""Windows that slide with their rows: what was dropped behind a row is not nothing either."""

from __future__ import annotations

import numpy as np
import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.shedding.admission import OPEN, Admission, weight_of
from slac.stream.batch import BOUNDS
from tests.runtime.gates.documents import SECOND, START, plan_of, said

TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: hosts}
spec:
  events:
    Call: {payload: {host: string, took: float}}
  inputs:
    calls: {adapter: http, listen: "127.0.0.1:8090", emits: Call}
  computations:
    near:
      from: calls
      by: host
      window: sliding 10s
      select: [{n: COUNT(*)}, {mean: AVG(took)}, {users: COUNT(DISTINCT took)}]
  outputs:
    log: {adapter: stdout, from: [near]}
"""
PLAN = plan_of(text=TEXT)
CHANGES = {180: Admission(unread=weight_of(0.05)), 780: OPEN}
Rows = dict[str, pl.DataFrame]


def _events() -> list[bytes]:
    """A minute and a half: much of one host, a call in some seconds of all others."""
    draw = np.random.default_rng(5)
    times = np.sort(draw.integers(0, 90_000, 2_400)).tolist()
    hosts = np.where(draw.random(2_400) < 0.08, draw.integers(1, 8, 2_400), 0).tolist()
    return [
        orjson.dumps({"timestamp": START // 1000 + t, "payload": {"host": f"h{h}", "took": float(n % 90)}})
        for n, (t, h) in enumerate(zip(times, hosts, strict=True))
    ]


EVENTS = _events()


def _said(changes: dict[int, Admission], size: int = 500, *, restart: bool = False) -> Rows:
    return said(PLAN, EVENTS, changes, size, restart=restart)


TRUTH, THIN = _said({}), _said(CHANGES)


def _held(block: str) -> tuple[int, int]:
    """How many counts do not hold the truth, of how many."""
    ends = [
        pl.coalesce(pl.col(BOUNDS).struct.field(f"n_{side}"), pl.col("n").cast(pl.Float64)).alias(side)
        for side in ("low", "high")
    ]
    both = THIN[block].with_columns(ends).join(TRUTH[block].select("host", "_time", truth="n"), on=["host", "_time"])
    held = both.select(pl.col("truth").is_between("low", "high")).to_series()
    return int((~held).sum()), both.height


def test_no_count_behind_a_row_is_exact_that_is_none() -> None:
    """Of hosts with a call now and then all were lost, until the gate opened: their next rows know that."""
    missed, count = _held("near")
    assert count > 800
    assert missed <= 0.06 * count


def test_a_window_that_slides_is_exact_again_when_it_has_left_the_drops_behind() -> None:
    """Its doubts are as long as it is."""
    opened = orjson.loads(EVENTS[780])["timestamp"] * 1000
    times = THIN["near"]["_time"].cast(pl.Int64)
    behind = THIN["near"].filter(times > opened + 10 * SECOND)
    assert behind.height > 800
    assert behind[BOUNDS].null_count() == behind.height


@settings(max_examples=2, deadline=None)
@given(st.integers(150, 900), st.booleans())
def test_it_is_the_same_however_rows_come(size: int, restart: bool) -> None:  # noqa: FBT001 - drawn
    """In any slicing, and through restarts."""
    found = _said(CHANGES, size, restart=restart)
    for block, frame in THIN.items():
        assert found[block].select(sorted(found[block].columns)).equals(frame.select(sorted(frame.columns))), block
