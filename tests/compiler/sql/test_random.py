"""Properties over random expressions: nothing raises, and what the compiler promises is what Polars delivers."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.compiler.sql import translate, translate_aggregate
from slac.plan.lowering import lower, to_text
from slac.stream.types import to_polars
from tests.compiler.sql.support import SCOPE, frame, run, sql

Text = st.SearchStrategy[str]

_LEAVES: dict[str, list[str]] = {
    "bool": ["ok", "TRUE", "FALSE", "NULL"],
    "int": ["a", "b", "st.x", "0", "1", "-3", "9223372036854775807", "-9223372036854775808", "NULL"],
    "float": ["f", "l.value", "a", "0.5", "-1e300", "NULL"],
    "string": ["s", "l.zone", "st.y", "''", "'abc'", "'%'", "'é😀'", "NULL"],
    "timestamp": ["t", "EVENT_TIME()", "TIMESTAMP '2024-02-29T12:00:00Z'", "CAST(NULL AS timestamp)"],
    "duration": ["d", "INTERVAL '5 minutes'", "INTERVAL '1 day'", "CAST(NULL AS duration)"],
}

_FORMS: dict[str, list[tuple[str, list[str]]]] = {
    "bool": [
        ("({} AND {})", ["bool", "bool"]),
        ("({} OR {})", ["bool", "bool"]),
        ("(NOT {})", ["bool"]),
        ("({} = {})", ["int", "float"]),
        ("({} <= {})", ["float", "float"]),
        ("({} < {})", ["string", "string"]),
        ("({} > {})", ["timestamp", "timestamp"]),
        ("({} IS DISTINCT FROM {})", ["duration", "duration"]),
        ("({} IN ({}, {}, 7))", ["int", "int", "int"]),
        ("({} NOT IN ('abc', NULL))", ["string"]),
        ("({} BETWEEN {} AND {})", ["float", "int", "float"]),
        ("({} IS NOT NULL)", ["string"]),
        ("({} IS UNKNOWN)", ["bool"]),
        ("({} IS NOT FALSE)", ["bool"]),
        ("({} LIKE 'a%_')", ["string"]),
        ("({} NOT ILIKE '%B%')", ["string"]),
        ("STARTS_WITH({}, {})", ["string", "string"]),
        ("CONTAINS({}, {})", ["string", "string"]),
        ("REGEXP_MATCHES({}, '[a-z]+\\d?')", ["string"]),
        ("CAST({} AS bool)", ["string"]),
    ],
    "int": [
        ("({} + {})", ["int", "int"]),
        ("({} - {})", ["int", "int"]),
        ("({} * {})", ["int", "int"]),
        ("({} // {})", ["int", "int"]),
        ("({} % {})", ["int", "int"]),
        ("(- {})", ["int"]),
        ("ABS({})", ["int"]),
        ("LENGTH({})", ["string"]),
        ("STRPOS({}, {})", ["string", "string"]),
        ("CAST({} AS int)", ["float"]),
        ("CAST({} AS int)", ["string"]),
        ("EXTRACT(hour FROM {})", ["timestamp"]),
        ("EXTRACT(dow FROM {})", ["timestamp"]),
        ("SIGN({})", ["float"]),
        ("COALESCE({}, {})", ["int", "int"]),
        ("GREATEST({}, {})", ["int", "int"]),
        ("CASE WHEN {} THEN {} END", ["bool", "int"]),
        ("CASE {} WHEN 'abc' THEN {} ELSE {} END", ["string", "int", "int"]),
    ],
    "float": [
        ("({} / {})", ["float", "float"]),
        ("({} / 3)", ["int"]),
        ("({} * {})", ["float", "float"]),
        ("({} - {})", ["float", "int"]),
        ("SQRT({})", ["float"]),
        ("LN({})", ["float"]),
        ("EXP({})", ["float"]),
        ("POWER({}, {})", ["float", "float"]),
        ("ROUND({}, 2)", ["float"]),
        ("FLOOR({})", ["float"]),
        ("CAST({} AS float)", ["string"]),
        ("SECONDS({})", ["duration"]),
        ("EXTRACT(epoch FROM {})", ["timestamp"]),
        ("({} / {})", ["duration", "duration"]),
        ("NULLIF({}, {})", ["float", "float"]),
        ("LEAST({}, {})", ["float", "float"]),
        ("CASE WHEN {} THEN {} ELSE {} END", ["bool", "int", "float"]),
    ],
    "string": [
        ("({} || {})", ["string", "string"]),
        ("CONCAT({}, {})", ["string", "string"]),
        ("UPPER({})", ["string"]),
        ("TRIM({}, 'a ')", ["string"]),
        ("SUBSTR({}, {})", ["string", "int"]),
        ("SUBSTR({}, {}, {})", ["string", "int", "int"]),
        ("REPLACE({}, 'b', '$1')", ["string"]),
        ("SPLIT_PART({}, 'b', -1)", ["string"]),
        ("REGEXP_EXTRACT({}, '(b)(.)', 2)", ["string"]),
        ("REGEXP_REPLACE({}, '[0-9a-b]+', '<\\0>', 'g')", ["string"]),
        ("CAST({} AS string)", ["float"]),
        ("CAST({} AS string)", ["bool"]),
        ("CAST({} AS string)", ["int"]),
        ("COALESCE({}, {})", ["string", "string"]),
        ("CASE WHEN {} THEN {} ELSE {} END", ["bool", "string", "string"]),
    ],
    "timestamp": [
        ("({} + INTERVAL '90 minutes')", ["timestamp"]),
        ("({} - INTERVAL '1 day')", ["timestamp"]),
        ("DATE_TRUNC('hour', {})", ["timestamp"]),
        ("DATE_TRUNC('month', {})", ["timestamp"]),
        ("CAST(CONCAT({}, '') AS timestamp)", ["string"]),
        ("GREATEST({}, {})", ["timestamp", "timestamp"]),
    ],
    "duration": [
        ("({} - {})", ["timestamp", "timestamp"]),
        ("({} + {})", ["duration", "duration"]),
        ("({} * {})", ["duration", "int"]),
        ("({} * {})", ["float", "duration"]),
        ("({} / {})", ["duration", "float"]),
        ("(- {})", ["duration"]),
    ],
}


@st.composite
def _typed(draw: st.DrawFn, dtype: str, depth: int = 3) -> str:
    """SQL of one type; every form of every type is drawn."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(_LEAVES[dtype]))
    form, parts = draw(st.sampled_from(_FORMS[dtype]))
    return form.format(*(draw(_typed(part, depth - 1)) for part in parts))


_WORDS = [*(Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split(), "\n", "\t"]


@pytest.mark.parametrize("dtype", _LEAVES)
@given(data=st.data())
def test_promises_hold(dtype: str, data: st.DataObject) -> None:
    """Type and nullability are those of the result; one row at a time gives the same as all rows; it can be written."""
    text = data.draw(_typed(dtype))
    expr = run(text).expr
    assert expr is not None, run(text).diagnostics

    rows = frame()
    whole = rows.with_columns(result=lower(expr))["result"]
    single = [rows[i : i + 1].with_columns(result=lower(expr))["result"] for i in range(rows.height)]

    assert whole.dtype == to_polars(expr.dtype)
    assert expr.nullable or whole.null_count() == 0
    assert whole.equals(pl.concat(single), null_equal=True)
    assert rows.clear().with_columns(result=lower(expr))["result"].dtype == whole.dtype
    assert to_text(expr)


@given(st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join))
def test_word_salad_never_raises(text: str) -> None:
    """Whatever is written, the answer is an expression or what is wrong with it, and every finding has a place."""
    for found in (
        translate(sql(text), SCOPE),
        translate_aggregate(sql(text), SCOPE, iter(f"_a{n}" for n in range(99))),
    ):
        assert (found.expr is None) == bool(found.diagnostics)
        assert all(d.span is not None and d.summary for d in found.diagnostics)


@given(st.text(max_size=40))
def test_any_text_never_raises(text: str) -> None:
    """Not even text that has nothing of SQL."""
    found = run(text)

    assert (found.expr is None) == bool(found.diagnostics)
