"""A log run again gives the same rows to the bit: whole, from block to block, with crashes and shedding in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source, UsageError
from slac.evidence.log.layout import place_of, segment_path
from slac.evidence.log.reader import LogDirectory
from slac.evidence.replay import replay_same
from slac.stream.clock import SECOND
from tests.evidence.replay.logged import LoggedRun
from tests.runtime.random.documents import Drawn, documents
from tests.runtime.random.test_any_document import Event, histories, plan

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events:
    Call: {payload: {op: string, duration: float, ok: bool}, context: {pod: string, user: string}, sensitive: user}
  inputs:
    calls: {adapter: http, listen: "127.0.0.1:1", emits: Call, lateness: 2s, idle: 5s}
  probes:
    seen: {from: calls, where: user <> 'robot', select: [op, duration, ok, pod, user]}
  computations:
    stats: {from: seen, by: op, window: running, select: [{mean: AVG(duration)}, {sd: STDDEV_POP(duration)}]}
    slow:
      from: seen
      join: {s: {latest: stats, by: op}}
      where: duration - s.mean > 2 * s.sd
      select: [op, pod, duration]
    per_pod:
      from: seen
      by: pod
      window: tumbling 1m
      select: [{n: COUNT(*)}, {users: COUNT(DISTINCT user)}, {bad: COUNT(*) FILTER (WHERE NOT ok)}]
      then: [{share: bad / n}]
    again:
      pattern: every a=slow -> b=slow(pod = a.pod)
      within: 1m
      limit: 100
      select: [{pod: a.pod}, {first: a.duration}, {second: b.duration}]
  audits:
    pods:
      from: per_pod
      by: pod
      states:
        up: {when: share < 0.3, verdict: ok, report_every: 10m}
        down: {when: share >= 0.3, verdict: violated, report_every: 2m}
      initial: up
  violations:
    silent: {absent: seen, for: 6s}
  outputs:
    out: {adapter: file, path: out.ndjson, from: [pods, silent, again]}
"""
BLOCKS = ("stats", "slow", "per_pod", "again", "pods", "silent")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LoggedRun:
    """A live run of some minutes with silence, late events, a gate that thins, checkpoints and two crashes."""
    made = compile_document(Source("shop.yaml", DOCUMENT)).plan
    logged = LoggedRun(made, tmp_path_factory.mktemp("log"), live=True, start=1_000 * SECOND)
    seq = 0
    for turn in range(60):
        rows = []
        for _ in range(20):
            seq += 1
            late = 4 * (seq % 37 == 0)
            payload = {"op": "abc"[seq % 3], "duration": (seq * seq) % 97 / 7 + 50 * (seq % 41 == 0), "ok": seq % 4 > 0}
            context = {
                "pod": f"p{seq % 5}" if turn > 12 or seq % 31 else "rare",
                "user": ("ann", "bob", "robot")[seq % 7 % 3],
            }
            at = logged.now // 1000 + seq % 20 - 1000 * late
            rows.append({"timestamp": at, "payload": payload, "context": context})
        if turn % 11 < 8:
            logged.give("calls", rows)
        if turn in (20, 40):
            logged.decide("calls", 0.5 if turn == 20 else 0.2)
        if turn in (9, 25, 44):
            logged.checkpoint()
        if turn in (30, 50):
            logged.crash()
        logged.tick(logged.now + 4 * SECOND)
    logged.close()
    return logged


def test_the_whole_log(run: LoggedRun) -> None:
    """Every block; rows of `seen` are given, because no log holds what it judges by."""
    found = replay_same(run.log)
    assert {o.block: o.difference for o in found.outcomes} == dict.fromkeys(BLOCKS, "")
    assert all(o.logged for o in found.outcomes)
    assert run.log.rows("calls")["_weight"].null_count() < run.log.rows("calls").height
    unseen = run.log.rows("per_pod").filter(n=0)
    assert unseen["_bounds"].is_not_null().any()
    assert found.runs == 3
    assert found.gaps == ()


@pytest.mark.parametrize("block", BLOCKS[1:])
def test_one_block(run: LoggedRun, block: str) -> None:
    """From what it had read."""
    [found] = replay_same(run.log, begin=block, end=block).outcomes
    assert found.same, found.difference
    assert found.logged == found.made > 0


def test_ways(run: LoggedRun) -> None:
    """What lies between two blocks, before one, behind one; and what cannot be."""
    ways = {
        ("per_pod", "pods"): {"per_pod", "pods"},
        (None, "slow"): {"stats", "slow"},
        ("slow", None): {"slow", "again"},
    }
    for (begin, end), blocks in ways.items():
        found = replay_same(run.log, begin=begin, end=end)
        assert {o.block for o in found.outcomes} == blocks
        assert found.same
    with pytest.raises(UsageError, match='nothing leads from "pods" to "slow"'):
        replay_same(run.log, begin="pods", end="slow")
    with pytest.raises(UsageError, match="did you mean"):
        replay_same(run.log, begin="per_pood")


def test_damage_is_told_and_gone_around(run: LoggedRun, tmp_path: Path) -> None:
    """A file that is not whole is left out: what can be compared is, and what is missing has a name."""
    place = place_of(run.directory, "shop", "all", "a")
    shutil.copytree(place, tmp_path / "shop.all.a")
    damaged = next((segment_path(tmp_path / "shop.all.a", 2) / "per_pod").glob("rows*"))
    damaged.write_bytes(damaged.read_bytes()[:-20])
    found = replay_same(LogDirectory(tmp_path / "shop.all.a"))
    assert found.same
    assert next(o for o in found.outcomes if o.block == "per_pod").missing > 0
    assert any(str(damaged) in gap for gap in found.gaps)


def test_other_results_are_found(run: LoggedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is not the same has a name, and what it was."""
    log = run.log
    rows = LogDirectory.rows

    def lying(self: LogDirectory, node: str, **bounds: int) -> object:
        found = rows(self, node, **bounds)
        return found.with_columns(n=found["n"] + (found["n"] == found["n"].max())) if node == "per_pod" else found

    monkeypatch.setattr(LogDirectory, "rows", lying)
    [found] = [o for o in replay_same(log).outcomes if o.block == "per_pod"]
    assert not found.same
    assert ": n was " in found.difference


@given(documents(), histories(), st.integers(1, 12), st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
@settings(max_examples=12, phases=[Phase.generate], deadline=None)
def test_any_document(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: Drawn,
    events: list[Event],
    size: int,
    saved: set[int],
    crashes: set[int],
) -> None:
    """In waves of any size, with checkpoints and crashes anywhere; then each block for itself."""
    made = plan(drawn, collapse=True)
    logged = LoggedRun(made, tmp_path_factory.mktemp("log"))
    for turn, first in enumerate(range(0, len(events), size)):
        logged.give("m", events[first : first + size])
        if turn in saved:
            logged.checkpoint()
        if turn in crashes:
            logged.crash()
    logged.end()
    found = replay_same(logged.log)
    assert [o.difference for o in found.outcomes if not o.same] == []
    assert found.gaps == ()
    for block in dict.fromkeys(o.block for o in found.outcomes):
        alone = replay_same(logged.log, begin=block, end=block)
        assert [o.difference for o in alone.outcomes if not o.same] == []
