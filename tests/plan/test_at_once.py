"""What is worked out at once is what the lowered expression gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from slac.plan.at_once import at_once
from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.lowering import lower
from slac.stream.types import AnyType, Bool, Duration, Float, Int, Map, String, Timestamp, to_polars

TYPES: dict[str, AnyType] = {
    "text": String(),
    "other": String(),
    "whole": Int(),
    "number": Float(),
    "second": Float(),
    "lasted": Duration(),
    "at": Timestamp(),
    "since": Timestamp(),
    "yes": Bool(),
    "no": Bool(),
    "labels": Map(),
}
INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = ("", "a", "b", 'quote"', "ä\\n")
VALUES = {
    String(): st.sampled_from(TEXTS),
    Int(): st.sampled_from((0, 1, -1, (1 << 63) - 1, -(1 << 63))),
    Float(): st.sampled_from((0.0, -0.0, 1.5, -2.25, 1e300, float("inf"), float("nan"))),
    Duration(): st.integers(-3, 3).map(lambda n: timedelta(microseconds=n * 333_333)),
    Timestamp(): st.integers(-3, 3).map(lambda n: INSTANT + timedelta(microseconds=n * 333_333)),
    Bool(): st.booleans(),
    Map(): st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(TEXTS)).map(
        lambda m: json.dumps(m, ensure_ascii=False, separators=(",", ":"))
    ),
}
LITERALS: dict[AnyType, st.SearchStrategy[object]] = {
    String(): st.sampled_from(TEXTS),
    Int(): st.sampled_from((0, 1, -1)),
    Float(): st.sampled_from((0.0, 1.5, 3.0)),
    Duration(): st.sampled_from((0, 333_333)),
    Timestamp(): st.just(int(INSTANT.timestamp()) * 1_000_000),
}


def call(function: str, dtype: AnyType, *args: AnyExpr) -> Call:
    """A call, short to write."""
    return Call(function=function, args=args, dtype=dtype)


def columns(dtype: AnyType) -> st.SearchStrategy[AnyExpr]:
    """A column of this type."""
    return st.sampled_from([Column(name=n, dtype=t) for n, t in TYPES.items() if t == dtype])


def operands(dtype: AnyType) -> st.SearchStrategy[AnyExpr]:
    """What a comparison has on its right side."""
    return columns(dtype) | LITERALS[dtype].map(lambda value: Literal(value=value, dtype=dtype))  # type: ignore[arg-type]


floats = st.one_of(
    columns(Float()),
    st.builds(lambda f, a, b: call(f, Float(), a, b), st.sampled_from("+-*"), columns(Float()), operands(Float())),
    st.builds(lambda a, b: call("*", Float(), b, a), columns(Float()), operands(Float())),
    st.builds(lambda f, a: call(f, Float(), a), st.sampled_from(("seconds", "millis")), columns(Duration())),
)
durations = columns(Duration()) | st.builds(
    lambda a, b: call("-", Duration(), a, b), columns(Timestamp()), columns(Timestamp())
)
labels = st.builds(
    lambda m, n: call("label", String(), m, Literal(value=n, dtype=String())), columns(Map()), st.sampled_from(TEXTS)
)
texts = (
    columns(String()) | labels | st.builds(lambda a, b: call("coalesce", String(), a, b), labels, operands(String()))
)
wholes = columns(Int()) | st.builds(
    lambda f, a, b: call(f, Int(), a, b), st.sampled_from("+-"), columns(Int()), columns(Int())
)


defaults = st.one_of(
    st.builds(lambda a, b, c: call("coalesce", Float(), a, b, c), floats, floats, operands(Float())),
    st.builds(lambda a, b: call("coalesce", Duration(), a, b), durations, durations),
    st.builds(lambda a, b: call("coalesce", Timestamp(), a, b), columns(Timestamp()), columns(Timestamp())),
    st.builds(lambda a, b: call("coalesce", String(), a, b), texts, texts),
)


def compared(dtype: AnyType, left: st.SearchStrategy[AnyExpr]) -> st.SearchStrategy[AnyExpr]:
    """A comparison, or IN, of what is on the left."""
    words = st.sampled_from(("=", "<>", "<", "<=", ">", ">="))
    one = st.builds(lambda f, a, b: call(f, Bool(), a, b), words, left, operands(dtype))
    items = st.lists(LITERALS[dtype].map(lambda v: Literal(value=v, dtype=dtype)), min_size=1, max_size=3)  # type: ignore[arg-type]
    return one | st.builds(lambda a, i: call("in", Bool(), a, *i), left, items)


conditions = st.recursive(
    st.one_of(
        columns(Bool()),
        compared(String(), texts),
        compared(Float(), floats),
        compared(Duration(), durations),
        compared(Timestamp(), columns(Timestamp())),
        compared(Int(), wholes),
        st.builds(lambda a: call("is_null", Bool(), a), texts | floats),
    ),
    lambda inner: (
        st.builds(
            lambda f, parts: call(f, Bool(), *parts),
            st.sampled_from(("and", "or")),
            st.lists(inner, min_size=2, max_size=3),
        )
        | st.builds(lambda a: call("not", Bool(), a), inner)
    ),
    max_leaves=5,
)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Some rows, of which none, some or all values are NULL."""
    height = draw(st.integers(1, 6))
    made = {}
    for name, dtype in TYPES.items():
        values = draw(st.sampled_from((VALUES[dtype], VALUES[dtype] | st.none(), st.none())))
        made[name] = pl.Series(name, draw(st.lists(values, min_size=height, max_size=height)), to_polars(dtype))
    return pl.DataFrame(made)


@settings(max_examples=250, deadline=None)
@given(frames(), st.one_of(conditions, floats, durations, texts, wholes, defaults))
def test_the_same_values(frame: pl.DataFrame, expr: AnyExpr) -> None:
    """With or without a query, and asked again, when labels are remembered."""
    expected = frame.lazy().select(lower(expr).alias("x")).collect()["x"]
    values = at_once(expr)
    for _ in range(2):
        found = None if values is None else values(frame)
        if found is not None:
            assert_series_equal(found.alias("x"), expected, check_exact=True)


def test_what_has_no_form() -> None:
    """Whatever is not known here is left to a query."""
    assert at_once(call("upper", String(), Column(name="text", dtype=String()))) is None
    assert at_once(call("=", Bool(), Column(name="text", dtype=String()), Literal(value=None, dtype=String()))) is None


def test_labels_are_forgotten() -> None:
    """More texts than are remembered: each still has its own value."""
    label = at_once(call("label", String(), Column(name="labels", dtype=Map()), Literal(value="n", dtype=String())))
    assert label is not None
    frame = pl.DataFrame({"labels": [f'{{"n":"{n}"}}' for n in range(5000)] + ['{"n":"' + "x" * 2000 + '"}']})
    for _ in range(2):
        values = label(frame)
        assert values is not None
        assert values.to_list() == [*map(str, range(5000)), "x" * 2000]


def test_what_is_nothing_but_null_is_passed_over() -> None:
    """Without a query: a source that never says when a call began says when it ended, and how long it took."""
    at, lasted = pl.Series("at", [INSTANT]), pl.Series("lasted", [timedelta(seconds=1)])
    frame = pl.DataFrame([at, lasted]).with_columns(since=pl.lit(None, to_polars(Timestamp())))
    began = call(
        "coalesce",
        Timestamp(),
        Column(name="since", dtype=Timestamp()),
        call("-", Timestamp(), Column(name="at", dtype=Timestamp()), Column(name="lasted", dtype=Duration())),
    )
    values = at_once(began)
    assert values is not None
    found = values(frame)
    assert found is not None
    assert found.to_list() == [INSTANT - timedelta(seconds=1)]
