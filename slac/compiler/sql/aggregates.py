"""Aggregates: where they may stand, what they take, and the column that will hold their value."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlglot import exp

from slac.compiler.sql.apply import condition
from slac.compiler.sql.context import Context, Place
from slac.compiler.sql.hashed import refused
from slac.diagnostics import listed
from slac.plan.aggregate_signatures import AGGREGATES, Aggregate
from slac.plan.expressions import AggregateCall, AnyExpr, Column
from slac.plan.signatures import coerce, widened
from slac.stream.types import AnyType

__all__ = ["aggregate", "filtered"]


def filtered(node: exp.Filter, context: Context) -> AnyExpr | None:
    """`AGGREGATE(…) FILTER (WHERE …)`."""
    call, where = node.this, node.expression
    if not isinstance(call, exp.Anonymous) or call.name.upper() not in AGGREGATES:
        context.error("sql/not-allowed", "FILTER stands behind an aggregate only", node)
        return None
    return aggregate(call, where.this, context, whole=node)


def aggregate(
    node: exp.Anonymous, where: exp.Expr | None, context: Context, *, whole: exp.Expr | None = None
) -> AnyExpr | None:
    """The column that holds the aggregate's value; the aggregate itself is noted in the context."""
    match node.expressions:
        case [exp.Distinct(expressions=[only])] if node.name.upper() == "COUNT":
            return _called("COUNT_DISTINCT", [only], node, where, context, whole=whole)
        case [exp.Distinct() as distinct]:
            context.error(
                "sql/not-allowed", f"{node.name.upper()} takes no DISTINCT", distinct, "COUNT(DISTINCT x) does"
            )
            return None
        case given:
            return _called(node.name.upper(), given, node, where, context, whole=whole)


def _called(
    name: str,
    given: Sequence[exp.Expr],
    node: exp.Anonymous,
    where: exp.Expr | None,
    context: Context,
    *,
    whole: exp.Expr | None,
) -> AnyExpr | None:
    if not _may_stand_here(name, node, context):
        return None
    inside = context.at(Place.ARGUMENT)
    found = _arguments(AGGREGATES[name], given, node, inside)
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


def _may_stand_here(name: str, node: exp.Anonymous, context: Context) -> bool:
    at, samples = (node.meta["start"], node.meta["end"] + 1), AGGREGATES[name].samples
    match context.place:
        case Place.GROUP:
            return True
        case Place.SAMPLE if samples:
            return True
        case Place.ARGUMENT:
            context.error("types/nested-aggregate", f"{name} stands inside another aggregate", at)
        case Place.ROW if samples:
            context.error(
                "types/aggregate-here",
                f"{name} needs the samples of one series, but nothing here says which rows belong to one",
                at,
                "write it in the `select` of a computation with `by: series`, or with the columns that name a series",
            )
        case Place.ROW | Place.SAMPLE:
            context.error(
                "types/aggregate-here",
                f"{name} needs the rows of a group, but this is evaluated row by row",
                at,
                'aggregates stand in the "select" of a block with a "window", or of a report',
            )
    return False


_Arguments = tuple[tuple[AnyExpr, ...], tuple[str | float, ...], AnyType]


def _arguments(
    signature: Aggregate, expressions: Sequence[exp.Expr], node: exp.Anonymous, context: Context
) -> _Arguments | None:
    match list(expressions):
        case [exp.Star()] if signature.star:
            return (), (), next(iter(signature.results.values()))
        case [first, *options] if signature.ranked and options:
            return _typed(signature, [first], options, node, context)
        case given if not signature.ranked and _takes(signature, len(given)):
            values = 1 + len(signature.more)
            return _typed(signature, given[:values], given[values:], node, context)
        case given:
            count = f"{len(given)} argument" + ("s" if len(given) != 1 else "")
            context.error(
                "types/arguments",
                f"{node.name.upper()} does not take {count}",
                node,
                f"it is written {signature.usage}",
            )
            return None


def _takes(signature: Aggregate, count: int) -> bool:
    """Whether this many arguments are right."""
    values = 1 + len(signature.more)
    least = values + sum(not o.optional for o in signature.options)
    return least <= count and (count <= values + len(signature.options) or any(o.many for o in signature.options))


def _typed(
    signature: Aggregate, values: Sequence[exp.Expr], options: Sequence[exp.Expr], node: exp.Anonymous, context: Context
) -> _Arguments | None:
    found = [context.visit(v) for v in values]
    constants = _ranks(options, node, context) if signature.ranked else _constants(signature, options, context)
    # An enum is text, and a list of one a list of text, from here on.
    args = [coerce(a, widened(a.dtype)) for a in found if a is not None]
    if len(args) < len(found) or constants is None:
        return None
    possible: list[Collection[AnyType]] = [signature.results, *signature.more]
    for arg, types, value in zip(args, possible, values, strict=True):
        if arg.dtype not in types:
            if refused([arg.dtype], [value], context):
                return None
            context.error(
                "types/mismatch",
                f"{node.name.upper()} does not take {arg.dtype} ({context.text(value)})",
                value,
                details=f"it takes {listed(dict.fromkeys(map(str, types)))}",
            )
            return None
    return tuple(args), constants, signature.results[args[0].dtype]


def _constants(signature: Aggregate, options: Sequence[exp.Expr], context: Context) -> tuple[float, ...] | None:
    """The numbers behind the values, each checked by the option that it is."""
    numbers: list[float] = []
    for n, node in enumerate(options):
        option = signature.options[min(n, len(signature.options) - 1)]
        value = _number(node)
        if value is None:
            context.error("types/not-constant", f"{option.what} must be a number, not {context.text(node)}", node)
            return None
        problem = option.problem(value) or (
            "must be greater than the one before it" if numbers and value <= numbers[-1] else None
        )
        if problem is not None:
            context.error("sql/bad-literal", f"{option.what} {problem}", node)
            return None
        numbers.append(value)
    return tuple(numbers)


def _number(node: exp.Expr) -> float | None:
    match node:
        case exp.Neg(this=inner):
            value = _number(inner)
            return None if value is None else -value
        case exp.Literal(is_string=False):
            text = str(node.this)
            return int(text) if text.isdigit() else float(text)
        case _:
            return None


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
