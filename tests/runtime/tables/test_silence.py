"""Keys that fall silent behind a join: an audit with a threshold for each key hears of windows without rows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.stream.batch import TIME
from slac.testing.harness import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: d}
spec:
  events: {E: {payload: {x: int}, context: {k: string}}, L: {payload: {most: int}, context: {k: string}}}
  inputs:
    e: {adapter: file, path: e.ndjson, emits: E, time: {unit: us}, lateness: 1s}
    l: {adapter: file, path: l.ndjson, emits: L, time: {unit: us}, lateness: 1s}
  tables: {t: {path: t.csv, columns: {k: string, most: int}, key: k, reload: 1m}}
  computations:
    seen: {from: e, by: k, window: tumbling 2s, select: [{n: COUNT(*)}, {top: MAX(x)}]}
    judged: {from: seen, join: {j: {table: t, by: k}}, select: [k, n, top, {most: j.most}]}
  audits:
    kept:
      from: judged
      by: k
      states: {up: {when: top <= most, verdict: ok}, down: {when: top > most, verdict: violated}}
      no_data: undecided
  outputs: {log: {adapter: stdout, from: [kept, judged]}}
"""
SECOND = 1_000_000
SIZE = 2 * SECOND
PLANS = {
    "table": compile_document(Source("d.yaml", DOCUMENT)).plan,
    "latest": compile_document(Source("d.yaml", DOCUMENT.replace("{table: t, by: k}", "{latest: l, by: k}"))).plan,
}

Row = tuple[int, str, int]
"""So many fifths of a second before its step, the key, the value."""
Limits = dict[str, int]
ROWS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab"), st.integers(0, 9)), max_size=3)
LIMITS = st.dictionaries(st.sampled_from("ab"), st.integers(0, 9), min_size=1, max_size=2)
STEPS = st.lists(st.tuples(ROWS, st.one_of(st.none(), LIMITS)), max_size=6)


def play(mode: str, steps: Sequence[tuple[list[Row], Limits | None]], *, apart: bool) -> Harness:
    """A step a second, first its limits; with `apart` rows come one by one, and the runtime is restarted each time."""
    harness = Harness(PLANS[mode], live=True, start=SECOND)
    for number, (rows, limits) in enumerate(steps, start=1):
        if limits is not None and mode == "table":
            harness.table("t", [{"k": k, "most": most} for k, most in limits.items()])
        elif limits is not None:
            at = number * SECOND
            harness.give(
                "l", [{"timestamp": at, "payload": {"most": m}, "context": {"k": k}} for k, m in limits.items()]
            )
        said = [{"timestamp": at_of(number, b), "payload": {"x": x}, "context": {"k": k}} for b, k, x in rows]
        for group in [[r] for r in said] if apart else [said]:
            harness.give("e", group)
        if apart:
            harness.restart("all")
        harness.advance(SECOND)
    for _ in range(4):
        harness.advance(10 * SECOND, 5 * SECOND)
        if apart:
            harness.restart("all")
    return harness


def at_of(number: int, back: int) -> int:
    """The time of a row."""
    return number * SECOND - back * SECOND // 5


def definition(
    mode: str, steps: Sequence[tuple[list[Row], Limits | None]], until: int
) -> list[tuple[int, str, int, int | None, int | None]]:
    """Of each key and window from its first on: how many rows, the greatest value, and the limit at its end."""
    found = []
    values = [(at_of(n, b), k, x) for n, (rows, _) in enumerate(steps, start=1) for b, k, x in rows]
    for key in "ab":
        own = [(at // SIZE, x) for at, k, x in values if k == key]
        for window in range(min((w for w, _ in own), default=until), until // SIZE):
            end = (window + 1) * SIZE
            inside = [x for w, x in own if w == window]
            found.append((end - 1, key, len(inside), max(inside, default=None), limit(mode, steps, key, end - 1)))
    return sorted(found)


def limit(mode: str, steps: Sequence[tuple[list[Row], Limits | None]], key: str, at: int) -> int | None:
    """What the table said of a key, or the stream said last; what a table says at the first step holds since ever."""
    said = [(n * SECOND, limits) for n, (_, limits) in enumerate(steps, start=1) if limits is not None]
    if mode == "latest":
        return next((m[key] for start, m in reversed(said) if start <= at and key in m), None)
    first = steps[0][1] is not None
    held = [m for n, (start, m) in enumerate(said) if start <= at or (n == 0 and first)]
    return held[-1].get(key) if held else None


@pytest.mark.parametrize("mode", ["table", "latest"])
@settings(max_examples=10, deadline=None)
@given(STEPS)
def test_silent_keys_are_joined_and_judged(mode: str, steps: list[tuple[list[Row], Limits | None]]) -> None:
    """Each window without rows meets the limit of its end, in any slicing, and the audit says `no_data`."""
    whole, cut = (play(mode, steps, apart=apart) for apart in (False, True))
    until = (len(steps) + 20) * SECOND // SIZE * SIZE
    judged = whole.made("judged")
    rows = judged.select(pl.col(TIME).to_physical(), "k", "n", "top", "most").rows() if judged.height else []
    expected = definition(mode, steps, until)

    assert sorted(r for r in rows if r[0] < until) == expected
    assert judged.equals(cut.made("judged"))
    assert whole.made("kept").equals(cut.made("kept"))
    assert states(whole, until) == changes(expected)


def states(harness: Harness, until: int) -> list[tuple[str, int, str]]:
    """What the audit said."""
    kept = harness.made("kept")
    rows = kept.select("k", pl.col(TIME).to_physical(), "state").rows() if kept.height else []
    return sorted(r for r in rows if r[1] < until)


def changes(expected: Sequence[tuple[int, str, int, int | None, int | None]]) -> list[tuple[str, int, str]]:
    """The states of every key where they are not those before."""
    held: dict[str, str] = {}
    found = []
    for at, key, _, top, most in expected:
        state = "no_data" if top is None or most is None else "up" if top <= most else "down"
        if held.get(key) != state:
            found.append((key, at, state))
        held[key] = state
    return sorted(found)
