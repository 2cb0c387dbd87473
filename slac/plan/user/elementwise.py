"""Whether an expression gives each row its value from that row alone, as Polars itself sees its parts.

Every part is asked, for Polars calls `x - x.mean()` separable although `x.mean()` is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import polars as pl

from slac.plan.user.failures import FunctionWrong

_MOST: Final = 10_000
_ROWS: Final = "a value may depend on its own row alone: no aggregate, no shift, no order, no filter, no Series"
_PYTHON: Final = "say it with Polars' own expressions, which need no Python for each row"


def check_elementwise(expr: pl.Expr, schema: Mapping[str, pl.DataType]) -> None:
    """FunctionWrong where `expr` looks at other rows, at columns that are not in `schema`, or runs Python."""
    other = sorted(set(expr.meta.root_names()) - set(schema))
    if other:
        raise FunctionWrong(f'reads the column "{other[0]}", which is none of its arguments', "pass it as an argument")
    parts = list(islice(_parts(expr, schema), _MOST + 1))
    if len(parts) > _MOST:
        raise FunctionWrong(f"returns an expression of more than {_MOST} parts")
    for part in parts:
        _check(part)


def _parts(expr: pl.Expr, schema: Mapping[str, pl.DataType]) -> Iterator[pl.Expr]:
    waiting = [expr]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += part.meta.pop(schema=dict(schema))


def _check(part: pl.Expr) -> None:
    try:
        rows, length, scalar = (
            part.meta.is_row_separable(),
            part.meta.is_length_preserving(),
            part.meta.is_scalar(),
        )
    except pl.exceptions.PolarsError:
        raise FunctionWrong("runs Python inside of Polars", _PYTHON) from None
    if not rows or not (length if part.meta.root_names() else scalar):
        raise FunctionWrong(f"is not elementwise: {_shown(part)}", _ROWS)


def _shown(part: pl.Expr, most: int = 60) -> str:
    text = str(part)
    return text if len(text) <= most else text[:most] + "…"
