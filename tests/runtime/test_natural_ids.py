"""Natural ids: the same id wherever an event comes from, and no repeat within `retain`, however the input is cut."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.natural_ids import NaturalIds
from slac.testing import Harness

RETAIN = 10


def model(events: list[tuple[int, int]]) -> list[bool]:
    """One by one: an event is a repeat if its id was seen no longer than `RETAIN` behind the latest event."""
    seen: dict[int, int] = {}
    latest, fresh = None, []
    for key, time in events:
        known = seen.get(key)
        first = known is None or (latest is not None and known < latest - RETAIN)
        if first:
            seen[key] = time
        latest = time if latest is None else max(latest, time)
        fresh.append(first)
    return fresh


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40)), min_size=1, max_size=40),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
    st.booleans(),
)
@settings(max_examples=150)
def test_as_one_by_one(events: list[tuple[int, int]], sizes: list[int], restart: bool) -> None:  # noqa: FBT001
    """Batches of any size, with a restart after each, find the repeats that are found one by one."""
    ids, found, rest, turn = NaturalIds("doc", "feed", ("key",), RETAIN), [], events, 0
    while rest:
        now, rest = rest[: sizes[turn % len(sizes)]], rest[sizes[turn % len(sizes)] :]
        keys = np.array([k for k, _ in now], np.uint64)
        found += ids.first_times(keys, np.array([t for _, t in now], np.int64)).tolist()
        turn += 1
        if restart:
            fresh = NaturalIds("doc", "feed", ("key",), RETAIN)
            fresh.restore(ids.snapshot(), ids.latest)
            ids = fresh
    assert found == model(events)


def test_state_is_bounded() -> None:
    """What is behind `retain` is forgotten."""
    ids = NaturalIds("doc", "feed", ("key",), RETAIN)
    for start in range(0, 100_000, 1000):
        block = np.arange(start, start + 1000)
        ids.first_times(block.astype(np.uint64), block.astype(np.int64))
    assert ids.snapshot().height == RETAIN + 1
    assert len(ids) < 40_000


def test_ids_are_hashes_of_the_natural_id() -> None:
    """The same for the same values, whatever the place; a row that lacks a part keeps its place's id."""
    frame = pl.DataFrame({"order": ["a", "b", "a", None], "line": [1, 1, 1, 1]})
    ids = NaturalIds("doc", "feed", ("order", "line"), RETAIN).ids_of(frame, np.arange(4, dtype=np.uint64))
    assert ids[0] == ids[2] != ids[1]
    assert ids[3] == 3
    other = NaturalIds("doc", "other", ("order", "line"), RETAIN).ids_of(frame, np.arange(4, dtype=np.uint64))
    assert other[0] != ids[0]


def test_a_source_restarts_before_its_first_event() -> None:
    """A checkpoint in which no id is remembered is one like others."""
    text = """
apiVersion: slac/v1
kind: SLA
metadata: {name: d}
spec:
  events: {E: {payload: {n: int}}}
  inputs: {feed: {adapter: file, path: e.ndjson, emits: E, id: n}}
  outputs: {out: {adapter: stdout, from: feed}}
"""
    harness = Harness(compile_document(Source("d.yaml", text)).plan)
    harness.restart("all")
    harness.give("feed", [{"timestamp": 1, "payload": {"n": 1}}] * 2)
    assert harness.made("feed").height == 1
