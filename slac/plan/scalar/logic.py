"""Three-valued logic, comparisons, and what chooses between values.

A NaN equals itself and is greater than every number, as in DuckDB and PostgreSQL; 0.0 equals -0.0; text is compared by
code points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import polars as pl

from slac.plan.expressions import AnyExpr, Call, Literal
from slac.plan.scalar.function import Function, plain
from slac.plan.signatures import BOOL, ORDERED, SCALAR, Uniform, overload

Binary = Callable[[pl.Expr, pl.Expr], pl.Expr]

_ANY_BOOLS = (Uniform(of=(BOOL,), least=2, most=None, result=BOOL),)
_ONE_BOOL = (overload([BOOL], BOOL),)


def _balanced(join: Binary, args: Sequence[pl.Expr]) -> pl.Expr:
    """A long chain as a shallow tree: Polars walks expressions by recursion."""
    if len(args) == 1:
        return args[0]
    middle = len(args) // 2
    return join(_balanced(join, args[:middle]), _balanced(join, args[middle:]))


def _comparison(key: str, compare: Binary, of: tuple[object, ...]) -> Function:
    rule = Uniform(of=of, least=2, most=2, result=BOOL)  # type: ignore[arg-type]
    return Function(key=key, usage=f"a {key} b", rules=(rule,), lower=plain(compare))


def _in(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    tested, items = args[0], call.args[1:]
    if not all(isinstance(item, Literal) for item in items):
        return _balanced(pl.Expr.__or__, [tested.eq(item) for item in args[1:]])
    values, has_null = _literal_values(items)
    found = tested.is_in(pl.lit(pl.Series(values, dtype=_set_type(call))).implode()) if values else pl.lit(False)
    return found | pl.lit(None, dtype=pl.Boolean) if has_null or not values else found


def _literal_values(items: Sequence[AnyExpr]) -> tuple[list[object], bool]:
    values = [item.value for item in items if isinstance(item, Literal)]
    return [v for v in values if v is not None], None in values


def _set_type(call: Call) -> pl.DataType:
    from slac.stream.types import to_polars

    return to_polars(call.args[0].dtype)


def _coalesce(*args: pl.Expr) -> pl.Expr:
    return pl.coalesce(*args)


def _nullif(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    return pl.when(a.eq(b).fill_null(False).not_()).then(a)


def _extreme(better: Binary) -> Callable[..., pl.Expr]:
    """GREATEST or LEAST: skips NULL, and takes NaN as the greatest number (Polars' own skips NaN)."""

    def pick(a: pl.Expr, b: pl.Expr) -> pl.Expr:
        return pl.when(b.is_null() | better(a, b)).then(a).otherwise(b)

    return lambda *args: reduce(pick, args)


def _is_test(key: str, test: Callable[[pl.Expr], pl.Expr]) -> Function:
    return Function(
        key=key, usage=f"a {key.upper().replace('_', ' ')}", rules=_ONE_BOOL, lower=plain(test), nulls="never"
    )


_ANY = (Uniform(of=SCALAR, least=1, most=None),)

FUNCTIONS: tuple[Function, ...] = (
    Function(
        key="and",
        usage="a AND b",
        rules=_ANY_BOOLS,
        lower=lambda _, args: _balanced(pl.Expr.__and__, args),
        nulls="any",
    ),
    Function(
        key="or", usage="a OR b", rules=_ANY_BOOLS, lower=lambda _, args: _balanced(pl.Expr.__or__, args), nulls="any"
    ),
    Function(key="not", usage="NOT a", rules=_ONE_BOOL, lower=plain(pl.Expr.not_)),
    _comparison("=", pl.Expr.eq, SCALAR),
    _comparison("<>", pl.Expr.ne, SCALAR),
    _comparison("<", pl.Expr.lt, ORDERED),
    _comparison("<=", pl.Expr.le, ORDERED),
    _comparison(">", pl.Expr.gt, ORDERED),
    _comparison(">=", pl.Expr.ge, ORDERED),
    Function(
        key="is_distinct",
        usage="a IS DISTINCT FROM b",
        rules=(Uniform(of=SCALAR, least=2, most=2, result=BOOL),),
        lower=plain(pl.Expr.ne_missing),
        nulls="never",
    ),
    Function(
        key="is_not_distinct",
        usage="a IS NOT DISTINCT FROM b",
        rules=(Uniform(of=SCALAR, least=2, most=2, result=BOOL),),
        lower=plain(pl.Expr.eq_missing),
        nulls="never",
    ),
    Function(
        key="is_null",
        usage="a IS NULL",
        rules=(Uniform(of=SCALAR, least=1, most=1, result=BOOL),),
        lower=plain(pl.Expr.is_null),
        nulls="never",
    ),
    _is_test("is_true", lambda a: a.fill_null(False)),
    _is_test("is_false", lambda a: a.not_().fill_null(False)),
    Function(key="in", usage="a IN (b, …)", rules=(Uniform(of=SCALAR, least=2, most=None, result=BOOL),), lower=_in),
    Function(
        key="coalesce",
        usage="COALESCE(a, b, …)",
        rules=_ANY,
        lower=plain(_coalesce),
        nulls="all",
        names=("COALESCE", "IFNULL"),
    ),
    Function(
        key="nullif",
        usage="NULLIF(a, b)",
        rules=(Uniform(of=SCALAR, least=2, most=2),),
        lower=plain(_nullif),
        nulls="always",
        names=("NULLIF",),
    ),
    Function(
        key="greatest",
        usage="GREATEST(a, b, …)",
        rules=(Uniform(of=ORDERED, least=1, most=None),),
        lower=plain(_extreme(lambda a, b: a.ge(b))),
        nulls="all",
        names=("GREATEST",),
    ),
    Function(
        key="least",
        usage="LEAST(a, b, …)",
        rules=(Uniform(of=ORDERED, least=1, most=None),),
        lower=plain(_extreme(lambda a, b: a.le(b))),
        nulls="all",
        names=("LEAST",),
    ),
)
