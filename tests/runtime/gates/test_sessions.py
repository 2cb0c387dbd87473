"""Ahead of sessions whole keys are dropped: no session ends because an event of it was dropped."""

from __future__ import annotations

import numpy as np
import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.core import Core
from slac.shedding.admission import Admission, weight_of
from slac.stream.batch import WEIGHT, WEIGHT_ONE
from slac.stream.ports import Records
from tests.runtime.gates.documents import SECOND, START, plan_of, source_of

TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: visits}
spec:
  events:
    Click: {payload: {user: string}}
  inputs:
    requests: {adapter: http, listen: "127.0.0.1:8090", emits: Click}
  computations:
    visits: {from: requests, by: user, window: session 3s, select: [{clicks: COUNT(*)}]}
    together: {from: visits, window: tumbling 10m, select: [{number: COUNT(*)}, {mean: AVG(clicks)}]}
  violations:
    long: {from: together, where: mean > 40}
  outputs:
    log: {adapter: stdout, from: [long]}
"""
PLAN = plan_of(text=TEXT)


def _events() -> list[tuple[int, str]]:
    draw = np.random.default_rng(5)
    times = np.sort(draw.integers(0, 60 * SECOND, 1_200)).tolist()
    return [(START + t, f"u{u}") for t, u in zip(times, draw.integers(0, 60, 1_200).tolist(), strict=True)]


EVENTS = _events()
Row = tuple[str, int, object]


def _said(changes: list[tuple[int, float]], *, restart: bool = False) -> tuple[set[Row], pl.DataFrame]:
    """The sessions (key, clicks, time), and what is made of them, when the gate changes what it admits."""
    core, rows = Core(PLAN, now=START, live=False), list[tuple[str, pl.DataFrame]]()
    due = sorted(changes)
    for number, at in enumerate(range(0, len(EVENTS), 40)):
        core.flow.tap = lambda n, b: rows.append((n, b.frame)) if n in ("visits", "together") else None
        piece = EVENTS[at : at + 40]
        while due and START + due[0][0] * SECOND <= piece[0][0]:
            _, fraction = due.pop(0)
            admission = Admission(whole=weight_of(fraction), since=piece[0][0])
            core.sources["requests"].gate.set_admission(fraction, "cpu", {}, admission=admission)
        lines = [orjson.dumps({"timestamp": t // 1000, "payload": {"user": u}}) for t, u in piece]
        core.on_records("requests", [Records(source="a", arrival=piece[-1][0], ndjson=b"\n".join(lines) + b"\n")])
        if restart and number % 7 == 0:
            states, core = core.snapshot(), Core(PLAN, now=START, live=False)
            core.restore(states, START)
    core.flow.tap = lambda n, b: rows.append((n, b.frame)) if n in ("visits", "together") else None
    core.on_input_ended("requests")
    visits = {row for n, f in rows if n == "visits" for row in f.select("user", "clicks", "_time").rows()}
    return visits, pl.concat([f for n, f in rows if n == "together"], how="diagonal")


TRUTH, WHOLE = _said([])


def test_the_gate_drops_users() -> None:
    """By the key of the sessions, although nobody asked for a subset."""
    assert source_of(PLAN).gate.key == ("user",)
    assert PLAN["visits"].whole_by == ("user",)


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0.1, 0.3, 0.5, 1.0])), max_size=4), st.integers(0, 1))
def test_no_session_is_shorter_than_it_was(changes: list[tuple[int, float]], restarts: int) -> None:
    """Those that are told are true, whenever a threshold changes."""
    said, _ = _said(changes, restart=bool(restarts))
    assert said <= TRUTH


def test_a_sample_of_sessions_stands_for_all() -> None:
    """Windows over them know that these are some of the keys: an estimate, without an interval."""
    said, together = _said([(0, 0.25)])
    assert 0 < len(said) < len(TRUTH) / 2
    weights = weight_of(0.25) / WEIGHT_ONE
    assert together["number"].item() == round(len(said) * weights)
    assert abs(together["number"].item() - WHOLE["number"].item()) < 0.6 * WHOLE["number"].item()
    assert together["_bounds"].is_not_null().all()
    assert WEIGHT not in WHOLE.columns
