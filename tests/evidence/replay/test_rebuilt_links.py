"""How far a link had come is in a full log: a receiver whose checkpoints are gone goes on where its senders are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import RunFailed, Source
from slac.evidence.replay import replay_same
from slac.evidence.replay.rebuild import rebuild
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction, Publish, Send
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.stream.batch import BOUNDS, ID
from slac.stream.ports import Records
from slac.testing.sensitive import HASHER
from tests.evidence.replay.logged import LoggedRun

DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Call: {payload: {n: int}, context: {pod: string}}}
  inputs: {calls: {adapter: http, listen: "127.0.0.1:1", emits: Call}}
  computations:
    per_pod: {from: Call, by: pod, window: tumbling 10s, late: restate, retain: 1h, select: [{n: SUM(n)}]}
    ever: {from: Call, by: pod, window: running, select: [{n: SUM(n)}]}
  outputs: {out: {adapter: file, path: out.ndjson, from: [per_pod, ever]}}
  placement:
    edge: {blocks: [calls], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
"""
PLAN: Final = compile_document(Source("shop.yaml", DOCUMENT), CompileOptions()).plan
Message = tuple[str, Send]
DROPPED: Final = {10: Admission(unread=weight_of(0.01)), 25: OPEN}


def sent(peer: str, begin: int, end: int) -> list[Message]:
    """What an edge sends of a call a second, in messages of five seconds; of some all is dropped unread."""
    edge = Core(PLAN.part("edge"), now=0, live=False, hasher=HASHER)
    found: list[Message] = []
    for low in range(begin, end, 5):
        calls = (
            {"timestamp": s * 1000, "payload": {"n": s}, "context": {"pod": "ab"[s % 2]}} for s in range(low, low + 5)
        )
        if low - begin in DROPPED:
            admission = DROPPED[low - begin]
            edge.sources["calls"].gate.set_admission(0.3, "cpu", {}, admission=admission)
        ndjson = b"\n".join(json.dumps(call).encode() for call in calls)
        made = edge.on_records("calls", [Records(source=peer, arrival=0, ndjson=ndjson)])
        found += [(peer, i) for i in made if isinstance(i, Send)]
    found += [(peer, i) for i in edge.on_input_ended("calls") if isinstance(i, Send)]
    return found


def messages() -> list[Message]:
    """Of two edges, one of which is ahead."""
    one, other = sent("edge/a", 0, 60), sent("edge/b", 3, 63)
    turns = [m for pair in zip(one[3:], other, strict=False) for m in pair]
    return [*one[:3], *turns, *other[len(one) - 3 :]]


def take(core: Core, told: list[Message], rows: dict[int, dict[str, Any]]) -> None:
    """Messages come; what is published is kept by id."""
    for peer, send in told:
        keep(core.on_link(send.stream, peer, send, 0), rows)


def keep(instructions: list[Instruction], rows: dict[int, dict[str, Any]]) -> None:
    """By id and revision."""
    for one in instructions:
        if isinstance(one, Publish):
            for row in one.frame.iter_rows(named=True):
                rows[row[ID]] = row


def central() -> Core:
    """A fresh one."""
    return Core(PLAN.part("central"), now=0, live=False, hasher=HASHER)


def test_positions_are_those_of_the_runtime(tmp_path: Path) -> None:
    """By link and edge: watermarks, who has ended, what is promised and certain."""
    run = LoggedRun(PLAN, tmp_path, node="central")
    take(run.core, messages()[:9], {})
    for inlet in run.core.inlets.values():
        inlet.leave("edge/a")
    run.core.carry(0)
    run.look()
    run.writer.close()
    made = rebuild(run.log, PLAN)
    for name, inlet in run.core.inlets.items():
        assert made.states[f"inlet:{name}"].values == inlet.snapshot().values
    assert [p.peer for p in next(iter(made.accepted.values()))] == ["edge/a", "edge/b"]


@given(cut=st.integers(1, 20), saved=st.integers(0, 20), back=st.integers(0, 6), holds=st.booleans())
@settings(max_examples=12, deadline=None)
def test_what_is_sent_again_counts_once(
    tmp_path_factory: pytest.TempPathFactory, cut: int, saved: int, back: int, *, holds: bool
) -> None:
    """Wherever the log ends, also behind a crash: the rows and ids of a runtime that was never disturbed."""
    told = messages()
    expected: dict[int, dict[str, Any]] = {}
    take(central(), told, expected)

    rows: dict[int, dict[str, Any]] = {}
    run = LoggedRun(PLAN, tmp_path_factory.mktemp("log"), node="central")
    saved = min(saved, cut)
    take(run.core, told[:saved], rows)
    run.checkpoint()
    lost: dict[int, dict[str, Any]] = {}
    take(run.core, told[saved:cut], lost)
    if holds:
        run.hold()
    run.crash()
    take(run.core, told[max(saved - back, 0) : cut], lost)
    run.look()
    run.writer.close()
    made = rebuild(run.log, PLAN)
    assert made.gaps == ()
    fresh = central()
    fresh.restore(made.states, 0)
    for name, state in made.states.items():
        for frame in state.frames.values() if name == "output:out" else ():
            rows |= {row[ID]: row for row in frame.iter_rows(named=True)}
    take(fresh, told[max(cut - back, 0) :], rows)
    assert rows == expected


def test_a_replay_doubts_what_was_doubted(tmp_path: Path) -> None:
    """What gates of edges had dropped is in the log of central, at its place."""
    run = LoggedRun(PLAN, tmp_path, node="central")
    take(run.core, messages(), {})
    run.look()
    run.writer.close()
    found = replay_same(run.log)
    assert [o.difference for o in found.outcomes if not o.same] == []
    assert {o.block for o in found.outcomes if o.logged} == {"per_pod", "ever"}
    for block in ("per_pod", "ever"):
        assert 0 < run.log.rows(block)[BOUNDS].null_count() < run.log.rows(block).height


def test_what_cannot_be_rebuilt(tmp_path: Path) -> None:
    """A log of the version before, a runtime that sends, and a log of which segments are gone."""
    run = LoggedRun(PLAN, tmp_path / "one", node="central")
    take(run.core, messages()[:5], {})
    run.look()
    run.writer.close()
    header = run.log.segments[0].path / "segment.json"
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace('"format": 2', '"format": 1'), encoding="utf-8")
    with pytest.raises(RunFailed, match=r"how far the two sides of .* had come with one another is not in it"):
        rebuild(run.log, PLAN)

    edge = LoggedRun(PLAN, tmp_path / "two", node="edge")
    edge.look()
    edge.writer.close()
    with pytest.raises(RunFailed, match="the other side has not made safe, is not in it"):
        rebuild(edge.log, PLAN)


def test_a_log_that_was_switched_on_later(tmp_path: Path) -> None:
    """It says where all edges are that had come before, with what the blocks hold."""
    run = LoggedRun(PLAN, tmp_path, node="central")
    told = messages()
    take(run.core, told[:9], {})
    run.switch()
    run.look()
    run.writer.close()
    made = rebuild(run.log, PLAN)
    for name, inlet in run.core.inlets.items():
        assert made.states[f"inlet:{name}"].values["peers"] == inlet.snapshot().values["peers"]
