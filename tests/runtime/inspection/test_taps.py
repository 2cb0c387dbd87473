"""Rows that pass a block, shown to those who look on."""

from __future__ import annotations

import json

import polars as pl
import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.inspection.taps import LIVES, WAITING_ROWS, Taps
from slac.runtime.links.bodies import from_body
from slac.stream.batch import ID, TIME, Batch
from slac.stream.clock import SECOND

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Hit: {payload: {n: int}}}
  inputs: {hits: {adapter: file, path: hits.ndjson, emits: Hit}}
  computations: {large: {from: hits, where: n > 10, select: [n]}}
"""
WHO = b"somebody"


def taps(first: list[str] | None = None) -> Taps:
    """Of a document with two blocks; `first` hears of all nodes."""
    plan = compile_document(Source("shop.yaml", DOCUMENT)).plan
    return Taps(plan, None if first is None else lambda node, _: first.append(node))


def node_of(block: str) -> str:
    """The last node of a block."""
    return [n.id for n in compile_document(Source("shop.yaml", DOCUMENT)).plan.nodes if n.block == block][-1]


def batch(*values: int) -> Batch:
    """Rows of `large`."""
    times = pl.Series(TIME, list(range(len(values)))).cast(pl.Datetime("us", "UTC"))
    return Batch(pl.DataFrame([times, pl.Series(ID, values, dtype=pl.UInt64), pl.Series("n", values)]))


def shown(of: Taps, now: int) -> list[int]:
    """The numbers in what is shown."""
    return [json.loads(line)["n"] for _, _, lines, _ in of.shown(now) for line in lines.splitlines()]


def test_what_passes_is_shown() -> None:
    """Rows of the block that is watched, once, and those of no other."""
    heard: list[str] = []
    made = taps(heard)
    made.watch(WHO, "large", rate=100, now=0)
    made(node_of("large"), batch(11, 12))
    made(node_of("hits"), batch(1))

    assert shown(made, 0) == [11, 12]
    assert shown(made, 0) == []
    assert heard == [node_of("large"), node_of("hits")]


def test_of_many_rows_a_few_are_shown_evenly() -> None:
    """At most the rate; how many have passed is told."""
    made = taps()
    made.watch(WHO, "large", rate=10, now=0)
    made(node_of("large"), batch(*range(100, 1_100)))

    [(who, block, lines, passed)] = made.shown(0)
    found = [json.loads(line)["n"] for line in lines.splitlines()]
    assert (who, block, passed) == (WHO, "large", 1_000)
    assert found == list(range(100, 1_100, 100))
    made(node_of("large"), batch(7))
    assert made.shown(0) == []
    made(node_of("large"), batch(8))
    assert shown(made, SECOND // 5) == [8]


def test_who_does_not_come_again_is_forgotten() -> None:
    """Nothing is kept for one who is gone."""
    made = taps()
    made.watch(WHO, "large", rate=10, now=0)
    made.watch(WHO, "large", rate=10, now=LIVES)
    made.shown(2 * LIVES)
    assert made.watching == {WHO}
    made.shown(2 * LIVES + 1)
    assert (made.is_watched, made.watching) == (False, frozenset())


def test_a_block_that_is_not_here() -> None:
    """It is refused, and those that are can be named."""
    made = taps()
    with pytest.raises(KeyError):
        made.watch(WHO, "small", rate=1, now=0)
    assert set(made.blocks) == {"hits", "large"}


def test_all_rows_are_shown_as_arrow() -> None:
    """To one who asks for them, whatever the rate; what is not fetched in time is counted."""
    made = taps()
    made.watch(WHO, "large", rate=1, now=0, form="arrow")
    for first in range(0, 100, 10):
        made(node_of("large"), batch(*range(first, first + 10)))
    ((_, block, stream, passed),) = made.shown(0)
    frame = from_body(stream)

    assert frame is not None
    assert (block, passed, frame["n"].to_list()) == ("large", 100, list(range(100)))
    assert made.shown(0) == []
    many, node = batch(*range(50_000)), node_of("large")
    for _ in range(WAITING_ROWS // 50_000 + 3):
        made(node, many)
    ((_, _, stream, passed),) = made.shown(0)
    rest = from_body(stream)

    assert rest is not None
    assert (rest.height, passed) == (WAITING_ROWS, WAITING_ROWS + 150_100)
