"""Patterns by columns say what the general evaluator says: the same rows, ids and order, however the input is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.columnar_patterns import column_shape
from slac.plan.nodes import PatternNode
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.build import build_operator
from slac.runtime.operators.pattern import PatternOperator
from slac.runtime.operators.pattern_columns import PatternColumnsOperator
from slac.runtime.patterns import results
from slac.stream.batch import DEPTH, ID, TIME, Batch
from tests.runtime.operators.driving import Driver, events
from tests.runtime.patterns.compiled import SECOND, node_of

CONTEXT = OperatorContext(document="doc", start=0)
COLUMNS = {"id": pl.String(), "n": pl.Int64(), "key": pl.String(), DEPTH: pl.UInt16()}
_NODES: dict[tuple[str, str], PatternNode] = {}

FIRST = st.sampled_from(["x=X", "x=X(n > 2)", "X(n < 4)"])
SECOND_ONE = st.sampled_from(["y=Y", "y=Y(n % 2 = 0)", "Y", "y=X", "y=X(n > 3)"])
BACK = st.sampled_from(
    [
        "y=Y(n > x.n)",
        "y=Y(n = x.n)",
        "y=X(n <= x.n)",
        "y=Y(UPPER(id) > x.id, n <> x.n)",
        "y=Y(n = x.n, id > x.id)",
        "y=X(n = x.n + 1)",
    ]
)
TAGGED = st.sampled_from(["x=X", "x=X(n > 1)"])


@st.composite
def shapes(draw: st.DrawFn) -> str:
    """A pattern of a shape that may run by columns."""
    kind = draw(st.sampled_from(["next", "each", "silence", "both", "count"]))
    again = draw(st.sampled_from(["every ", ""]))
    first, second = draw(FIRST), draw(SECOND_ONE)
    if kind == "count":
        return f"{again}[{draw(st.integers(1, 4))}] {first}"
    if kind == "both":
        return f"{again}({first} and {second})"
    if draw(st.booleans()):
        first, second = draw(TAGGED), draw(BACK)
    if kind == "silence":
        return f"every {first} -> (timer:interval({draw(st.integers(1, 5))}s) and not {second})"
    return f"every {first} -> {'every ' if kind == 'each' else ''}{second}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A pattern with its bounds, and the rows of its streams in order of time."""

    pattern: str
    by: str
    within: int | None
    limit: int | None
    retain: int
    rows: dict[str, pl.DataFrame]
    last: int

    @property
    def node(self) -> PatternNode:
        """The plan's node; the bounds are put into one that was compiled before."""
        key = (self.pattern, self.by)
        made = _NODES.get(key) or _NODES.setdefault(key, node_of(self.pattern, by=self.by))
        retain = max(self.retain, self.within or 0)
        return msgspec.structs.replace(made, within=self.within, limit=self.limit, retain=retain)


# Which streams show it, how long after the one before, in which key, a number, the depth of its block.
EVENT = st.tuples(
    st.sampled_from(["X", "Y", "X", "Y", "XY", "XX"]),
    st.sampled_from([0, 0, 1, 1, 2, 3, 9]),
    st.sampled_from(["a", "a", "b", "c", None]),
    st.integers(0, 5),
    st.sampled_from([0, 0, 0, 1]),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Streams with ties in time, rows that two streams show, ids that come twice, and NULL in a key."""
    within = draw(st.sampled_from([None, SECOND, 3 * SECOND, 6 * SECOND + 1]))
    limits = [1, 2, 40] if within is None else [None, None, 1, 2, 3]
    time, made = 0, {"X": list[dict[str, Any]](), "Y": list[dict[str, Any]]()}
    for place, (kinds, wait, key, n, depth) in enumerate(draw(st.lists(EVENT, min_size=1, max_size=24))):
        time += wait * SECOND // 2
        for kind in kinds:
            row = {TIME: time, ID: place * 7919 % 1000, "id": f"{kind}{place}", "n": n, "key": key, DEPTH: depth}
            made[kind].append(row)
    return Case(
        pattern=draw(shapes()),
        by=draw(st.sampled_from(["", "key"])),
        within=within,
        limit=draw(st.sampled_from(limits)),
        retain=draw(st.sampled_from([4 * SECOND, 3600 * SECOND])),
        rows={k: events(r, COLUMNS) for k, r in made.items() if r},
        last=time + 8 * SECOND,
    )


def table(driven: Driver) -> pl.DataFrame:
    """All rows that were said, in order."""
    return pl.concat(driven.out) if driven.out else pl.DataFrame()


def whole(case: Case, driven: Driver) -> Driver:
    """All rows at once, then all time."""
    for port, kind in enumerate(case.node.inputs):
        if kind in case.rows:
            driven.give([Batch(case.rows[kind])], port)
    driven.advance(case.last)
    return driven


def piecewise(case: Case, driven: Driver, data: st.DataObject) -> Driver:
    """Rows in slices, watermarks between them, and restarts, as they are drawn."""
    rest = {port: case.rows[kind] for port, kind in enumerate(case.node.inputs) if kind in case.rows}
    mark = 0
    while rest:
        port = data.draw(st.sampled_from(sorted(rest)))
        size = data.draw(st.integers(1, rest[port].height))
        driven.give([Batch(rest[port][:size].sample(fraction=1, shuffle=True, seed=size))], port)
        rest[port] = rest[port][size:]
        rest = {p: f for p, f in rest.items() if f.height}
        ahead = min([*(int(f[TIME].to_physical()[0]) for f in rest.values()), case.last])
        mark = max(mark, data.draw(st.integers(min(mark, ahead), ahead)))
        driven.advance(mark)
        if data.draw(st.booleans()):
            driven.restart()
    driven.advance(case.last)
    return driven


def general(case: Case) -> Driver:
    """The evaluator that defines what a pattern means."""
    node = case.node
    return Driver(lambda: PatternOperator(node, CONTEXT))


@given(cases(), st.data())
@settings(max_examples=100, deadline=None)
def test_columns_and_the_general_evaluator_say_the_same(case: Case, data: st.DataObject) -> None:
    """Rows, ids, order and what `limit` gave up agree for any slices and restarts, and of few matches as of many."""
    expected = whole(case, general(case))
    node = case.node
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "_FEW", data.draw(st.sampled_from([0, results._FEW])))
        driven = piecewise(case, Driver(lambda: build_operator(node, CONTEXT)), data)
    assert table(driven).equals(table(expected))
    assert driven.operator.statistics()["given_up"] == expected.operator.statistics()["given_up"]
    assert isinstance(driven.operator, PatternOperator if column_shape(node) is None else PatternColumnsOperator)
