"""Running windows: a key goes on with what it had, and so does the doubt about what was dropped of it."""

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
    so_far:
      from: calls
      by: host
      window: running
      retain: 20s
      select: [{n: COUNT(*)}, {mean: AVG(took)}, {most: MAX(took)}]
    slow:
      from: calls
      join: {s: {latest: so_far, by: host}}
      select: [host, took, {usual: s.mean}, {before: s.n}]
  violations:
    over: {from: slow, where: took > 1.9 * usual, by: host}
  outputs:
    log: {adapter: stdout, from: [so_far, slow, over]}
"""
PLAN = plan_of(text=TEXT)
COUNT = 2_400
Rows = dict[str, pl.DataFrame]
Changes = dict[int, Admission]


def _events() -> list[bytes]:
    """A minute and a half: much of one host, a call in some seconds of all others, of which one falls silent."""
    draw = np.random.default_rng(5)
    times = np.sort(draw.integers(0, 90_000, COUNT)).tolist()
    hosts = np.where(draw.random(COUNT) < 0.08, draw.integers(1, 8, COUNT), 0)
    hosts = np.where((hosts == 7) & (np.array(times) > 25_000) & (np.array(times) < 75_000), 0, hosts).tolist()
    return [
        orjson.dumps({"timestamp": START // 1000 + t, "payload": {"host": f"h{h}", "took": float(n % 90)}})
        for n, (t, h) in enumerate(zip(times, hosts, strict=True))
    ]


EVENTS = _events()
CHANGES: Changes = {180: Admission(unread=weight_of(0.05)), 780: OPEN}


def _said(changes: Changes, size: int = 500, *, restarts: bool = False) -> Rows:
    return said(PLAN, EVENTS, changes, size, restart=restarts)


TRUTH = _said({})
THIN = _said(CHANGES)


def _ends(block: str, column: str) -> list[pl.Expr]:
    if BOUNDS not in THIN[block].columns:
        return [pl.col(column).cast(pl.Float64).alias(side) for side in ("low", "high")]
    sides = (pl.col(BOUNDS).struct.field(f"{column}_{side}").alias(side) for side in ("low", "high"))
    return [pl.coalesce(side, pl.col(column).cast(pl.Float64)) for side in sides]


def test_no_number_since_ever_is_exact_that_is_none() -> None:
    """Of hosts with a call now and then all were lost for a while: what is said behind that holds the truth."""
    for block, column in (("so_far", "n"), ("so_far", "mean"), ("so_far", "most")):
        thin = THIN[block].with_columns(_ends(block, column))
        both = thin.join(TRUTH[block].select("host", "_time", "_id", truth=column), on=["host", "_time", "_id"])
        assert both.height == thin.height > 1_500
        exact = both.filter(pl.col("low") == pl.col("high"))
        assert exact.filter(pl.col("truth") != pl.col(column)).height == 0
        off = both.filter(~pl.col("truth").is_between("low", "high"))
        assert off.height <= 0.06 * both.height, (block, column)


def test_a_key_that_begins_anew_is_exact() -> None:
    """It was silent for longer than its state is kept, and nothing has been dropped since."""
    opened = orjson.loads(EVENTS[780])["timestamp"] * 1000
    anew = THIN["so_far"].filter(pl.col("host") == "h7", pl.col("_time").cast(pl.Int64) > opened + 20 * SECOND)
    assert anew.height > 2
    assert anew[BOUNDS].null_count() == anew.height
    assert anew["n"].to_list() == list(range(1, anew.height + 1))


def test_no_verdict_is_decided_by_what_was_dropped() -> None:
    """What is compared with a mean that nobody knows is open."""
    key = ["host", "_time", "kind"]
    decided = (
        THIN["over"].filter(~pl.col("_undecided").fill_null(value=False))
        if "_undecided" in THIN["over"]
        else THIN["over"]
    )
    assert decided.height < TRUTH["over"].height
    assert decided.select(key).join(TRUTH["over"].select(key), on=key, how="anti").height <= 0.02 * TRUTH["over"].height


@settings(max_examples=3, deadline=None)
@given(st.integers(150, 900), st.booleans(), st.lists(st.integers(1, COUNT - 1), min_size=1, max_size=3, unique=True))
def test_it_is_the_same_however_rows_come(size: int, restarts: bool, cuts: list[int]) -> None:  # noqa: FBT001 - drawn
    """In any slicing, and through restarts, wherever the gate changes."""
    kinds = [Admission(unread=weight_of(0.05)), OPEN, Admission(unread=weight_of(0.01))]
    changes = dict(zip(sorted(cuts), kinds, strict=False))
    once, found = _said(changes), _said(changes, size, restarts=restarts)
    for block, frame in once.items():
        assert found[block].select(sorted(found[block].columns)).equals(frame.select(sorted(frame.columns))), block
