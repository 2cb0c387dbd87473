"""A group of which nothing was kept is not a group of which there was nothing."""

from __future__ import annotations

import math

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowNode
from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.gates.told import Told, to_text
from slac.runtime.gates.unread import Unread
from slac.runtime.gates.unseen import Unseen
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.stream.batch import BOUNDS, WEIGHT_ONE, Batch
from slac.testing.harness import Harness
from tests.runtime.gates.documents import START, plan_of, said

TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: hosts}
spec:
  events:
    Call: {payload: {host: string, ok: bool, took: float}}
  inputs:
    calls: {adapter: http, listen: "127.0.0.1:8090", emits: Call}
  probes:
    failures: {from: calls, where: NOT ok, select: [host, took]}
  computations:
    health:
      from: calls
      by: host
      window: tumbling 10s
      select: [{n: COUNT(*)}, {mean: AVG(took)}, {users: COUNT(DISTINCT took)}]
      then: [{load: n / 10}]
    broken: {from: failures, window: tumbling 10s, select: [{n: COUNT(*)}]}
  audits:
    quiet:
      from: health
      by: host
      states:
        few: {when: n < 3, verdict: ok, report_every: 10s}
        many: {when: n >= 3, verdict: violated, report_every: 10s}
      initial: few
    failing:
      from: broken
      states:
        none: {when: n < 1, verdict: ok, report_every: 10s}
        some: {when: n >= 1, verdict: violated, report_every: 10s}
      initial: none
  outputs:
    log: {adapter: stdout, from: [health, quiet, failing]}
"""
PLACES = """spec:
  placement:
    edge: {blocks: [calls], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}
"""
PLAN, SPLIT = plan_of(text=TEXT), plan_of(text=TEXT.replace("spec:\n", PLACES, 1))
UNREAD = Admission(unread=weight_of(0.1))
Rows = dict[str, pl.DataFrame]


def _events() -> list[bytes]:
    """A minute: much of one host, a call in some seconds of all others."""
    draw = np.random.default_rng(3)
    times = np.sort(draw.integers(0, 60_000, 4_000)).tolist()
    hosts = np.where(draw.random(4_000) < 0.02, draw.integers(1, 8, 4_000), 0).tolist()
    ok = (draw.random(4_000) > 0.004).tolist()
    return [
        orjson.dumps({"timestamp": START // 1000 + t, "payload": {"host": f"h{h}", "ok": ok[n], "took": float(n % 90)}})
        for n, (t, h) in enumerate(zip(times, hosts, strict=True))
    ]


EVENTS = _events()


def _said(changes: dict[int, Admission], size: int = 100, *, restart: bool = False) -> Rows:
    """What is published when the gate changes before some of the events, by block."""
    return said(PLAN, EVENTS, changes, size, restart=restart)


TRUTH, THIN = _said({}), _said({500: UNREAD})


def _judged(found: Rows) -> tuple[int, int]:
    """How many counts do not hold the truth, of how many."""
    frame = found["health"].with_columns(low=_end("low"), high=_end("high"))
    both = frame.join(TRUTH["health"].select("host", "_time", truth="n"), on=["host", "_time"], how="left")
    held = both.select(pl.col("truth").is_between("low", "high")).to_series()
    return int((~held).sum()), both.height


def _end(side: str) -> pl.Expr:
    return pl.coalesce(pl.col(BOUNDS).struct.field(f"n_{side}"), pl.col("n").cast(pl.Float64))


def test_no_count_is_exact_that_is_none() -> None:
    """Of hosts with a call now and then most windows have lost all of theirs; the intervals hold them."""
    missed, count = _judged(THIN)
    assert missed <= 0.08 * count
    silent = THIN["health"].filter(pl.col("n") == 0)
    assert silent.height > 10
    assert silent[BOUNDS].is_not_null().all()
    assert silent[BOUNDS].struct.field("mean_high").is_infinite().all()
    assert silent[BOUNDS].struct.field("load_low").is_infinite().all()


@pytest.mark.parametrize(("audit", "by", "least"), [("quiet", ["host", "_time"], 10), ("failing", ["_time"], 3)])
def test_no_verdict_is_decided_by_what_was_dropped(audit: str, by: list[str], least: int) -> None:
    """It is UNDECIDED; also where nothing at all of a window came through to the block."""
    begun = TRUTH["health"]["_time"].min()
    decided = THIN[audit].filter(pl.col("verdict") != "UNDECIDED", pl.col("_time") > begun)
    both = decided.join(TRUTH[audit].select(*by, truth="verdict"), on=by)
    assert both.filter(pl.col("verdict") != pl.col("truth")).height <= 1 + 0.05 * both.height
    assert THIN[audit].filter(pl.col("verdict") == "UNDECIDED").height >= least


@settings(max_examples=6)
@given(st.integers(7, 900), st.integers(0, 1))
def test_it_is_the_same_however_rows_come(size: int, restarts: int) -> None:
    """In any slicing, through restarts, and exact again when the gate drops no more."""
    changes = {500: UNREAD, 1_500: Admission(unread=weight_of(0.05)), 2_000: OPEN}
    found, once = _said(changes, size, restart=bool(restarts)), _said(changes)
    for block, frame in once.items():
        assert found[block].select(sorted(found[block].columns)).equals(frame.select(sorted(frame.columns))), block
    last = once["health"].filter(pl.col("_time") == once["health"]["_time"].max())
    assert last[BOUNDS].null_count() == last.height


def test_it_is_said_over_links_too() -> None:
    """A window of one host tells that records were dropped, and so that of another is not known."""
    harness = Harness(SPLIT, start=START)
    edge = next(core for (node, _), core in harness.cores.items() if node == "edge")
    for at in range(0, 4_000, 100):
        if at == 500:
            edge.sources["calls"].gate.set_admission(0.1, "cpu", {}, admission=UNREAD)
        harness.give("calls", b"\n".join(EVENTS[at : at + 100]) + b"\n")
    harness.end()
    found = {block: harness.published(block) for block in ("health", "quiet")}
    missed, count = _judged(found)
    assert missed <= 0.08 * count
    assert found["health"].filter(pl.col("n") == 0)[BOUNDS].is_not_null().all()


def test_stretches_end_with_the_first_row_behind_them() -> None:
    """And begin behind the last one before."""
    unread = Unread(lateness=0)
    for time, weight in ((10, 1), (20, 4), (30, 4), (40, 1), (50, 1)):
        unread.see(np.array([time]), weight * WEIGHT_ONE)
    begins, ends = np.array([0, 5, 11, 41]), np.array([9, 15, 12, 45])
    assert (unread.highest(begins, ends, WEIGHT_ONE) // np.uint64(WEIGHT_ONE)).tolist() == [1, 4, 4, 1]


def test_of_a_key_that_was_dropped_as_a_whole_there_may_have_been_any_number() -> None:
    """A sample bounds how many single events it leaves out, not how many a key has."""
    node = PLAN["health"]
    assert isinstance(node, WindowNode)
    gate = Elsewhere()
    frame = THIN["health"].drop(BOUNDS).head(3)
    for told, highest in (
        (Told(key=True, steps=((0, 2 * WEIGHT_ONE),)), math.inf),
        (Told(unread=((0, 1 << 60, 2 * WEIGHT_ONE),)), 20.0),
    ):
        gate.hear("edge", to_text({"calls": told}))
        said = Unseen(node, [gate])(Batch(frame)).frame
        assert (said[BOUNDS].struct.field("n_high") - said["n"] <= highest).all()
        assert said[BOUNDS].struct.field("n_high").is_infinite().all() == math.isinf(highest)
