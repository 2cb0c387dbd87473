"""Expressions that are right: what they become, what they are over a group, and which names mean what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import msgspec
import pytest

from slac.compiler.sql import Scope, TranslatedAggregate, translate, translate_aggregate
from slac.plan.expressions import AnyExpr
from slac.plan.lowering import columns_of, to_text
from slac.stream.types import Field, Float, Int, Schema, String, Struct
from tests.compiler.sql.support import SCHEMA, SCOPE, marked, run, sql


def _names() -> Iterator[str]:
    return (f"_a{n}" for n in count())


def _group(text: str, *keys: str) -> TranslatedAggregate:
    return translate_aggregate(sql(text), SCOPE.with_keys(frozenset(keys)), _names())


def _text(expr: AnyExpr | None) -> str:
    assert expr is not None
    return to_text(expr)


@pytest.mark.parametrize(
    ("text", "dtype", "nullable"),
    [
        ("b", "int", False),
        ("a", "int", True),
        ("b + 1", "int", True),
        ("b * 0.95", "float", False),
        ("b / 2", "float", True),
        ("b > 1", "bool", False),
        ("a > 1", "bool", True),
        ("a IS NULL", "bool", False),
        ("COALESCE(a, b)", "int", False),
        ("COALESCE(a, f)", "float", True),
        ("CASE WHEN ok THEN 1 ELSE 2 END", "int", False),
        ("CASE WHEN ok THEN 1 END", "int", True),
        ("CASE WHEN ok THEN 1 ELSE 2.5 END", "float", False),
        ("st.x", "int", True),
        ("st.y", "string", True),
        ("l.zone", "string", True),
        ("t - t", "duration", True),
        ("t + INTERVAL '1 hour'", "timestamp", True),
        ("CAST(b AS string)", "string", False),
        ("CAST(s AS int)", "int", True),
        ("CONCAT(s, 'x')", "string", False),
        ("LENGTH(s)", "int", True),
        ("EVENT_TIME()", "timestamp", False),
        ("NULL", "null", True),
    ],
)
def test_types(text: str, dtype: str, nullable: bool) -> None:  # noqa: FBT001
    """Every expression knows its type, and whether it may be NULL."""
    expr = run(text).expr

    assert expr is not None
    assert (str(expr.dtype), expr.nullable) == (dtype, nullable)


def test_serialises_with_the_plan() -> None:
    """JSON and back gives an equal expression, whole floats and large integers included."""
    expr = run("CASE WHEN a IN (9223372036854775807, b) AND f > 1.0 THEN st.x ELSE CAST(s AS int) END").expr

    assert msgspec.json.decode(msgspec.json.encode(expr), type=AnyExpr) == expr


def test_columns_that_are_read() -> None:
    """Physical names, whatever they are called in the document."""
    expr = run("CASE WHEN l.value > 1 THEN st.x + b ELSE COALESCE(a, 1) END > CAST(f AS int)").expr

    assert expr is not None
    assert columns_of(expr) == {"l.value", "st", "b", "a", "f"}


def test_names_of_a_window() -> None:
    """Rows of a window have a beginning and an end; the end is behind their time."""
    scope = Scope.of(SCHEMA, stream="x", windowed=True)
    found = translate(sql("window_end - window_start"), scope).expr

    assert found is not None
    assert columns_of(found) == {"_time", "_window_start"}


def test_alias_before_struct_before_nothing() -> None:
    """`a.b` is an alias's column, then a field of a struct; a struct behind an alias has fields too."""
    inner = Struct((Field("v", Int(), nullable=False),))
    right = Schema((Field("x", String()), Field("s", inner, nullable=False)))
    scope = Scope.of(SCHEMA, stream="x").with_alias("st", right)

    assert _text(translate(sql("st.x"), scope).expr) == "st.x"
    assert str(translate(sql("st.x"), scope).expr.dtype) == "string"  # type: ignore[union-attr]
    assert _text(translate(sql("st.y"), scope).expr) == "st.y"
    assert _text(translate(sql("st.s.v"), scope).expr) == "st.s.v"


def test_payload_of_a_raw_event() -> None:
    """`payload.x` is the column x of an event."""
    scope = Scope.of(SCHEMA, stream="x").with_alias("payload", Schema((Field("f", Float()),)), prefix="")

    assert _text(translate(sql("payload.f"), scope).expr) == "f"


def test_ambiguous_name() -> None:
    """A name that could be several is refused with all of them."""
    scope = Scope(columns=SCOPE.columns, ambiguous={"name": ("payload.name", "context.name")})
    (found,) = translate(sql("name = 'x'"), scope).diagnostics

    assert found.code == "names/ambiguous-column"
    assert found.suggestion == "write payload.name"


def test_quoted_name() -> None:
    """Double quotes make a name, also of a column that is called like a word of SQL."""
    scope = Scope.of(Schema((Field("order", Int()), Field("case", Int()))), stream="x")

    assert _text(translate(sql('"case" + "order" + order'), scope).expr) == "((case + order) + order)"


def test_aggregates_become_columns() -> None:
    """Each aggregate has a column of its own, equal ones share it, and the rest is computed over these."""
    found = _group("COUNT(*) FILTER (WHERE ok) / COUNT(*) + SUM(a) / COUNT(*)")

    assert found.diagnostics == ()
    assert (
        _text(found.expr) == "((CAST(_a0 AS float) / CAST(_a1 AS float)) + (CAST(_a2 AS float) / CAST(_a1 AS float)))"
    )
    assert [(a.name, a.function, a.sql) for a in found.aggregates] == [
        ("_a0", "count", "COUNT(*) FILTER (WHERE ok)"),
        ("_a1", "count", "COUNT(*)"),
        ("_a2", "sum", "SUM(a)"),
    ]
    assert _text(found.aggregates[0].where) == "ok"


@pytest.mark.parametrize(
    ("text", "function", "dtype", "nullable"),
    [
        ("COUNT(*)", "count", "int", False),
        ("COUNT(s)", "count", "int", False),
        ("SUM(a)", "sum", "int", True),
        ("SUM(f)", "sum", "float", True),
        ("AVG(a)", "avg", "float", True),
        ("MIN(s)", "min", "string", True),
        ("MAX(t)", "max", "timestamp", True),
        ("FIRST(ok)", "first", "bool", True),
        ("LAST(s) FILTER (WHERE NOT ok)", "last", "string", True),
        ("WORST(s, 'up', 'down')", "worst", "string", True),
        ("BEST(s, 'up', 'down')", "best", "string", True),
    ],
)
def test_types_of_aggregates(text: str, function: str, dtype: str, nullable: bool) -> None:  # noqa: FBT001
    """COUNT is never NULL, all others may be; AVG is a float, the others keep the type."""
    (call,) = _group(text).aggregates

    assert (call.function, str(call.dtype), call.nullable) == (function, dtype, nullable)


def test_ranks() -> None:
    """WORST and BEST carry their order."""
    (call,) = _group("WORST(s, 'up', 'low', 'down')").aggregates

    assert call.options == ("up", "low", "down")
    assert [_text(a) for a in call.args] == ["s"]


def test_keys_stand_alone() -> None:
    """A key is constant within a group, fields and aliases included; anything else needs an aggregate."""
    assert _text(_group("UPPER(s)", "s").expr) == "UPPER(s)"
    assert _text(_group("l.zone || st.y", "l.zone", "st").expr) == "(l.zone || st.y)"
    (found,) = _group("a + SUM(a)", "s").diagnostics
    assert (found.code, marked(found), found.suggestion) == (
        "types/not-aggregated",
        "a",
        'write LAST(a), or add a to "by"',
    )


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("SUM(COUNT(*))", "types/nested-aggregate", "COUNT"),
        ("COUNT(*) FILTER (WHERE SUM(a) > 1)", "types/nested-aggregate", "SUM"),
        ("COUNT(*) FILTER (WHERE a)", "types/not-boolean", "a"),
        ("SUM(DISTINCT f)", "sql/not-allowed", "f"),
        ("RATE(s)", "types/mismatch", "s"),
        ("QUANTILE(f, 9)", "sql/bad-literal", "9"),
        ("QUANTILE(f, f)", "types/not-constant", "f"),
        ("QUANTILE(f)", "types/arguments", "QUANTILE(f)"),
        ("TOP(f, 2)", "types/mismatch", "f"),
        ("LIST(s, 0)", "sql/bad-literal", "0"),
        ("HISTOGRAM(f, 2, 1)", "sql/bad-literal", "1"),
        ("BURN_RATE(f, f, 1)", "sql/bad-literal", "1"),
        ("COUNT()", "types/arguments", "COUNT()"),
        ("SUM()", "types/arguments", "SUM()"),
        ("SUM(*)", "sql/not-allowed", "*"),
        ("SUM(a, b)", "types/arguments", "SUM(a, b)"),
        ("SUM(s)", "types/mismatch", "s"),
        ("AVG(t)", "types/mismatch", "t"),
        ("MIN(ok)", "types/mismatch", "ok"),
        ("WORST(s)", "types/arguments", "WORST(s)"),
        ("WORST(s, s)", "types/not-constant", "s"),
        ("WORST(s, 'x', 'x')", "types/arguments", "'x'"),
        ("WORST(a, 'x')", "types/mismatch", "a"),
        ("EVENT_TIME()", "types/not-aggregated", "EVENT_TIME()"),
        ("MIN(f) FILTER", "sql/syntax", "FILTER"),
        ("LAST(s ORDER BY t)", "sql/not-allowed", "s ORDER BY t"),
    ],
)
def test_wrong_aggregates(text: str, code: str, at: str) -> None:
    """Each with its code and the very place."""
    found = _group(text).diagnostics

    assert [(d.code, marked(d)) for d in found] == [(code, at)]
