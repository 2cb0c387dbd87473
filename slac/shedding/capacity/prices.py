"""What expressions and aggregates are priced as: by the kind of values that they look at, not by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from slac.plan.at_once import at_once
from slac.plan.expressions import AggregateCall, AnyExpr, Call, Case, Cast, Column, NamedExpr
from slac.plan.necessary import necessary
from slac.plan.nodes import SelectNode, WindowNode
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow
from slac.stream.types import Enum, List, Map, Schema, String, Struct

Priced = tuple[tuple[str, Work], ...]
"""Kinds of cost, each with the work that is done."""

NUMBER, TEXT, LABEL, PATTERN = "expr.number", "expr.text", "expr.label", "expr.pattern"
"""Over numbers and times; over texts; what a map or a list has; regular expressions."""

_LABELS: Final = frozenset({"label", "item", "list_contains"})
_PATTERNS: Final = frozenset({"regexp_matches", "regexp_extract", "regexp_replace", "split_part"})
_ENDS: Final = frozenset({"first", "last", "max_by", "min_by", "rate", "increase", "delta"})
_SKETCHES: Final = frozenset({"count_distinct", "quantile", "median", "histogram"})
_LISTS: Final = frozenset({"list", "top"})


def expression_kinds(expr: AnyExpr | None) -> Counter[str]:
    """How many steps of each kind it takes to work out `expr`: a column takes none."""
    kinds: Counter[str] = Counter()
    for part in _parts(expr):
        match part:
            case Call():
                kinds[_of_call(part)] += 1
            case Case() | Cast():
                kinds[NUMBER] += 1
            case _:
                pass
    return kinds


def kinds_of(exprs: Iterable[AnyExpr | None]) -> Counter[str]:
    """The steps of all of them."""
    return sum((expression_kinds(e) for e in exprs), Counter[str]())


def expression_work(kinds: Mapping[str, int], batches: float, rows: float) -> Priced:
    """The work of expressions of these kinds over so many batches and rows a second."""
    return tuple((kind, Work(exprs=batches * n, cells=rows * n)) for kind, n in sorted(kinds.items()))


def column_exprs(columns: Iterable[NamedExpr] | None) -> list[AnyExpr]:
    """The expressions of a select that are more than a column."""
    return [c.expr for c in columns or () if not isinstance(c.expr, Column)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectShape:
    """How a select goes about few rows: queries for what it lets through, and for what it works out of that.

    What has a form that needs none (ADR 0042) costs a tenth of one that has not. `cheap`: what is looked at before the
    condition itself, `first` its steps.
    """

    asks: int
    makes: int
    cheap: AnyExpr | None
    first: Counter[str]
    where: Counter[str]
    columns: Counter[str]

    @classmethod
    def of(cls, node: SelectNode) -> SelectShape:
        """The shape of a node."""
        cheap = None if node.where is None else necessary(node.where)
        where = [e for e in (cheap, node.where) if e is not None]
        columns = [c.expr for c in node.columns or ()]
        return cls(
            asks=sum(at_once(e) is None for e in where) + (node.during is not None),
            makes=int(any(at_once(e) is None for e in columns)),
            cheap=cheap,
            first=kinds_of([cheap]),
            where=kinds_of([node.where]),
            columns=kinds_of(column_exprs(node.columns)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowShape:
    """What a window works out for each row in, and for each row out."""

    rows: Counter[str]
    said: Counter[str]

    @classmethod
    def of(cls, node: WindowNode) -> WindowShape:
        """The shape of a node; the last merge works out no rows in."""
        takes = node.role in {"whole", "partial"}
        return cls(
            rows=kinds_of(aggregate_inputs(node.aggregates)) if takes else Counter(),
            said=kinds_of(column_exprs((*node.project, *node.then))),
        )


def aggregate_work(calls: Iterable[AggregateCall], *, batches: float, rows: float, groups: float) -> Priced:
    """The work of aggregates that take in `rows` in `batches`, and touch or give out `groups`."""
    kinds = Counter(_of_aggregate(call) for call in calls)
    return tuple((kind, Work(exprs=batches * n, cells=rows * n, slots=groups * n)) for kind, n in sorted(kinds.items()))


def weighted_work(before: Flow, aggregates: int, batches: float, groups: float) -> Priced:
    """What a window does besides where its rows stand for others: weights, and variances by aggregate and group."""
    if not before.weighted:
        return ()
    work = Work(
        batches=batches,
        exprs=batches * aggregates,
        rows=before.rate,
        cells=before.rate * aggregates,
        slots=groups * aggregates,
    )
    return (("window.weighted", work),)


def aggregate_inputs(calls: Iterable[AggregateCall]) -> list[AnyExpr | None]:
    """What is worked out for each row before it is aggregated."""
    return [e for call in calls for e in (*call.args, call.where)]


def text_columns(schema: Schema) -> int:
    """How many columns of a schema are of text or made of it: they cost more to move."""
    return sum(isinstance(f.dtype, String | Enum | Map | List | Struct) for f in schema.fields)


def _of_call(call: Call) -> str:
    if call.function in _LABELS:
        return LABEL
    if call.function in _PATTERNS or "." in call.function:
        return PATTERN
    if any(isinstance(getattr(a, "dtype", None), String | Enum | Map) for a in call.args):
        return TEXT
    return NUMBER


def _of_aggregate(call: AggregateCall) -> str:
    if call.function in _ENDS:
        return "aggregate.end"
    if call.function in _SKETCHES:
        return "aggregate.sketch"
    return "aggregate.list" if call.function in _LISTS else "aggregate.sum"


def _parts(expr: object) -> Iterable[object]:
    match expr:
        case msgspec.Struct():
            yield expr
            for name in expr.__struct_fields__:
                yield from _parts(getattr(expr, name))
        case tuple():
            for each in expr:
                yield from _parts(each)
        case _:
            return
