"""The aggregates of the language: what they take, and the type that comes out. How they are computed is elsewhere.

COUNT and COUNT_DISTINCT are never NULL; every other aggregate is NULL over no rows, or over NULLs only. FIRST and LAST
skip NULL and follow the total order; WORST and BEST name the values of a column from the best to the worst.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from slac.plan.signatures import BOOL, FLOAT, HASHED, INT, ORDERED, SCALAR, STRING
from slac.stream.types import AnyType, Field, List, Struct

__all__ = ["AGGREGATES", "Aggregate", "Option"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A constant argument behind the values: what it is, and what is wrong with a number, if anything.

    `many`: it stands once or more; `optional`: it may be left out.
    """

    what: str
    problem: Callable[[float], str | None]
    many: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """An aggregate: `results` maps the type of the first argument to the result's.

    `names`: what else SQL calls it. `more`: the types that each further argument may have, then come `options`.
    `star`: `COUNT(*)` takes no argument at all. `ranked`: constant texts follow the argument, from best to worst.
    `samples`: over samples of one series in order; without a window, from the sample before to this one.
    `summary`: what it is, in a line.
    """

    key: str
    usage: str
    results: Mapping[AnyType, AnyType]
    summary: str
    names: tuple[str, ...] = ()
    more: tuple[tuple[AnyType, ...], ...] = ()
    options: tuple[Option, ...] = ()
    star: bool = False
    ranked: bool = False
    samples: bool = False
    nullable: bool = True


def _same(types: tuple[AnyType, ...]) -> Mapping[AnyType, AnyType]:
    return MappingProxyType({t: t for t in types})


def _to(result: AnyType, *types: AnyType) -> Mapping[AnyType, AnyType]:
    return MappingProxyType(dict.fromkeys(types, result))


def _whole(most: int) -> Callable[[float], str | None]:
    def problem(value: float) -> str | None:
        fine = isinstance(value, int) and 1 <= value <= most
        return None if fine else f"must be a whole number from 1 to {most}"

    return problem


def _inside(value: float) -> str | None:
    return None if 0 <= value <= 1 else "must lie between 0 and 1"


def _below_one(value: float) -> str | None:
    return None if 0 < value < 1 else "must lie between 0 and 1, such as 0.999"


def _counted(item: AnyType) -> AnyType:
    return List(Struct((Field("value", item, nullable=False), Field("count", INT, nullable=False))))


_NUMBERS = (INT, FLOAT)
_BUCKETS = List(Struct((Field("upto", FLOAT), Field("count", INT, nullable=False))))
_SPREAD = _to(FLOAT, *_NUMBERS)

_ALL = (
    Aggregate(
        key="count",
        usage="COUNT(*) or COUNT(x)",
        results=_to(INT, *SCALAR),
        summary="the number of rows, or of values that are not NULL",
        star=True,
        nullable=False,
    ),
    Aggregate(
        key="count_distinct",
        usage="COUNT_DISTINCT(x) or COUNT(DISTINCT x)",
        results=_to(INT, *SCALAR),
        summary="the number of different values: exact up to 512, above with a standard error of 1.6 %",
        nullable=False,
    ),
    Aggregate(key="sum", usage="SUM(x)", results=_same(_NUMBERS), summary="the sum"),
    Aggregate(key="min", usage="MIN(x)", results=_same(ORDERED), summary="the least value"),
    Aggregate(key="max", usage="MAX(x)", results=_same(ORDERED), summary="the greatest value"),
    Aggregate(key="avg", usage="AVG(x)", results=_to(FLOAT, *_NUMBERS), summary="the mean"),
    Aggregate(key="first", usage="FIRST(x)", results=_same(SCALAR), summary="the first value in the total order"),
    Aggregate(key="last", usage="LAST(x)", results=_same(SCALAR), summary="the last value in the total order"),
    Aggregate(
        key="worst",
        usage="WORST(x, 'best', …, 'worst')",
        results=_same((STRING,)),
        summary="the worst of the values, which are listed from best to worst",
        ranked=True,
    ),
    Aggregate(
        key="best",
        usage="BEST(x, 'best', …, 'worst')",
        results=_same((STRING,)),
        summary="the best of the values, which are listed from best to worst",
        ranked=True,
    ),
    Aggregate(key="share", usage="SHARE(c)", results=_to(FLOAT, BOOL), summary="the part of rows for which c holds"),
    Aggregate(
        key="bool_and",
        usage="BOOL_AND(c)",
        results=_same((BOOL,)),
        summary="whether c holds for every row",
        names=("EVERY",),
    ),
    Aggregate(key="bool_or", usage="BOOL_OR(c)", results=_same((BOOL,)), summary="whether c holds for any row"),
    Aggregate(
        key="max_by",
        usage="MAX_BY(x, y)",
        results=_same(SCALAR),
        summary="x of the row with the greatest y; of equal ones the last",
        names=("ARG_MAX",),
        more=(ORDERED,),
    ),
    Aggregate(
        key="min_by",
        usage="MIN_BY(x, y)",
        results=_same(SCALAR),
        summary="x of the row with the least y; of equal ones the first",
        names=("ARG_MIN",),
        more=(ORDERED,),
    ),
    Aggregate(
        key="list",
        usage="LIST(x, limit)",
        results=MappingProxyType({t: List(t) for t in SCALAR}),
        summary="the first values in the total order, at most limit of them",
        options=(Option(what="the limit of LIST", problem=_whole(1000), optional=True),),
    ),
    Aggregate(
        key="top",
        usage="TOP(x, k)",
        results=MappingProxyType({t: _counted(t) for t in (BOOL, INT, STRING, HASHED)}),
        summary="the k most frequent values with their counts; NULL among more than 1000 different values",
        options=(Option(what="the k of TOP", problem=_whole(100)),),
    ),
    Aggregate(
        key="quantile",
        usage="QUANTILE(x, q)",
        results=_to(FLOAT, *_NUMBERS),
        summary="the value of rank ⌊q (n − 1)⌋ among n in order, within 1 % of itself",
        options=(Option(what="the q of QUANTILE", problem=_inside),),
    ),
    Aggregate(
        key="median", usage="MEDIAN(x)", results=_to(FLOAT, *_NUMBERS), summary="QUANTILE(x, 0.5), within 1 % of itself"
    ),
    Aggregate(
        key="histogram",
        usage="HISTOGRAM(x, bound, …)",
        results=_to(_BUCKETS, *_NUMBERS),
        summary="the number of values up to each bound and beyond the last",
        options=(Option(what="a bound of HISTOGRAM", problem=lambda _: None, many=True),),
    ),
    Aggregate(key="var_pop", usage="VAR_POP(x)", results=_SPREAD, summary="the variance"),
    Aggregate(
        key="var_samp",
        usage="VAR_SAMP(x)",
        results=_SPREAD,
        summary="the variance, estimated from a sample",
        names=("VARIANCE",),
    ),
    Aggregate(key="stddev_pop", usage="STDDEV_POP(x)", results=_SPREAD, summary="the standard deviation"),
    Aggregate(
        key="stddev_samp",
        usage="STDDEV_SAMP(x)",
        results=_SPREAD,
        summary="the standard deviation, estimated from a sample",
        names=("STDDEV",),
    ),
    Aggregate(
        key="burn_rate",
        usage="BURN_RATE(bad, total, objective)",
        results=_SPREAD,
        summary="how many times faster than allowed errors come: SUM(bad) / SUM(total) / (1 - objective)",
        more=(_NUMBERS,),
        options=(Option(what="the objective of BURN_RATE", problem=_below_one),),
    ),
    Aggregate(
        key="rate",
        usage="RATE(x)",
        results=_SPREAD,
        summary="INCREASE by the seconds that it took, from sample to sample of one series",
        samples=True,
    ),
    Aggregate(
        key="increase",
        usage="INCREASE(x)",
        results=_SPREAD,
        summary="how far a counter went from sample to sample of one series; one that falls began at 0 again",
        samples=True,
    ),
    Aggregate(
        key="delta",
        usage="DELTA(x)",
        results=_SPREAD,
        summary="the difference of a gauge from sample to sample of one series",
        samples=True,
    ),
)

AGGREGATES: Mapping[str, Aggregate] = MappingProxyType({n: a for a in _ALL for n in (a.key.upper(), *a.names)})
"""Aggregates by the names that SQL calls them, in capitals."""
