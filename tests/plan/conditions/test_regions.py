"""What is shown about conditions is true: against evaluating them row by row."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.conditions.regions import overlaps, truth_of
from slac.plan.expressions import AnyExpr, Call, Cast, Column, Literal
from slac.plan.lowering import lower
from slac.stream.types import Bool, Float, Int, String

X, Y, OK = (Column(name=n, dtype=t) for n, t in (("x", Int()), ("y", Int()), ("ok", Bool())))
VALUES = [None, *range(-1, 5)]
ROWS = pl.DataFrame(
    list(product(VALUES, VALUES, [None, True, False])),
    schema={"x": pl.Int64(), "y": pl.Int64(), "ok": pl.Boolean()},
    orient="row",
)


def call(function: str, *args: AnyExpr) -> AnyExpr:
    """A condition."""
    return Call(function=function, args=args, dtype=Bool())


def number(value: int | None) -> Literal:
    """A whole number."""
    return Literal(value=value, dtype=Int())


numbers = st.one_of(st.integers(0, 3), st.none()).map(number)
terms = st.sampled_from([X, Y])
signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
atoms = st.one_of(
    st.builds(call, signs, terms, numbers),
    st.builds(call, signs, numbers, terms),
    st.builds(call, signs, st.just(X), st.just(Y)),
    st.builds(lambda t, items: call("in", t, *items), terms, st.lists(numbers, min_size=1, max_size=3)),
    st.builds(lambda t: call("is_null", t), st.sampled_from([X, Y, OK])),
    st.just(OK),
    st.sampled_from([Literal(value=v, dtype=Bool()) for v in (True, False, None)]),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(call, st.sampled_from(["and", "or"]), inner, inner),
        st.builds(call, st.sampled_from(["not", "is_true", "is_false"]), inner),
    ),
    max_leaves=5,
)


def holds(condition: AnyExpr) -> list[bool | None]:
    """The condition for every combination of values."""
    return ROWS.with_columns(pl.when(True).then(lower(condition)).alias("c"))["c"].to_list()


@settings(max_examples=200)
@given(conditions, conditions)
def test_what_is_shown_is_so(one: AnyExpr, other: AnyExpr) -> None:
    """Disjoint conditions are never both true, overlapping ones are somewhere, an empty or full region is just that."""
    first, second = holds(one), holds(other)
    both = any(a and b for a, b in zip(first, second, strict=True))

    shown = overlaps(one, other)
    assert shown == "undecided" or both == (shown == "overlap") or one == other
    truth = truth_of(one)
    assert not (truth.true.empty and any(v is True for v in first))
    assert not (truth.false.empty and any(v is False for v in first))
    assert not truth.true.everything or all(v is True for v in first)


def text(function: str, *values: str) -> AnyExpr:
    """A condition over a column of text."""
    return call(function, Column(name="s", dtype=String()), *(Literal(value=v, dtype=String()) for v in values))


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        (text("=", "up"), text("=", "low"), "disjoint"),
        (text("in", "up", "low"), text("in", "low", "down"), "overlap"),
        (text("<", "b"), text(">=", "b"), "disjoint"),
        (call(">", X, number(1)), call("<", X, number(2)), "disjoint"),
        (call(">", X, number(1)), call("<", X, number(3)), "overlap"),
        (call(">", X, number(1)), call(">", Y, number(1)), "undecided"),
        (call(">", X, Y), call(">", X, Y), "overlap"),
        (call("is_null", X), call("not", call("is_null", X)), "disjoint"),
        (OK, call("not", OK), "disjoint"),
        (OK, call("is_null", OK), "disjoint"),
    ],
)
def test_equalities_in_and_ranges_decide(one: AnyExpr, other: AnyExpr, shown: str) -> None:
    """Over one column what can be shown is shown, both ways round."""
    assert (overlaps(one, other), overlaps(other, one)) == (shown, shown)


def test_a_widened_integer_is_still_an_integer() -> None:
    """`x > 1.5 AND x < 1.9` has no whole number."""
    wide = Cast(arg=X, dtype=Float())
    one, other = (call(f, wide, Literal(value=v, dtype=Float())) for f, v in ((">", 1.5), ("<", 1.9)))

    assert overlaps(one, other) == "disjoint"


def test_a_ratio_is_a_term_like_a_column_but_shows_no_overlap() -> None:
    """Ranges of the same quotient are disjoint; that they overlap would need to know what it can be."""
    ratio = Call(function="/", args=(X, Y), dtype=Float())
    low, mid, high = (
        call(f, ratio, Literal(value=v, dtype=Float())) for f, v in (("<", 0.05), ("<", 0.5), (">", 0.95))
    )

    assert (overlaps(low, high), overlaps(low, mid)) == ("disjoint", "undecided")


@pytest.mark.parametrize(("one", "other"), list(product(["=", "<>", "<", "<=", ">", ">="], repeat=2)))
def test_two_comparisons_of_the_same_two_columns(one: str, other: str) -> None:
    """Just where no row meets both are they disjoint, whichever side stands first, and beside other conditions."""
    first, second = call("and", call(one, X, Y), OK), call(other, Y, X)
    both = ROWS.select((lower(first) & lower(second)).any()).item()
    assert (overlaps(first, second) == "disjoint") == (not both)
