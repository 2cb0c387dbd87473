"""Which inputs may be left undecoded, and that what comes out of windows does not wait for them."""

from __future__ import annotations

from functools import cache

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime.noticing import noticing
from slac.testing import Harness

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: noticing}}
spec:
  events:
    E: {{payload: {{x: float}}, context: {{k: string}}}}
    A: {{payload: {{x: float}}, context: {{k: string}}}}
  inputs:
    slow: {{adapter: http, listen: "127.0.0.1:1", path: /s, emits: E, lateness: 0s}}
    prompt: {{adapter: http, listen: "127.0.0.1:2", path: /p, emits: E, lateness: 0s}}
  computations:
    sums: {{from: slow, by: k, window: tumbling 10s, select: [{{s: SUM(x)}}]}}
    limits: {{from: slow, select: [k, {{limit: x * 2}}]}}
    judged: {{from: sums, join: {{l: {{latest: limits, by: k}}}}, select: [k, s, {{limit: l.limit}}]}}
    high: {{from: judged, where: s > 0, select: [k, {{x: s}}], emits: A}}
    alarms: {{from: prompt, where: x > 5, select: [k, x], emits: A}}
    both: {{pattern: every a=alarms -> b=alarms, within: 1m, select: [{{first: a.x}}, {{second: b.x}}]}}
    twice: {{pattern: "every a=A -> b=A", within: 1m, select: [{{first: a.x}}, {{second: b.x}}]}}
    {extra}
  outputs: {{out: {{adapter: stdout, from: {outputs}}}}}
  placement:
    edge: {{blocks: [slow, prompt, sums, limits, alarms], connect: central}}
    central: {{blocks: ["*"], listen: "tcp://127.0.0.1:3", address: "tcp://127.0.0.1:3"}}
"""


@cache
def plan(extra: str = "", outputs: str = "[judged, both, twice]", *, collapse: bool = False) -> Plan:
    """The document above with one block more."""
    text = DOCUMENT.format(extra=extra, outputs=outputs)
    return compile_document(Source("noticing.yaml", text), CompileOptions(collapse=collapse)).plan


@pytest.mark.parametrize("collapse", [False, True])
def test_rows_that_lead_to_windows_wait_until_their_end(collapse: bool) -> None:  # noqa: FBT001 - by pytest
    """Also those that cross a link, and are met by a join behind a window; what is judged at once does not."""
    found = noticing(plan(collapse=collapse))

    assert set(found) == {"slow"}
    assert found["slow"](START + 3 * SECOND) == START + 10 * SECOND


@pytest.mark.parametrize(
    "extra",
    [
        "seen: {from: slow, where: x > 100, select: [k]}",
        "seen: {from: slow, by: k, window: running, select: [{n: COUNT(*)}]}",
        "seen: {from: alarms, join: {l: {latest: limits, by: k}}, select: [k, x, {limit: l.limit}]}",
        "seen: {from: alarms, join: {l: {latest: sums, by: k}}, select: [k, x, {s: l.s}]}",
        "seen: {from: slow, by: k, window: tumbling 10s, late: restate, select: [{n: COUNT(*)}]}",
    ],
)
def test_an_input_that_anybody_waits_for_does_not_wait(extra: str) -> None:
    """Where a row may be a result, or a watermark sets a result free."""
    found = noticing(plan(extra, "[judged, seen]"))
    # Behind a window that promises up to its end nobody waits for the input.
    assert set(found) == ({"slow"} if "latest: sums" in extra else set())


def test_events_that_take_the_time_of_their_arrival_do_not_wait() -> None:
    """What is read at once has one arrival: a row might come into the window behind its own."""
    text = DOCUMENT.format(extra="", outputs="[judged, twice]").replace("path: /s,", "path: /s, time: ingest,")
    assert noticing(compile_document(Source("noticing.yaml", text), CompileOptions()).plan) == {}


@pytest.mark.parametrize("is_apart", [False, True])
def test_a_join_promises_up_to_the_end_of_windows_that_its_own_runtime_closes(is_apart: bool) -> None:  # noqa: FBT001
    """Where they come over a link it waits for all its inputs, and so do those behind it: none of these is held."""
    relay = """edge: {{blocks: [slow, limits, prompt, alarms], connect: middle}}
    middle: {{blocks: [sums], listen: "tcp://127.0.0.1:4", address: "tcp://127.0.0.1:4", connect: central}}"""
    edge = next(row.strip() for row in DOCUMENT.splitlines() if row.startswith("    edge:"))
    text = (DOCUMENT.replace(edge, relay) if is_apart else DOCUMENT).format(extra="", outputs="[judged, twice]")
    made = compile_document(Source("noticing.yaml", text), CompileOptions()).plan

    join = next(p for c in Harness(made).cores.values() for p in c.flow._places if p.id == "judged.join.l")
    assert (join.lift is None) == is_apart
    assert set(noticing(made)) == (set() if is_apart else {"slow"})


def line(at: float, x: float) -> bytes:
    """An event so many seconds after `START`."""
    return orjson.dumps({"timestamp": START // 1000 + int(at * 1000), "payload": {"x": x}, "context": {"k": "a"}})


@pytest.mark.parametrize("collapse", [False, True])
def test_between_ends_of_windows_nobody_waits_for_an_input_that_is_behind(collapse: bool) -> None:  # noqa: FBT001
    """A pattern over windows of one input and rows of another goes on with the other, but not beyond an end."""
    harness = Harness(plan(collapse=collapse))
    harness.give("slow", line(1, 1))
    for at in (2, 4, 6):
        harness.give("prompt", line(at, 9))
    assert harness.published("twice").height == 1

    for at in (11, 12, 14):
        harness.give("prompt", line(at, 9))
    # Up to 10 s all is known; the window may say something of its last instant yet.
    assert harness.published("twice").height == 2
    harness.give("slow", line(11, 1))
    harness.end()
    assert harness.published("judged").height == 2


@given(st.lists(st.booleans(), min_size=12, max_size=12), st.booleans())
@settings(max_examples=20)
def test_results_do_not_depend_on_who_is_behind(turns: list[bool], collapse: bool) -> None:  # noqa: FBT001
    """Whichever of two inputs comes first, all that is published is the same."""
    expected = run([True] * 6, collapse=collapse)
    found = run(turns, collapse=collapse)
    for block, rows in expected.items():
        assert_frame_equal(found[block], rows)


def run(turns: list[bool], *, collapse: bool) -> dict[str, pl.DataFrame]:
    """All that is published where the inputs have their turns like this."""
    harness = Harness(plan(collapse=collapse))
    waiting = {
        name: [line(5 * turn + more, 6 + turn) for turn in range(6)] for name, more in (("slow", 1), ("prompt", 2))
    }
    for turn in turns:
        name = "slow" if turn else "prompt"
        if waiting[name]:
            harness.give(name, waiting[name].pop(0))
    for name, rows in waiting.items():
        for row in rows:
            harness.give(name, row)
    harness.end()
    return {block: harness.published(block).sort("_time", "_id") for block in ("judged", "both", "twice")}
