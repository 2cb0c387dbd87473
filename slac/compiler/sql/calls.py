"""Calls: scalar functions, CAST, CASE, EXTRACT and POSITION; aggregates are handed on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from slac.compiler.sql.aggregates import aggregate, filtered
from slac.compiler.sql.apply import apply, apply_function, condition
from slac.compiler.sql.context import Context, Place, Rule
from slac.compiler.sql.hashed import refused
from slac.compiler.sql.literals import instant
from slac.compiler.sql.refused import FUNCTION_HINTS
from slac.compiler.sql.scope import EVENT_TIME
from slac.diagnostics import listed, suggest
from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.casts import can_cast, may_fail, targets
from slac.plan.expressions import AnyExpr, Case, Cast, Literal
from slac.plan.functions import FUNCTIONS, SQL_NAMES
from slac.plan.scalar.time import FIELDS
from slac.plan.signatures import BOOL, DURATION, FLOAT, INT, NULL, STRING, TIMESTAMP, coerce, common_type
from slac.stream.types import AnyType

__all__ = ["RULES"]

_TYPES: Final[Mapping[exp.DType, AnyType]] = MappingProxyType(
    {
        exp.DType.BOOLEAN: BOOL,
        exp.DType.INT: INT,
        exp.DType.BIGINT: INT,
        exp.DType.FLOAT: FLOAT,
        exp.DType.DOUBLE: FLOAT,
        exp.DType.TEXT: STRING,
        exp.DType.VARCHAR: STRING,
        exp.DType.TIMESTAMP: TIMESTAMP,
        exp.DType.TIMESTAMPTZ: TIMESTAMP,
        exp.DType.TIMESTAMPNTZ: TIMESTAMP,
        exp.DType.INTERVAL: DURATION,
    }
)
_TYPE_NAMES = ("bool", "int", "float", "string", "timestamp", "duration")


def _call(node: exp.Anonymous, context: Context) -> AnyExpr | None:
    name = node.name.upper()
    if name in AGGREGATES:
        return aggregate(node, None, context)
    if name in SQL_NAMES:
        return apply(SQL_NAMES[name].key, node.expressions, node, context)
    if name in ("DATE_PART", "DATEPART"):
        return _date_part(node, context)
    if name == "EVENT_TIME":
        return _event_time(node, context)
    if name in context.scope.functions:
        return apply_function(context.scope.functions[name], node.expressions, node, context)
    _unknown(node, name, context)
    return None


def _unknown(node: exp.Anonymous, name: str, context: Context) -> None:
    at = (node.meta["start"], node.meta["end"] + 1) if "start" in node.meta else node
    if name in FUNCTION_HINTS:
        code, summary, hint = FUNCTION_HINTS[name]
        context.error(code, summary, at, hint)
        return
    every = sorted({*context.scope.functions, *SQL_NAMES, *AGGREGATES, "DATE_PART", "EVENT_TIME", "EXTRACT", "CAST"})
    near = suggest(name, every)
    context.error(
        "names/unknown-function",
        f"no function {node.name}",
        at,
        near,
        "" if near else f"functions: {listed(every, limit=99)}",
    )


def _event_time(node: exp.Anonymous, context: Context) -> AnyExpr | None:
    if node.expressions:
        context.error("types/arguments", "EVENT_TIME takes no arguments", node)
        return None
    if context.place is Place.GROUP:
        context.error(
            "types/not-aggregated", "EVENT_TIME() differs between the rows of a group", node, "write LAST(EVENT_TIME())"
        )
    return EVENT_TIME


def _date_part(node: exp.Anonymous, context: Context) -> AnyExpr | None:
    match node.expressions:
        case [exp.Literal(is_string=True) as field, when]:
            return _field(str(field.this), when, field, node, context)
        case _:
            context.error("types/arguments", "DATE_PART takes a field and a timestamp", node, "DATE_PART('hour', t)")
            return None


def _extract(node: exp.Extract, context: Context) -> AnyExpr | None:
    return _field(str(node.this.name), node.expression, node, node, context)


def _field(field: str, when: exp.Expr, at: exp.Expr, node: exp.Expr, context: Context) -> AnyExpr | None:
    key = f"extract_{field.lower()}"
    if key in FUNCTIONS:
        return apply(key, [when], node, context)
    known = [*FIELDS, "epoch"]
    context.error(
        "sql/bad-literal", f"a timestamp has no {field.lower()}", at, suggest(field, known), f"it has {listed(known)}"
    )
    return None


def _position(node: exp.StrPosition, context: Context) -> AnyExpr | None:
    return apply("strpos", [node.this, node.args["substr"]], node, context)


def _cast(node: exp.Cast, context: Context) -> AnyExpr | None:
    target = _type(node.args["to"], node, context)
    if target == TIMESTAMP and isinstance(node.this, exp.Literal) and node.this.is_string:
        return instant(node.this, context, node)
    arg = context.visit(node.this)
    if arg is None or target is None:
        return None
    if not can_cast(arg.dtype, target):
        if refused([arg.dtype], [node.this], context):
            return None
        possible = listed(targets(arg.dtype))
        hint = _CAST_HINTS.get((arg.dtype, target), "")
        context.error(
            "types/mismatch",
            f"{arg.dtype} does not convert to {target}",
            node,
            hint,
            f"{arg.dtype} converts to: {possible}",
        )
        return None
    if arg.dtype in (NULL, target):
        return coerce(arg, target)
    return Cast(arg=arg, dtype=target, nullable=arg.nullable or may_fail(arg.dtype, target))


_CAST_HINTS: Mapping[tuple[AnyType, AnyType], str] = MappingProxyType(
    {
        (DURATION, FLOAT): "write SECONDS(d) or MILLIS(d)",
        (DURATION, INT): "write CAST(SECONDS(d) AS int) or CAST(MILLIS(d) AS int)",
        (INT, DURATION): "multiply: x * INTERVAL '1 second'",
        (FLOAT, DURATION): "multiply: x * INTERVAL '1 second'",
        (INT, TIMESTAMP): "write TO_TIMESTAMP(seconds)",
        (FLOAT, TIMESTAMP): "write TO_TIMESTAMP(seconds)",
        (TIMESTAMP, FLOAT): "write EXTRACT(epoch FROM t)",
        (TIMESTAMP, INT): "write CAST(EXTRACT(epoch FROM t) AS int)",
    }
)


def _type(node: exp.DataType, cast: exp.Expr, context: Context) -> AnyType | None:
    written = str(node.args.get("kind") or node.this.value).lower()
    found = DURATION if written == "duration" else _TYPES.get(node.this)
    if found is None or node.expressions or node.args.get("nested"):
        hint = suggest(written, _TYPE_NAMES)
        context.error("types/unknown-type", f"no type {written}", cast, hint, f"types: {listed(_TYPE_NAMES)}")
        return None
    return found


def _case(node: exp.Case, context: Context) -> AnyExpr | None:
    default = node.args.get("default")
    tests = [_test(node, branch, context) for branch in node.args["ifs"]]
    value_nodes = [branch.args["true"] for branch in node.args["ifs"]] + ([] if default is None else [default])
    values = [context.visit(v) for v in value_nodes]
    known_tests = [t for t in tests if t is not None]
    known = [v for v in values if v is not None]
    if len(known_tests) < len(tests) or len(known) < len(values):
        return None
    shared = _shared_type(known, value_nodes, context)
    if shared is None:
        return None
    coerced = [coerce(v, shared) for v in known]
    otherwise = coerced[-1] if default is not None else Literal(value=None, dtype=shared)
    nullable = otherwise.nullable or any(v.nullable for v in coerced)
    branches = tuple(zip(known_tests, coerced[: len(tests)], strict=True))
    return Case(branches=branches, otherwise=otherwise, dtype=shared, nullable=nullable)


def _test(node: exp.Case, branch: exp.If, context: Context) -> AnyExpr | None:
    if node.this is None:
        return condition(branch.this, context, "WHEN")
    return apply("=", [node.this, branch.this], branch.this, context)


def _shared_type(values: list[AnyExpr], nodes: list[exp.Expr], context: Context) -> AnyType | None:
    for count in range(1, len(values) + 1):
        if common_type([v.dtype for v in values[:count]]) is None:
            before = common_type([v.dtype for v in values[: count - 1]])
            actual = values[count - 1].dtype
            if refused([v.dtype for v in values], nodes, context):
                return None
            context.error(
                "types/mismatch",
                f"the branches of CASE are {before} and {actual}",
                nodes[count - 1],
                f"give them one type: CAST({context.text(nodes[count - 1])} AS {before})"
                if can_cast(actual, before or NULL)
                else "",
            )
            return None
    return common_type([v.dtype for v in values])


def _filter(node: exp.Filter, context: Context) -> AnyExpr | None:
    return filtered(node, context)


RULES: Final[Mapping[type[exp.Expr], Rule]] = MappingProxyType(
    {
        exp.Anonymous: Rule(frozenset({"this", "expressions"}), _call),
        exp.Filter: Rule(frozenset({"this", "expression"}), _filter),
        exp.Cast: Rule(frozenset({"this", "to"}), _cast),
        exp.TryCast: Rule(frozenset({"this", "to", "safe"}), _cast),
        exp.Extract: Rule(frozenset({"this", "expression"}), _extract),
        exp.StrPosition: Rule(frozenset({"this", "substr"}), _position),
        exp.Case: Rule(frozenset({"this", "ifs", "default"}), _case),
    }
)
