"""Every aggregate as a case: the call, what plain Python makes of the rows, and how DuckDB says it.

A reference takes the rows that FILTER leaves, in the total order. `theirs` is SQL over the same rows, for data that
`alike` says both mean the same for; where it says no, the difference is a stated one.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.expressions import AggregateCall, AnyExpr, Column
from slac.stream.batch import TIME
from slac.stream.types import AnyType, Bool, Float, Int, String

Row = dict[str, Any]
Rows = Sequence[Row]
Reference = Callable[[Rows], Any]

TYPES: Final[dict[str, AnyType]] = {"i": Int(), "f": Float(), "g": Float(), "s": String(), "b": Bool(), "ok": Bool()}
OK: Final = Column(name="ok", dtype=Bool())
RANKS: Final = ("x", "y", "é")
BOUNDS: Final = (0, 10, 100.5)
NAN: Final = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One call; `near` is the relative error that it may have, `apart` the absolute one."""

    call: AggregateCall
    reference: Reference
    theirs: str = ""
    alike: Callable[[Rows], bool] = lambda _: True
    near: float = 1e-9
    apart: float = 1e-9


def made(name: str, *columns: str, options: tuple[Any, ...] = (), where: AnyExpr | None = None) -> AggregateCall:
    """A call as the compiler would type it."""
    signature = AGGREGATES[name]
    args = tuple(Column(name=c, dtype=TYPES[c]) for c in columns)
    dtype: AnyType = signature.results[args[0].dtype] if args else Int()
    named = "_".join((f"_{name}", *columns, *(["w"] if where else [])))
    return AggregateCall(name=named, function=signature.key, args=args, options=options, where=where, dtype=dtype)


def of(rows: Rows, *names: str) -> list[Any]:
    """The values of rows that have all of these columns; of one column alone, not in tuples."""
    full = [tuple(r[n] for n in names) for r in rows if all(r[n] is not None for n in names)]
    return [v[0] for v in full] if len(names) == 1 else full


def finite(*names: str, below: float = 1e15) -> Callable[[Rows], bool]:
    """Whether all values can be summed, by us and by them."""
    return lambda rows: all(math.isfinite(v) and abs(v) < below for n in names for v in of(rows, n))


def above(value: Any) -> tuple[bool, Any]:
    """A key by which NaN is greater than every number."""
    return (True, 0) if isinstance(value, float) and math.isnan(value) else (False, value)


def or_null(function: Callable[[list[Any]], Any], *names: str) -> Reference:
    """A function of values, NULL where there is none."""
    return lambda rows: function(values) if (values := of(rows, *names)) else None


def summed(values: list[Any]) -> Any:
    """SUM: exact; what cannot be summed makes it NaN, what does not fit 64 bits NULL."""
    if isinstance(values[0], int):
        return total if -(2**63) <= (total := sum(values)) < 2**63 else None
    return float(sum(map(Fraction, values))) if all(abs(v) < 2**62 for v in values) else NAN


def mean(values: list[Any]) -> float:
    """AVG."""
    fits = all(isinstance(v, int) or abs(v) < 2**62 for v in values)
    return float(sum(map(Fraction, values)) / len(values)) if fits else NAN


def spread(function: Callable[[list[Any]], Any], least: int) -> Callable[[list[Any]], Any]:
    """A variance or deviation of `least` values at least."""

    def value(values: list[Any]) -> Any:
        limit = 2**50 if isinstance(values[0], int) else 2**32
        if len(values) < least:
            return None
        return float(function(list(map(Fraction, values)))) if all(abs(v) < limit for v in values) else NAN

    return value


def by_extreme(rows: Rows, *, greatest: bool) -> Any:
    """MAX_BY and MIN_BY of `s` by `f`: of equal ones the last, and the first."""
    full = of(rows, "f", "s")
    if not full:
        return None
    edge = (max if greatest else min)(above(k) for k, _ in full)
    found = [v for k, v in full if above(k) == edge]
    return found[-1 if greatest else 0]


def quantile(q: float) -> Callable[[list[Any]], Any]:
    """The value of the rank itself."""
    return lambda values: float(sorted(values, key=above)[math.floor(q * (len(values) - 1))])


def top(values: list[Any]) -> list[Row]:
    """The two most frequent; of equally frequent ones the least."""
    ranked = sorted(Counter(values).items(), key=lambda c: (-c[1], c[0]))[:2]
    return [{"value": v, "count": n} for v, n in ranked]


def histogram(values: list[Any]) -> list[Row]:
    """Counts up to each bound, and beyond."""
    edges = [-math.inf, *BOUNDS, math.inf]
    place = [next((n for n, b in enumerate(BOUNDS) if v <= b), len(BOUNDS)) for v in values]
    return [{"upto": None if n == len(BOUNDS) else float(edges[n + 1]), "count": place.count(n)} for n in range(4)]


def burnt(pairs: list[Any]) -> Any:
    """BURN_RATE of an objective of 0.9."""
    if not all(abs(v) < 2**62 for pair in pairs for v in pair):
        return NAN if any(round(Fraction(t) * 2**40) for _, t in pairs if abs(t) < 2**62) else None
    bad, total = (sum(round(Fraction(p[n]) * 2**40) for p in pairs) for n in (0, 1))
    return bad / total / (1 - 0.9) if total else None


def ranked(values: list[str], *, worst: bool) -> str | None:
    """WORST and BEST: what is not listed does not count."""
    known = [RANKS.index(v) for v in values if v in RANKS]
    return RANKS[(max if worst else min)(known)] if known else None


def samples(said: str, name: str) -> Reference:
    """RATE, INCREASE and DELTA: from the first to the last sample that can be measured."""

    def value(rows: Rows) -> float | None:
        given = [(r[TIME], r[name]) for r in rows if r[name] is not None]
        kept = [(t, v) for t, v in given if isinstance(v, int) or abs(v) < 2**62]
        if len(kept) < len(given):
            return NAN
        if len(kept) < 2:
            return None
        units = [(t, Fraction(round(Fraction(v) * 2**40), 2**40)) for t, v in kept]
        steps = [b - a if b >= a else max(b, Fraction(0)) for (_, a), (_, b) in pairwise(units)]
        seconds = Fraction(units[-1][0] - units[0][0], 10**6)
        if said == "rate":
            return float(sum(steps) / seconds) if seconds else None
        return float(sum(steps)) if said == "increase" else float(units[-1][1] - units[0][1])

    return value


def _cases() -> tuple[Case, ...]:
    tame_f, tame_i = finite("f", below=1e6), finite("i", below=2**31)
    ordered = "ORDER BY t, id) FILTER (WHERE"
    spreads = (
        ("VAR_POP", statistics.pvariance, 1),
        ("VAR_SAMP", statistics.variance, 2),
        ("STDDEV_POP", statistics.pstdev, 1),
        ("STDDEV_SAMP", statistics.stdev, 2),
    )
    return (
        Case(call=made("COUNT"), reference=len, theirs="COUNT(*)"),
        Case(
            call=made("COUNT", "s", where=OK), reference=lambda r: len(of(r, "s")), theirs="COUNT(s) FILTER (WHERE ok)"
        ),
        Case(call=made("SUM", "i"), reference=or_null(summed, "i"), theirs="SUM(i)", alike=finite("i", below=2**58)),
        Case(call=made("SUM", "f"), reference=or_null(summed, "f"), theirs="SUM(f)", alike=tame_f),
        Case(call=made("AVG", "i"), reference=or_null(mean, "i"), theirs="AVG(i)"),
        Case(
            call=made("AVG", "f", where=OK),
            reference=or_null(mean, "f"),
            theirs="AVG(f) FILTER (WHERE ok)",
            alike=tame_f,
        ),
        Case(call=made("MIN", "i"), reference=or_null(min, "i"), theirs="MIN(i)"),
        Case(call=made("MAX", "s"), reference=or_null(max, "s"), theirs="MAX(s)"),
        Case(call=made("MIN", "f"), reference=or_null(lambda v: min(v, key=above), "f"), theirs="MIN(f)"),
        Case(call=made("MAX", "f"), reference=or_null(lambda v: max(v, key=above), "f"), theirs="MAX(f)"),
        Case(
            call=made("FIRST", "s"),
            reference=or_null(lambda v: v[0], "s"),
            theirs=f"FIRST(s {ordered} s IS NOT NULL)",
        ),
        Case(
            call=made("LAST", "i"), reference=or_null(lambda v: v[-1], "i"), theirs=f"LAST(i {ordered} i IS NOT NULL)"
        ),
        Case(
            call=made("WORST", "s", options=RANKS),
            reference=or_null(lambda v: ranked(v, worst=True), "s"),
        ),
        Case(call=made("BEST", "s", options=RANKS, where=OK), reference=or_null(lambda v: ranked(v, worst=False), "s")),
        Case(
            call=made("SHARE", "b"),
            reference=or_null(lambda v: sum(v) / len(v), "b"),
            theirs="AVG(CASE WHEN b THEN 1 WHEN NOT b THEN 0 END)",
        ),
        Case(call=made("BOOL_AND", "b"), reference=or_null(all, "b"), theirs="BOOL_AND(b)"),
        Case(call=made("BOOL_OR", "b"), reference=or_null(any, "b"), theirs="BOOL_OR(b)"),
        Case(
            call=made("MAX_BY", "s", "f"),
            reference=lambda r: by_extreme(r, greatest=True),
            theirs="ARG_MAX(s, f) FILTER (WHERE s IS NOT NULL)",
            alike=lambda r: len({above(k) for k, _ in of(r, "f", "s")}) == len(of(r, "f", "s")),
        ),
        Case(call=made("MIN_BY", "s", "f"), reference=lambda r: by_extreme(r, greatest=False)),
        Case(
            call=made("LIST", "s", options=(3,)),
            reference=or_null(lambda v: v[:3], "s"),
            theirs=f"(LIST(s {ordered} s IS NOT NULL))[1:3]",
        ),
        Case(call=made("TOP", "s", options=(2,)), reference=or_null(top, "s")),
        Case(
            call=made("COUNT_DISTINCT", "f"),
            reference=lambda r: len({above(v) for v in of(r, "f")}),
            theirs="COUNT(DISTINCT f)",
        ),
        Case(call=made("QUANTILE", "f", options=(0.9,)), reference=or_null(quantile(0.9), "f"), near=0.0101),
        Case(call=made("MEDIAN", "i"), reference=or_null(quantile(0.5), "i"), near=0.0101),
        Case(call=made("HISTOGRAM", "f", options=BOUNDS), reference=or_null(histogram, "f")),
        *(
            Case(
                call=made(name, column),
                reference=or_null(spread(function, least), column),
                theirs=f"{name}({column})",
                alike=tame,
                near=1e-6 if column == "f" else 1e-9,
                apart=1e-3 if column == "f" else 1e-9,
            )
            for name, function, least in spreads
            for column, tame in (("f", finite("f", below=1e3)), ("i", tame_i))
        ),
        Case(
            call=made("BURN_RATE", "f", "g", options=(0.9,)),
            reference=or_null(burnt, "f", "g"),
            theirs="SUM(f) FILTER (WHERE g IS NOT NULL) / SUM(g) FILTER (WHERE f IS NOT NULL) / 0.1",
            alike=lambda r: tame_f(r) and finite("g")(r) and sum(g for _, g in of(r, "f", "g")) > 1,
        ),
        *(
            Case(call=made(said, column), reference=samples(said.lower(), column))
            for said in ("RATE", "INCREASE", "DELTA")
            for column in ("f", "i")
        ),
    )


CASES: Final = _cases()
"""At least one for every aggregate of the language."""
