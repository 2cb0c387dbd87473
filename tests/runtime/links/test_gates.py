"""What gates have dropped is known where their rows are worked on: nothing is said there that lost a part."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.gates.keys import Steps
from slac.runtime.gates.told import LONGEST, MOST, BadTold, Told, bounded_stretches, from_text, to_text, together
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.stream.batch import BOUNDS, WEIGHT_ONE
from slac.testing import Harness
from tests.runtime.gates.documents import SECOND, START, plan_of

TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: orders}
spec:
  events:
    Event: {payload: {order: string, what: string}}
    Call: {payload: {host: string, took: float}}
  inputs:
    begun: {adapter: http, listen: "127.0.0.1:8090", emits: Event}
    ended: {adapter: http, listen: "127.0.0.1:8091", emits: Event}
    calls: {adapter: http, listen: "127.0.0.1:8092", emits: Call}
  computations:
    unanswered:
      pattern: every a=begun -> (timer:interval(10s) and not ended)
      by: order
      within: 1m
      limit: 10
      select: [{what: a.what}]
      shed: approximate
    so_far: {from: calls, by: host, window: running, retain: 10m, select: [{n: COUNT(*)}, {mean: AVG(took)}]}
    near: {from: calls, by: host, window: sliding 20s, select: [{n: COUNT(*)}]}
    minute: {from: calls, by: host, window: tumbling 10s, select: [{n: COUNT(*)}]}
  outputs:
    log: {adapter: stdout, from: [unanswered, so_far, near, minute]}
  placement:
    edge: {blocks: [begun, ended, calls], connect: group}
    group: {connect: central, listen: "tcp://127.0.0.1:7000"}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}
"""
PLAN = plan_of(text=TEXT)
EDGES = ("a", "b")
ORDERS = 60
Changes = list[tuple[int, str, float]]


Event = tuple[int, str, str, dict[str, Any]]
TURN = 2 * SECOND


def _events() -> list[Event]:
    """Orders that begin at one edge; all are answered at the other after some seconds, but every seventh."""
    draw = np.random.default_rng(4)
    found: list[Event] = []
    for n, at in enumerate(np.sort(draw.integers(0, 60 * SECOND, ORDERS)).tolist()):
        found.append((at, "begun", "a", {"order": f"o{n}", "what": "x"}))
        if n % 7:
            found.append((at + int(draw.integers(1, 9 * SECOND)), "ended", "b", {"order": f"o{n}", "what": "x"}))
    hosts = np.where(draw.random(600) < 0.1, draw.integers(1, 6, 600), 0).tolist()
    for n, at in enumerate(np.sort(draw.integers(0, 70 * SECOND, 600)).tolist()):
        found.append((at, "calls", EDGES[n % 2], {"host": f"h{hosts[n]}", "took": float(n % 9)}))
    return sorted(found, key=lambda event: event[0])


EVENTS = _events()
UNANSWERED = {f"o{n}" for n in range(0, ORDERS, 7)}


def _run(changes: Changes, *, restarts: int = 0) -> dict[str, pl.DataFrame]:
    """What is published when gates of edges change what they admit at these seconds; of `calls` unread."""
    harness, due = Harness(PLAN, instances={"edge": EDGES}, start=START), sorted(changes)
    for turn, at in enumerate(range(0, 80 * SECOND, TURN)):
        while due and due[0][0] * SECOND <= at:
            _, edge, fraction = due.pop(0)
            for name, source in harness.cores["edge", edge].sources.items():
                unread = OPEN if fraction == 1 else Admission(unread=weight_of(fraction))
                whole = Admission(whole=weight_of(fraction), since=START + at)
                source.gate.set_admission(fraction, "cpu", {}, admission=unread if name == "calls" else whole)
        for block, edge in (("begun", "a"), ("ended", "b"), ("calls", "a"), ("calls", "b")):
            mine = [e for e in EVENTS if e[1:3] == (block, edge) and at <= e[0] < at + TURN]
            if mine:
                rows = [{"timestamp": (START + time) // 1000, "payload": payload} for time, *_, payload in mine]
                harness.give(block, rows, instance=edge)
        if restarts and turn % 10 == 9:
            harness.restart(("edge", "group", "central")[turn % 3], "a" if turn % 3 == 0 else None)
    harness.end()
    return {block: harness.published(block) for block in ("unanswered", "so_far", "near", "minute")}


TRUTH = _run([])


@settings(max_examples=3, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 70), st.sampled_from(EDGES), st.sampled_from([1.0, 0.5, 0.1, 0.02])), max_size=5
    ),
    restarts=st.integers(0, 1),
)
def test_nothing_is_exact_that_lost_a_part(*, changes: Changes, restarts: int) -> None:
    """No absence is said of what another gate has dropped, and no count without a bound."""
    found = _run(changes, restarts=restarts)
    said = found["unanswered"]
    assert set(said["order"].to_list() if said.height else []) <= UNANSWERED
    for block in ("so_far", "near", "minute"):
        exact = found[block].filter(pl.col(BOUNDS).is_null()) if BOUNDS in found[block].columns else found[block]
        key = ["host", "_time", "n"] if block == "minute" else ["_id", "n"]
        assert exact.join(TRUTH[block], on=key, how="anti").height == 0, block


def test_who_is_kept_by_all_is_told() -> None:
    """By the higher threshold of two gates; the truth is more than that."""
    assert set(TRUTH["unanswered"]["order"]) >= UNANSWERED - {f"o{n}" for n in range(ORDERS - 15, ORDERS)}
    less = set(_run([(0, "a", 0.5), (0, "b", 0.25)])["unanswered"]["order"])
    assert set() < less < UNANSWERED


KEYED = TEXT.replace("Call: {payload: {host: string, took: float}}", "").replace(
    '    calls: {adapter: http, listen: "127.0.0.1:8092", emits: Call}\n', ""
)
KEYED = KEYED.replace("ended, calls]", "ended]").replace("from: calls, by: host", "from: begun, by: order")
KEYED = KEYED.replace(", {mean: AVG(took)}]}", "]}").replace("[{n: COUNT(*)}]}", "[{n: COUNT(*)}], shed: approximate}")
KEYS_PLAN = plan_of(text=KEYED)


def _run_keys(fractions: dict[str, float], *, restart: bool = False) -> dict[str, pl.DataFrame]:
    """Orders of which each has events at both edges, whose gates keep whole orders by another threshold each."""
    harness = Harness(KEYS_PLAN, instances={"edge": EDGES}, start=START)
    for edge, fraction in fractions.items():
        for source in harness.cores["edge", edge].sources.values():
            source.gate.set_admission(
                fraction, "cpu", {}, admission=Admission(whole=weight_of(fraction), since=START + 1)
            )
    for turn in range(12):
        for edge in EDGES:
            at = (START + turn * TURN) // 1000
            rows = [{"timestamp": at + n, "payload": {"order": f"o{n}", "what": edge}} for n in range(20)]
            harness.give("begun", rows, instance=edge)
        if restart and turn == 5:
            harness.restart("central", None)
    harness.end()
    return {block: harness.published(block) for block in ("so_far", "near", "minute")}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("fractions", [{"b": 0.25}, {"a": 0.5, "b": 0.25}])
def test_a_key_that_one_gate_lets_in_may_have_been_dropped_at_another(
    *, fractions: dict[str, float], restart: bool
) -> None:
    """So what windows of whole keys count is no exact number while thresholds differ."""
    truth, found = _run_keys({}), _run_keys(fractions, restart=restart)
    for block, rows in found.items():
        exact = rows.filter(pl.col(BOUNDS).is_null()) if BOUNDS in rows.columns else rows
        assert exact.join(truth[block], on=["order", "_time", "n"], how="anti").height == 0, block


def test_a_key_that_is_let_in_by_one_threshold_of_all_is_whole() -> None:
    """While all gates have the same, what is said of a key is exact."""
    found = _run_keys({"a": 0.5, "b": 0.5})["so_far"]
    assert 0 < found.height < _run_keys({})["so_far"].height
    late = found.filter(pl.col("_time").dt.epoch("us") > START + TURN)
    assert BOUNDS not in late.columns or late[BOUNDS].null_count() == late.height


def test_a_peer_that_drops_nothing_tells_nothing() -> None:
    """And what cannot be read is refused."""
    assert to_text({"a": Told(key=True, steps=((5, WEIGHT_ONE),))}) == ""
    assert from_text("") == {}
    for odd in ("{", '{"x":[[],[[1,-5]]]}', '{"x":[[[0,99999999999999999999999,2]]]}'):
        with pytest.raises(BadTold):
            from_text(odd)


steps = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9).map(lambda w: w * WEIGHT_ONE)), max_size=40)
stretches = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 30), st.integers(2, 9)), max_size=60)


@given(st.lists(steps, min_size=1, max_size=3), stretches)
def test_what_is_told_of_several_is_never_less(
    several: list[list[tuple[int, int]]], parts: list[tuple[int, int, int]]
) -> None:
    """At any time at least the highest weight of all, in a text that is bounded."""
    unread = [(begin, begin + length, weight * WEIGHT_ONE) for begin, length, weight in parts]
    each = [Told(steps=tuple(dict(sorted(s)).items()), key=True, unread=bounded_stretches(unread)) for s in several]
    one = together(each)
    assert len(one.unread) <= MOST
    assert len(one.steps) <= MOST
    assert len(to_text({f"input-{n}": one for n in range(20)})) <= LONGEST
    times, known = np.arange(110), Elsewhere()
    known.hear("edge/a", to_text({"x": one}))
    for told in each:
        alone = Steps()
        alone.restore(told.steps)
        assert (known.highest(times, 0) >= alone.at(times)).all()
        assert (known.let_in_at(times) <= alone.at(times)).all()
    instants = np.arange(540)
    highest = known.unread_between(instants, instants + 1)
    for begin, end, weight in unread:
        assert (highest[begin : end + 1] >= weight).all()
