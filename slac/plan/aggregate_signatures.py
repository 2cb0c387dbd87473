"""The aggregates of the language: what they take, and the type that comes out. How they are computed is elsewhere.

COUNT is never NULL; every other aggregate is NULL over no rows, or over NULLs only. FIRST and LAST skip NULL and
follow the total order; WORST and BEST name the values of a column from the best to the worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from slac.plan.signatures import FLOAT, INT, ORDERED, SCALAR, STRING
from slac.stream.types import AnyType

__all__ = ["AGGREGATES", "NOT_BUILT", "Aggregate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """An aggregate of one argument: `results` maps the argument's type to the result's.

    `star`: `COUNT(*)` takes no argument at all. `ranked`: constant texts follow the argument, from best to worst.
    """

    key: str
    usage: str
    results: Mapping[AnyType, AnyType]
    star: bool = False
    ranked: bool = False
    nullable: bool = True


def _same(types: tuple[AnyType, ...]) -> Mapping[AnyType, AnyType]:
    return MappingProxyType({t: t for t in types})


_ALL = (
    Aggregate(
        key="count",
        usage="COUNT(*) or COUNT(x)",
        results=MappingProxyType(dict.fromkeys(SCALAR, INT)),
        star=True,
        nullable=False,
    ),
    Aggregate(key="sum", usage="SUM(x)", results=_same((INT, FLOAT))),
    Aggregate(key="min", usage="MIN(x)", results=_same(ORDERED)),
    Aggregate(key="max", usage="MAX(x)", results=_same(ORDERED)),
    Aggregate(key="avg", usage="AVG(x)", results=MappingProxyType({INT: FLOAT, FLOAT: FLOAT})),
    Aggregate(key="first", usage="FIRST(x)", results=_same(SCALAR)),
    Aggregate(key="last", usage="LAST(x)", results=_same(SCALAR)),
    Aggregate(key="worst", usage="WORST(x, 'best', …, 'worst')", results=_same((STRING,)), ranked=True),
    Aggregate(key="best", usage="BEST(x, 'best', …, 'worst')", results=_same((STRING,)), ranked=True),
)

AGGREGATES: Mapping[str, Aggregate] = MappingProxyType({a.key.upper(): a for a in _ALL})
"""Aggregates by the names that SQL calls them, in capitals."""

NOT_BUILT: frozenset[str] = frozenset(
    {
        "BURN_RATE",
        "COUNT_DISTINCT",
        "DELTA",
        "HISTOGRAM",
        "INCREASE",
        "LIST",
        "MEDIAN",
        "QUANTILE",
        "RATE",
        "SHARE",
        "STDDEV",
        "STDDEV_POP",
        "STDDEV_SAMP",
        "TOP",
        "VARIANCE",
        "VAR_POP",
        "VAR_SAMP",
    }
)
"""Aggregates that the language names and this version does not compute yet."""
