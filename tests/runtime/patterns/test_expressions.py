"""Conditions over one partial match say what their lowering to Polars says, NULL, NaN and overflow included."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler.sql import Scope, translate
from slac.diagnostics import Position, Source, Span
from slac.language.terms import Sql
from slac.plan.lowering import lower
from slac.runtime.patterns.expressions import Compiler
from slac.runtime.patterns.rows import Row, RowType
from slac.stream.types import Field, Float, Int, Schema, String, to_polars

SCHEMA = Schema((Field("i", Int()), Field("f", Float()), Field("s", String())))
TYPES = RowType.of({f.name: f.dtype for f in SCHEMA.fields})
SPAN = Span(Source("", ""), Position(1, 1), Position(1, 1))
VALUES = st.tuples(
    st.none() | st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63)]),
    st.none() | st.sampled_from([0.0, -0.0, 1.5, float("nan"), float("inf")]),
    st.none() | st.sampled_from(["", "a", "B", "é"]),
)


@pytest.mark.parametrize(
    "text",
    [
        "i = a.i",
        "i <> a.i OR f = a.f",
        "i < a.i AND s >= a.s",
        "NOT (f > a.f)",
        "f <= a.f AND NOT (i = a.i OR s = a.s)",
        "i + a.i > 0",
        "i - a.i < a.i",
        "i > a.f",
        "s IS NULL OR a.s IS NOT NULL",
        "UPPER(s) = UPPER(a.s)",
        "i IN (a.i, 1)",
        "COALESCE(a.i, i) BETWEEN 0 AND 5",
        "CASE WHEN a.i > 0 THEN s = a.s ELSE f = a.f END",
        "s || a.s LIKE 'a%'",
    ],
)
@given(own=VALUES, other=VALUES)
@settings(max_examples=25, deadline=None)
def test_python_and_polars_agree(text: str, own: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    """Over any event and any tag."""
    scope = Scope.of(SCHEMA, stream="s").with_alias("a", SCHEMA)
    expr = translate(Sql(text=text, span=SPAN), scope, condition=True).expr
    assert expr is not None
    columns = [pl.Series(f.name, [v], to_polars(f.dtype)) for f, v in zip(SCHEMA.fields, own, strict=True)]
    columns += [pl.Series(f"a.{f.name}", [v], to_polars(f.dtype)) for f, v in zip(SCHEMA.fields, other, strict=True)]
    evaluate = Compiler(TYPES, {"a": TYPES}).compile(expr)
    found = evaluate(Row(0, 1, own), {"a": Row(0, 2, other)})
    assert found == pl.DataFrame(columns).select(value=lower(expr))["value"][0]
