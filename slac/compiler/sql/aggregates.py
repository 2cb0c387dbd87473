"""Aggregates: where they may stand, what they take, and the column that will hold their value."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from slac.compiler.sql.apply import condition
from slac.compiler.sql.context import Context, Place
from slac.diagnostics import listed
from slac.plan.aggregate_signatures import AGGREGATES, NOT_BUILT, Aggregate
from slac.plan.expressions import AggregateCall, AnyExpr, Column
from slac.plan.signatures import coerce, widened
from slac.stream.types import AnyType

__all__ = ["aggregate", "filtered"]


def filtered(node: exp.Filter, context: Context) -> AnyExpr | None:
    """`AGGREGATE(…) FILTER (WHERE …)`."""
    call, where = node.this, node.expression
    if not isinstance(call, exp.Anonymous) or call.name.upper() not in {*AGGREGATES, *NOT_BUILT}:
        context.error("sql/not-allowed", "FILTER stands behind an aggregate only", node)
        return None
    return aggregate(call, where.this, context, whole=node)


def aggregate(
    node: exp.Anonymous, where: exp.Expr | None, context: Context, *, whole: exp.Expr | None = None
) -> AnyExpr | None:
    """The column that holds the aggregate's value; the aggregate itself is noted in the context."""
    name = node.name.upper()
    at = (node.meta["start"], node.meta["end"] + 1)
    if name in NOT_BUILT:
        context.error("language/not-built", f"{name} is not built yet", at, details=f"aggregates: {listed(AGGREGATES)}")
        return None
    if not _may_stand_here(node, context):
        return None
    inside = context.at(Place.ARGUMENT)
    found = _arguments(AGGREGATES[name], node, inside)
    kept = condition(where, inside, "FILTER") if where is not None else None
    if found is None or (where is not None and kept is None):
        return None
    args, options, dtype = found
    call = AggregateCall(
        name="",
        function=AGGREGATES[name].key,
        args=args,
        options=options,
        where=kept,
        dtype=dtype,
        nullable=AGGREGATES[name].nullable,
        sql=context.text(node if whole is None else whole),
    )
    return _column(call, context)


def _may_stand_here(node: exp.Anonymous, context: Context) -> bool:
    name, at = node.name.upper(), (node.meta["start"], node.meta["end"] + 1)
    match context.place:
        case Place.GROUP:
            return True
        case Place.ARGUMENT:
            context.error("types/nested-aggregate", f"{name} stands inside another aggregate", at)
        case Place.ROW:
            context.error(
                "types/aggregate-here",
                f"{name} needs the rows of a group, but this is evaluated row by row",
                at,
                'aggregates stand in the "select" of a block with a "window", or of a report',
            )
    return False


_Arguments = tuple[tuple[AnyExpr, ...], tuple[str, ...], AnyType]


def _arguments(signature: Aggregate, node: exp.Anonymous, context: Context) -> _Arguments | None:
    match node.expressions:
        case [exp.Star()] if signature.star:
            return (), (), next(iter(signature.results.values()))
        case [exp.Distinct() as distinct]:
            context.error("language/not-built", f"{node.name.upper()}(DISTINCT …) is not built yet", distinct)
            return None
        case [first, *options] if signature.ranked == bool(options):
            return _typed(signature, first, options, node, context)
        case given:
            count = f"{len(given)} argument" + ("s" if len(given) != 1 else "")
            context.error(
                "types/arguments",
                f"{node.name.upper()} does not take {count}",
                node,
                f"it is written {signature.usage}",
            )
            return None


def _typed(
    signature: Aggregate, first: exp.Expr, options: Sequence[exp.Expr], node: exp.Anonymous, context: Context
) -> _Arguments | None:
    arg = context.visit(first)
    ranks = _ranks(options, node, context)
    if arg is None or ranks is None:
        return None
    arg = coerce(arg, widened(arg.dtype))
    result = signature.results.get(arg.dtype)
    if result is None:
        possible = listed(dict.fromkeys(map(str, signature.results)))
        context.error(
            "types/mismatch",
            f"{node.name.upper()} does not take {arg.dtype} ({context.text(first)})",
            first,
            details=f"it takes {possible}",
        )
        return None
    return (arg,), ranks, result


def _ranks(options: Sequence[exp.Expr], node: exp.Anonymous, context: Context) -> tuple[str, ...] | None:
    """The constant texts of WORST and BEST, from the best to the worst."""
    ranks: list[str] = []
    for option in options:
        if not isinstance(option, exp.Literal) or not option.is_string:
            context.error("types/not-constant", f"{node.name.upper()} takes texts from best to worst", option)
            return None
        if str(option.this) in ranks:
            context.error("types/arguments", f"'{option.this}' is ranked twice", option)
            return None
        ranks.append(str(option.this))
    return tuple(ranks)


def _column(call: AggregateCall, context: Context) -> AnyExpr:
    """The column of an equal aggregate of this expression, or a new one."""
    same = next((a for a in context.aggregates if _content(a) == _content(call)), None)
    if same is None:
        same = AggregateCall(
            name=next(context.names),
            function=call.function,
            args=call.args,
            options=call.options,
            where=call.where,
            dtype=call.dtype,
            nullable=call.nullable,
            sql=call.sql,
        )
        context.aggregates.append(same)
    return Column(name=same.name, dtype=same.dtype, nullable=same.nullable)


def _content(call: AggregateCall) -> tuple[object, ...]:
    return call.function, call.args, call.options, call.where
