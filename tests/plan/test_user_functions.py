"""Functions of a document's own: what may be one, what is told of others, and that batches do not matter."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.lowering import lower
from slac.plan.signatures import FLOAT
from slac.plan.user import FunctionModule, FunctionsRefused, FunctionWrong, activate, is_user_key, load, user_function

HEAD = "import polars as pl\nfrom slac.functions import function\n\n"
HEADROOM = """
@function("float", "float", returns="float?")
def headroom(used, limit):
    return pl.when(limit > 0).then(1 - used / limit)
"""


def module(
    body: str, takes: str = '"float"', returns: str = "float", name: str = "it", args: str = "x"
) -> FunctionModule:
    """A module of one function, whose last line returns `body`."""
    declared = f'@function({takes}, returns="{returns}")'
    return FunctionModule.of("rules.py", f"{HEAD}{declared}\ndef {name}({args}):\n    return {body}\n")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("x.mean()", "is not elementwise"),
        ("x - x.mean()", "is not elementwise"),
        ("x.shift(1)", "is not elementwise"),
        ("x.cum_sum()", "is not elementwise"),
        ("x.sum().over(x)", "is not elementwise"),
        ("x.filter(x > 1)", "is not elementwise"),
        ("x + pl.Series([1.0, 2.0])", "is not elementwise"),
        ("x * pl.len()", "is not elementwise"),
        ("x.map_elements(abs, return_dtype=pl.Float64)", "runs Python inside of Polars"),
        ("x.map_batches(lambda s: s, return_dtype=pl.Float64)", "runs Python inside of Polars"),
        ("x + pl.col('other')", 'reads the column "other"'),
        ("1.0", "returns float, and a Polars expression is wanted"),
        ("x + undefined", "NameError: name 'undefined' is not defined (line 6)"),
        ("x.cast(pl.Int64)", "fails on values that its types allow"),
        ("x.cast(pl.String)", "gives String, and float is Float64"),
        ("pl.when(x > 1).then(x)", "gives NULL for"),
    ],
)
def test_what_is_no_function_of_a_row_is_refused(body: str, why: str) -> None:
    """The finding names the function and its line."""
    with pytest.raises(FunctionWrong) as wrong:
        load(module(body))

    assert str(wrong.value).startswith("it of rules.py (line 4) ")
    assert why in str(wrong.value)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (module("x", takes='"flaot"'), 'declares the type "flaot"'),
        (module("x", takes='"float", "int"'), "has 1 parameters and declares the types of 2"),
        (module("x", args="*x"), "plain parameters only"),
        (module("x", args="x=None"), "plain parameters only"),
        (module("x", name="Coalesce"), "name of a function of the language"),
        (module("x", name="sum"), "name of a function of the language"),
        (FunctionModule.of("rules.py", HEAD), "declares no function"),
        (FunctionModule.of("rules.py", "def f(:\n"), "SyntaxError"),
        (FunctionModule.of("rules.py", "\n1 / 0\n"), "ZeroDivisionError: division by zero (line 2)"),
        (FunctionModule.of("rules.py", "raise SystemExit(3)\n"), "SystemExit: 3"),
        (FunctionModule.of("rules.py", HEAD + HEADROOM + HEADROOM.replace("headroom", "Headroom")), "two functions"),
    ],
)
def test_a_module_that_cannot_be_used_says_why(made: FunctionModule, why: str) -> None:
    """Whatever it does while it is loaded."""
    with pytest.raises(FunctionWrong) as wrong:
        load(made)

    assert why in str(wrong.value)


def test_null_in_an_argument_gives_null_unless_it_is_declared() -> None:
    """`float` keeps NULL from the function, `float?` hands it over."""
    frame = pl.DataFrame({"x": [1.0, None]})
    for takes, expected in (("float", [1.0, None]), ("float?", [1.0, 0.0])):
        loaded = load(module("x.fill_null(0)", takes=f'"{takes}"', name=f"filled{len(takes)}"))
        found = next(iter(loaded.functions.values()))
        call = Call(function=found.key, args=(Column(name="x", dtype=FLOAT),), dtype=FLOAT)

        assert frame.select(y=lower(call)).get_column("y").to_list() == expected


def test_a_plan_is_refused_without_leave_and_with_another_text() -> None:
    """Nothing of it is executed then."""
    bomb = FunctionModule.of("rules.py", "raise AssertionError('executed')\n")
    with pytest.raises(FunctionsRefused, match="--allow-functions"):
        activate([bomb], allowed=False)
    with pytest.raises(FunctionsRefused, match=r"not what was compiled"):
        activate([FunctionModule(path="rules.py", digest="0" * 64, text=bomb.text)], allowed=True)
    with pytest.raises(FunctionsRefused, match=r"cannot be used here: .*AssertionError: executed"):
        activate([bomb], allowed=True)


def test_only_what_was_loaded_is_known() -> None:
    """A key tells whose function it is, and what it was made from."""
    made = FunctionModule.of("rules.py", HEAD + HEADROOM + "# only here\n")
    key = made.key("HEADROOM")

    assert is_user_key(key)
    assert user_function(key) is None
    load(made)
    assert user_function(key) is not None


floats = st.one_of(st.none(), st.floats(allow_nan=False))


@settings(max_examples=40)
@given(st.lists(st.tuples(floats, floats), min_size=1, max_size=20), st.integers(1, 20))
def test_values_do_not_depend_on_batches(rows: list[tuple[float | None, float | None]], cut: int) -> None:
    """Whole or in pieces, with a constant in either place: the same column."""
    made = FunctionModule.of("rules.py", HEAD + HEADROOM)
    load(made)
    used, limit = Column(name="used", dtype=FLOAT), Column(name="limit", dtype=FLOAT)
    constant = Literal(value=2.0, dtype=FLOAT, nullable=False)
    pairs: list[tuple[AnyExpr, ...]] = [(used, limit), (constant, limit), (used, constant)]
    calls = [
        lower(Call(function=made.key("HEADROOM"), args=args, dtype=FLOAT)).alias(str(n)) for n, args in enumerate(pairs)
    ]
    frame = pl.DataFrame(rows, schema={"used": pl.Float64, "limit": pl.Float64}, orient="row")
    pieces = [frame.slice(n, cut).select(calls) for n in range(0, frame.height, cut)]

    assert_frame_equal(pl.concat(pieces), frame.select(calls))
