"""Running windows of which only the first rows are asked of wait with all others: outside nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.runtime.operators import running_by_columns
from slac.runtime.sparing import spared
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.stream.ports import Records
from slac.testing import Harness
from tests.runtime.test_asking import START, line

T0 = START * 1_000_000
DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: sparing}
spec:
  events: {E: {payload: {x: int}, context: {k: string, t: string}}}
  inputs: {e: {adapter: http, listen: "127.0.0.1:1", path: /e, emits: E, lateness: 2s}}
  computations:
    firsts: {from: e, by: k, window: running, retain: 1h, select: [{first: MIN(EVENT_TIME())}, {n: COUNT(*)}]}
    kinds: {from: e, by: [k, t], window: running, retain: 9s, select: [{x: LAST(x)}, {seen: COUNT(*)}]}
    news:
      from: kinds
      join: {s: {latest: firsts, by: k}}
      retain: 1h
      where: WHERE
      select: [k, t, x, seen, {n: s.n}]
  outputs: {out: {adapter: stdout, from: [news OTHER]}}
  placement:
    edge: {blocks: [e], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7100", address: "tcp://127.0.0.1:7100"}
"""


@cache
def plan(where: str = "seen = 1 AND s.n > 1", other: str = "") -> Plan:
    """The document with this condition, and one more reader of all rows."""
    text = DOCUMENT.replace("WHERE", where).replace(" OTHER", other)
    return compile_document(Source("sparing.yaml", text)).plan


def central(where: str = "seen = 1", other: str = "") -> Plan:
    """The part of it that has all but the input."""
    return plan(where, other).part("central")


def test_whose_first_rows_alone_are_asked_of() -> None:
    """Where every reader is such a join."""
    assert spared(central()) == {"kinds": 1}
    assert spared(central("seen = 1 AND s.n > 1")) == {"kinds": 1}
    assert spared(central("seen <= 1")) == {}
    assert spared(central("x = 1")) == {}
    assert spared(central(other=", kinds")) == {}


def test_rows_of_known_keys_wait() -> None:
    """Until there are many, or one comes that is new, or whose key was silent."""
    harness = Harness(plan("seen = 1"))
    flow = next(core.flow for (node, _), core in harness.cores.items() if node == "central")
    flow.is_lean = True
    for at in range(8):
        harness.give("e", line(at, "a", "u", at))
    assert flow.operators["kinds"].statistics()["rows"] == 4
    harness.give("e", line(8, "a", "v", 3))
    harness.give("e", line(11, "a", "v", 4))
    assert flow.operators["kinds"].statistics()["rows"] == 0
    harness.give("e", line(20, "a", "u", 5))
    harness.give("e", line(23, "b", "v", 5))
    said = harness.published("news").select("t", "x").rows()
    assert said == [("u", 0), ("v", 3), ("u", 5)]


events = st.lists(
    st.tuples(st.integers(-1, 4), st.sampled_from("ab"), st.sampled_from("uvw"), st.integers(0, 5)), max_size=25
)
turns = st.sets(st.integers(0, 8))


@given(events, st.lists(st.integers(1, 6), min_size=1, max_size=4), turns, turns, st.sampled_from([2, 4000]))
@settings(max_examples=20)
def test_who_waits_says_what_who_does_not_says(
    steps: list[tuple[int, str, str, int]], cut: list[int], restarts: set[int], watched: set[int], most: int
) -> None:
    """After each slice, restarted or not, looked at or not, however many may wait."""
    at, rest, turn = 0, list[bytes](), 0
    for step, key, kind, x in steps:
        at = max(at + step, 0)
        rest.append(line(at, key, kind, x))
    lean, eager = Harness(plan()), Harness(plan())
    with patch.object(running_by_columns, "MOST_ROWS", most):
        while rest:
            size = cut[turn % len(cut)]
            for core in lean.cores.values():
                core.flow.is_lean = turn not in watched
            for harness in (lean, eager):
                harness.give("e", b"\n".join(rest[:size]))
            assert_frame_equal(lean.published("news"), eager.published("news"), check_row_order=False)
            if turn in restarts:
                lean.restart("central")
            rest, turn = rest[size:], turn + 1
        for harness in (lean, eager):
            harness.end()
    assert_frame_equal(lean.published("news"), eager.published("news"), check_row_order=False)


@cache
def alone() -> Plan:
    """The whole of it in one runtime."""
    text = DOCUMENT.replace("WHERE", "seen = 1").replace(" OTHER", "").partition("  placement:")[0]
    return compile_document(Source("sparing.yaml", text)).plan


def lone() -> Core:
    """Into which nobody looks."""
    core = Core(alone(), now=T0, live=False)
    core.flow.is_lean = True
    return core


def give(core: Core, ats: Iterable[int], key: str = "a") -> None:
    """Rows of one kind, one after another."""
    for at in ats:
        piece = Records(source="a", arrival=T0 + 200_000_000, ndjson=line(at, key, "u", 1) + b"\n")
        core.on_records("e", [piece])


def held(core: Core) -> int:
    """How many rows wait before they are counted."""
    return core.flow.operators["kinds"].statistics()["rows"]


GATES = [Admission(unread=weight_of(0.3)), OPEN, Admission(unread=weight_of(0.05))]


def said(
    steps: list[tuple[int, str, str, int]], gates: set[int], size: int, *, is_lean: bool, restarts: set[int]
) -> list[pl.DataFrame]:
    """What one runtime says, whose gate changes before some rows, and what `kinds` remembers after each slice."""
    core, found, kept, at = Core(alone(), now=T0, live=False), list[pl.DataFrame](), list[pl.DataFrame](), 0
    admissions = iter(GATES)
    for number, (step, key, kind, x) in enumerate(steps):
        at = max(at + step, 0)
        if number in gates:
            core.sources["e"].gate.set_admission(0.5, "cpu", {"a": number}, admission=next(admissions))
        if number % size == 0:
            core.flow.is_lean = is_lean
        records = Records(source="a", arrival=T0 + 200_000_000, ndjson=line(at, key, kind, x) + b"\n")
        said = core.on_records("e", [records])
        found += [one.frame for one in said if isinstance(one, Publish) and one.block == "news"]
        if number in restarts:
            states = core.snapshot()
            kinds = next(state for name, state in states.items() if name == "node:kinds")
            kept += [frame for _, frame in sorted(kinds.frames.items())]
            core = Core(alone(), now=T0, live=False)
            core.restore(states, T0)
            assert not core.flow.operators["kinds"].statistics()["late"]
    said = core.on_input_ended("e")
    found += [one.frame for one in said if isinstance(one, Publish) and one.block == "news"]
    return [*kept, pl.concat(found, how="diagonal") if found else pl.DataFrame()]


@given(events, st.sets(st.integers(0, 25), max_size=3), st.integers(1, 6), st.sets(st.integers(0, 25)))
@settings(max_examples=20)
def test_nobody_waits_where_something_may_be_lacking(
    steps: list[tuple[int, str, str, int]], gates: set[int], size: int, restarts: set[int]
) -> None:
    """Rows, bounds and snapshots are the same, whenever a gate drops."""
    lean, eager = (said(steps, gates, size, is_lean=one, restarts=restarts) for one in (True, False))
    for one, other in zip(lean, eager, strict=True):
        assert_frame_equal(one, other, check_row_order=False)


def test_a_gate_that_drops_ends_the_wait() -> None:
    """What has waited is worked off with the next wave, and no row waits from then on."""
    core = lone()
    give(core, range(8))
    assert held(core) > 3
    core.sources["e"].gate.set_admission(0.5, "cpu", {"a": 1}, admission=GATES[0])
    give(core, range(8, 40))
    assert held(core) <= 3


def test_a_snapshot_has_nothing_put_off() -> None:
    """Who goes on from it with a log would otherwise say rows behind what its readers have been promised."""
    core = lone()
    give(core, range(8))
    assert held(core) > 3
    assert core.snapshot()["node:kinds"].frames["held"].height == 3
    give(core, range(8, 14))
    assert held(core) > 3
