"""How long a row may wait, and that one who waits is fetched in time, counted and kept."""

from __future__ import annotations

from functools import cache

import orjson
import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime import inbox
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.runtime.operator import BEGINNING, ENDED
from slac.runtime.rhythm import Rhythm
from slac.stream.ports import Records

SECOND = 1_000_000
DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: waiting}
spec:
  events: {E: {payload: {x: float}, context: {k: string}}}
  inputs: {e: {adapter: http, listen: "127.0.0.1:1", path: /e, emits: E, lateness: 0s}}
  computations:
    high: {from: e, where: x > 1, select: [k, x]}
    sums: {from: high, by: k, window: tumbling 10s, select: [{s: SUM(x)}]}
    both: {from: e, by: k, window: hopping 12s every 4s, select: [{n: COUNT(*)}]}
    calm: {from: e, by: k, window: session 3s, select: [{n: COUNT(*)}]}
    again: {from: e, by: k, window: tumbling 10s, late: restate, select: [{n: COUNT(*)}]}
    limits: {from: e, select: [k, {limit: x * 2}]}
    judged: {from: sums, join: {l: {latest: limits, by: k}}, select: [k, s, {limit: l.limit}]}
    alarms: {from: e, where: x > 5, select: [k, x]}
  outputs: {out: {adapter: stdout, from: [judged, both, calm, again, alarms]}}
  placement: {node: {blocks: ["*"]}}
"""


@cache
def plan() -> Plan:
    """The document above."""
    return compile_document(Source("waiting.yaml", DOCUMENT), CompileOptions(collapse=True)).plan


def core() -> Core:
    """Its runtime."""
    return Core(plan(), now=0, live=True)


def give(runtime: Core, *rows: tuple[float, str, float]) -> dict[str, int]:
    """Rows of time (s), key and value; how many rows each block published at once."""
    lines = (orjson.dumps({"timestamp": int(t * 1000), "payload": {"x": x}, "context": {"k": k}}) for t, k, x in rows)
    out = runtime.on_records("e", [Records(source="s", arrival=60 * SECOND, ndjson=b"\n".join(lines))])
    said: dict[str, int] = {}
    for instruction in out:
        if isinstance(instruction, Publish):
            said[instruction.block] = said.get(instruction.block, 0) + instruction.frame.height
    return said


@pytest.mark.parametrize(
    ("block", "port", "until"),
    [
        ("high", 0, 10),
        ("sums", 0, 10),
        ("both", 0, 8),
        ("calm", 0, None),
        ("again", 0, BEGINNING),
        ("alarms", 0, BEGINNING),
        ("limits", 0, 10),
        ("out", 0, BEGINNING),
    ],
)
def test_how_long_a_row_may_wait(block: str, port: int, until: int | None) -> None:
    """Before windows until their end, before joins until a left row can come; before outputs not at all."""
    inner = [n for n in plan().nodes if n.inputs]
    readers = {n.id: [(r.id, list(r.inputs).index(n.id)) for r in plan().readers(n.id)] for n in plan().nodes}
    rhythm = Rhythm(inner, readers)
    at = 5 * SECOND
    expected = at + 1 if until is None else until if until == BEGINNING else until * SECOND

    assert rhythm.matters(block, port, at) == expected
    assert rhythm.is_patient(block) == (expected != BEGINNING)


def test_rows_wait_and_are_told_in_time() -> None:
    """What somebody could notice is told at once; what waits says when it is due, and is told then."""
    runtime = core()
    assert give(runtime, (1, "a", 9), (2, "a", 3), (2.5, "b", 0)) == {"alarms": 1}
    assert runtime.next_wake() is not None
    due = runtime.flow.next_due()
    assert due is not None
    assert due <= 5 * SECOND

    assert give(runtime, (11, "b", 0))["judged"] == 1


def test_counters_take_what_waits_with_them() -> None:
    """The rows that each block has made, as if nothing waited."""
    runtime = core()
    give(runtime, (1, "a", 9), (2, "a", 3), (2.5, "b", 0))

    assert runtime.flow.rows["high"] == 2
    assert runtime.flow.rows["limits"] == 3


def test_few_rows_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as there are enough, or enough bytes, they are worth a call."""
    for bound in ("MOST_ROWS", "MOST_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(inbox, bound, 2)
            runtime = core()
            give(runtime, (1, "a", 9), (2, "a", 3))

            # The counters themselves would fetch what waits.
            assert runtime.flow.counted["high"] == 2


def test_batches_that_are_alike_become_one() -> None:
    """By port and lateness, and once for all readers of the same ones."""
    runtime = core()
    for at in (1, 2, 3):
        give(runtime, (at, "a", 9))
    waiting = runtime.flow._inbox
    joined: inbox.Joined = {}
    ((_, one),) = waiting["limits"].take(joined)
    ((_, other),) = waiting["both"].take(joined)

    assert one.height == 3
    assert one is other
    assert waiting["limits"].due == ENDED
