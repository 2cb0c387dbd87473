"""Selects that remember what they have said of texts say what a query says."""

from __future__ import annotations

from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AnyExpr, Column, NamedExpr
from slac.plan.nodes import SelectNode
from slac.runtime.operators import select, select_remembered
from slac.runtime.operators.select import SelectOperator
from slac.runtime.operators.select_remembered import remembered
from slac.stream.batch import ID, TIME, TIME_TYPE, Batch
from slac.stream.types import Bool, Field, Float, Map, Schema, String
from tests.plan.test_at_once import TEXTS, VALUES, call, compared, texts
from tests.runtime.operators.driving import CONTEXT

CONDITIONS = st.recursive(
    compared(String(), texts),
    lambda inner: st.builds(lambda f, a, b: call(f, Bool(), a, b), st.sampled_from(("and", "or")), inner, inner),
    max_leaves=4,
)
NUMBER = Column(name="number", dtype=Float())


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Rows whose texts come again."""
    height = draw(st.integers(1, 8))
    text, maps = st.none() | st.sampled_from(TEXTS), st.none() | VALUES[Map()]
    made = {name: draw(st.lists(text, min_size=height, max_size=height)) for name in ("text", "other")}
    some = draw(st.lists(maps, min_size=1, max_size=3))
    made["labels"] = draw(st.lists(st.sampled_from(some), min_size=height, max_size=height))
    frame = pl.DataFrame(made, schema=dict.fromkeys(("text", "other", "labels"), pl.String))
    rows = pl.int_range(height)
    return frame.select(rows.cast(TIME_TYPE).alias(TIME), rows.cast(pl.UInt64).alias(ID), pl.all(), number=rows / 2)


def node_of(where: AnyExpr | None, made: list[AnyExpr] | None) -> SelectNode:
    """A select of these columns, and of a number as it is; None: of all as they are."""
    named = None if made is None else tuple(NamedExpr(name=f"c{n}", expr=e) for n, e in enumerate([*made, NUMBER]))
    schema = Schema(tuple(Field(c.name, c.expr.dtype) for c in named or ()))
    return SelectNode(id="s", block="s", node="n", inputs=("m",), schema=schema, where=where, columns=named)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(frames(), min_size=1, max_size=4),
    st.none() | CONDITIONS,
    st.none() | st.lists(texts | CONDITIONS, max_size=3),
    st.sampled_from((1, 3, 4096)),
)
def test_the_same_rows(
    given_: list[pl.DataFrame], where: AnyExpr | None, made: list[AnyExpr] | None, most: int
) -> None:
    """However little is remembered, and when it is forgotten."""
    node = node_of(where, made)
    with patch.multiple(select_remembered, _MOST=most, _LONG=30, _WORTH=0):
        few = SelectOperator(node, CONTEXT)
        with patch.object(select, "_FEW", 0):
            many = SelectOperator(node, CONTEXT)
            many._most = 0  # what only names columns takes no query otherwise
        for frame in given_:
            said, expected = ([b.frame for b in one.on_batch(0, Batch(frame))] for one in (few, many))
            assert len(said) == len(expected)
            assert all(a.equals(b) and a.schema == b.schema for a, b in zip(said, expected, strict=True))


def test_names_that_change_slowly_stay_remembered() -> None:
    """Many more than are held come in the course of time, each of them often; who sees each once gives up."""
    where = call("=", Bool(), Column(name="text", dtype=String()), Column(name="other", dtype=String()))
    with patch.multiple(select_remembered, _MOST=4, _PAYS=2, _WORTH=0):
        slow, quick = remembered(where, None), remembered(where, None)
        assert slow is not None
        assert quick is not None
        for name in map(str, range(40)):
            rows = pl.DataFrame({"text": [name] * 10, "other": ["1"] * 10})
            said = slow.of(rows)
            assert said is not None
            assert said.height == (10 if name == "1" else 0)
            quick.of(rows.head(1))
        assert quick.of(pl.DataFrame({"text": ["1"], "other": ["1"]})) is None


@pytest.mark.parametrize("expr", [NUMBER, call("upper", String(), Column(name="text", dtype=String()))])
def test_what_is_no_text_or_has_no_form_is_not_remembered(expr: AnyExpr) -> None:
    """Only few texts come again, and only of what is worked out at once it is known that it depends on nothing else."""
    with patch.object(select_remembered, "_WORTH", 0):
        assert remembered(call("=", Bool(), expr, expr), None) is None
