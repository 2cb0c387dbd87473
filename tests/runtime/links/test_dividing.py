"""Instances that share the keys of a node: each row at one of them, and together what one would say."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.runtime.instructions import Send
from slac.runtime.links.dividing import divided, owners
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shared}
spec:
  events: {Call: {payload: {ms: int, ok: bool}, context: {user: string, service: string}}}
  inputs: {calls: {adapter: file, path: calls.ndjson, emits: Call, lateness: 2m}}
  probes: {failed: {from: calls, where: NOT ok, select: [user, ms]}}
  computations:
    load: {from: calls, by: [user, service], window: tumbling 10s, select: [{n: COUNT(*)}, {total: SUM(ms)}]}
    joined: {from: failed, join: {l: {latest: load, by: user}}, select: [user, ms, {n: l.n}]}
    pairs: {pattern: every a=failed -> b=failed(user = a.user), by: user, within: 20s, select: [{x: a.ms}, {y: b.ms}]}
  audits:
    pace:
      from: load
      by: [user, service]
      no_data: hold
      states: {good: {when: total <= 90, verdict: ok}, bad: {when: total > 90, verdict: violated}}
  outputs: {out: {adapter: stdout, from: [failed, load, joined, pairs, pace]}}
  placement:
    edge: {blocks: [calls, failed], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", instances: INSTANCES, by: user}
"""
USERS = ["ann", "ben", "cid", "dot", "eve", "fay"]
calls = st.lists(
    st.tuples(
        st.integers(0, 60_000),
        st.sampled_from(USERS),
        st.sampled_from(["x", "y"]),
        st.integers(0, 100),
        st.booleans(),
        st.sampled_from(["a", "b"]),
    ),
    min_size=1,
    max_size=40,
)


def plan(instances: int, *, collapse: bool = False) -> Plan:
    """The document with so many instances of central."""
    text = DOCUMENT.replace("INSTANCES", str(instances))
    return compile_document(Source("shared.yaml", text), CompileOptions(collapse=collapse)).plan


def rows(harness: Harness, block: str) -> list[tuple[Any, ...]]:
    """What was published of a block, without ids of events, which say where they came in."""
    frame = harness.published(block)
    own = [c for c in frame.columns if not c.startswith("_") or c == "_time"]
    kept = ["_id", *own] if block in {"load", "pace"} else own
    return sorted(frame.select(kept).rows(), key=repr) if frame.height else []


@given(calls, st.integers(2, 4), st.data())
@settings(max_examples=15, deadline=None)
def test_several_say_what_one_would(
    given_calls: list[tuple[int, str, str, int, bool, str]], instances: int, data: st.DataObject
) -> None:
    """Whichever of them is started again in between; silence of keys aside, they need nothing of each other."""
    one, many = Harness(plan(2, collapse=True)), Harness(plan(instances), instances={"edge": ["a", "b"]})
    for at, user, service, ms, ok, edge in given_calls:
        event = {"timestamp": at, "payload": {"ms": ms, "ok": ok}, "context": {"user": user, "service": service}}
        one.give("calls", [event])
        many.give("calls", [event], instance=edge)
        if data.draw(st.booleans()):
            many.restart("central", f"central-{data.draw(st.integers(0, instances - 1))}")
    one.end()
    many.end()
    for block in ("failed", "joined", "pairs"):
        assert rows(many, block) == rows(one, block), block
    counted = [r for r in rows(one, "load") if r[-2]]
    assert [r for r in rows(many, "load") if r[-2]] == counted


def test_who_has_more_instances_moves_only_their_share() -> None:
    """A value stays where it was, or goes to the new instance; all have about as many."""
    users = pl.Series([f"user-{n}" for n in range(9_000)])
    two, three = owners(users, 2), owners(users, 3)
    moved = two != three
    assert set(three.filter(moved).to_list()) == {2}
    assert 2_700 < int(moved.sum()) < 3_300
    assert owners(pl.Series([None, "a", None]), 3).n_unique() <= 2


def test_a_message_is_divided() -> None:
    """Each row is with one instance, in its order; the watermark is with all."""
    frame = pl.DataFrame({"user": USERS * 3, "n": range(18)})
    parts = divided(Send("s", "central", frame, 7), "user", 3)
    assert [p.watermark for p in parts] == [7, 7, 7]
    there = [p.frame for p in parts if p.frame is not None]
    assert all(f["n"].is_sorted() for f in there)
    assert pl.concat(there).sort("n").equals(frame)
    assert divided(Send("s", "central", None, 7), "user", 2) == [Send("s", "central", None, 7)] * 2


def test_the_plan_says_how_many_there_are() -> None:
    """So that runtimes that divide otherwise do not talk to each other."""
    links = [n for n in plan(3).nodes if isinstance(n, LinkOutNode)]
    assert {(n.instances, n.by) for n in links} == {(3, "user")}
    assert plan(3).meaning != plan(2).meaning
    place = plan(3).placement("central")
    assert [place.at(n).address for n in range(3)] == [f"tcp://127.0.0.1:{7000 + n}" for n in range(3)]
