"""Rows on which a function is tried before it is used: ordinary values, extremes, NULL, in many combinations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product
from types import MappingProxyType
from typing import Final

import polars as pl

from slac.plan.signatures import BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP
from slac.plan.user.failures import FunctionWrong
from slac.stream.types import AnyType, to_polars

_LARGEST: Final = 2**63 - 1
_LATEST: Final = 253_402_300_799_999_999
"""The last microsecond of the year 9999."""

_VALUES: Final[Mapping[AnyType, tuple[object, ...]]] = MappingProxyType(
    {
        BOOL: (True, False),
        INT: (1, 0, -7, _LARGEST, -_LARGEST),
        FLOAT: (1.5, 0.0, -2.25, float("nan"), float("inf"), 1e308),
        STRING: ("a", "", "12", "ä \U0001f600"),
        TIMESTAMP: (1_700_000_000_000_000, 0, _LATEST),
        DURATION: (60_000_000, 0, -1, 2**53),
    }
)
_MOST: Final = 400
_TOTAL: Final = "it must have a value or NULL for whatever its types allow, for example by strict=False in a cast"


def try_out(expr: pl.Expr, arguments: Mapping[str, AnyType], returns: AnyType, *, nullable: bool) -> None:
    """Compute `expr` over samples of its arguments, whole and row by row.

    FunctionWrong where that fails, has another type than `returns`, gives NULL though it must not (rows of NULLs do
    not count), or depends on where the rows are cut.
    """
    # Runtimes whose plans call no such function need none of it.
    from polars.testing import assert_series_equal

    frame = _frame(arguments)
    whole = _computed(expr, frame)
    wanted = to_polars(returns)
    if whole.dtype != wanted:
        raise FunctionWrong(f"gives {whole.dtype}, and {returns} is {wanted}", "change the declaration, or cast")
    pieces = [_computed(expr, frame.slice(n, 1)) for n in range(0, frame.height, max(1, frame.height // 40))]
    expected = whole.gather_every(max(1, frame.height // 40))
    try:
        assert_series_equal(pl.concat(pieces), expected, check_exact=True, check_names=False)
    except AssertionError:
        raise FunctionWrong("gives other values when the rows are cut into other batches") from None
    complete = pl.all_horizontal(pl.col(c).is_not_null() for c in frame.columns) if arguments else pl.lit(value=True)
    empty = frame.with_columns(whole.alias("_result")).filter(complete & pl.col("_result").is_null())
    if not nullable and empty.height:
        shown = ", ".join(repr(v) for v in empty.row(0)[:-1])
        raise FunctionWrong(f"gives NULL for ({shown})", f"declare returns='{returns}?'")


def _frame(arguments: Mapping[str, AnyType]) -> pl.DataFrame:
    """A row for many of the combinations of values; one without columns where there are no arguments."""
    values: list[Sequence[object]] = [(*_VALUES[t], None) for t in arguments.values()]
    rows = list(islice(product(*values), _MOST)) if len(values) <= 3 else _turned(values)
    schema = {name: pl.Int64() if t in (TIMESTAMP, DURATION) else to_polars(t) for name, t in arguments.items()}
    frame = pl.DataFrame(rows, schema=schema, orient="row") if arguments else pl.DataFrame({"_none": [0, 0, 0]})
    return frame.with_columns(pl.col(n).cast(to_polars(t)) for n, t in arguments.items())


def _turned(values: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    """Each column goes through its values at a pace of its own."""
    return [tuple(v[(row * (n + 1) + row // 7) % len(v)] for n, v in enumerate(values)) for row in range(_MOST // 4)]


def _computed(expr: pl.Expr, frame: pl.DataFrame) -> pl.Series:
    try:
        return frame.with_columns(expr.alias("_value")).get_column("_value")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FunctionWrong(f"fails on values that its types allow: {why}", _TOTAL) from None
