"""Operators: arithmetic, comparisons, logic, and the tests that SQL writes as words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from slac.compiler.sql.apply import apply, apply_typed, condition
from slac.compiler.sql.context import Context, Rule
from slac.compiler.sql.literals import number
from slac.plan.expressions import AnyExpr, Call
from slac.plan.functions import FUNCTIONS
from slac.plan.signatures import BOOL

__all__ = ["CHAINS", "RULES"]

_ARITHMETIC: Final[Mapping[type[exp.Expr], str]] = MappingProxyType(
    {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%", exp.Pow: "power"}
)
_COMPARISONS: Final[Mapping[type[exp.Expr], str]] = MappingProxyType(
    {
        exp.EQ: "=",
        exp.NEQ: "<>",
        exp.LT: "<",
        exp.LTE: "<=",
        exp.GT: ">",
        exp.GTE: ">=",
        exp.NullSafeEQ: "is_not_distinct",
        exp.NullSafeNEQ: "is_distinct",
    }
)
CHAINS: Final[Mapping[type[exp.Expr], str]] = MappingProxyType({exp.And: "and", exp.Or: "or", exp.DPipe: "||"})
"""Operators of which a long row is one flat call."""


def operands(node: exp.Expr) -> list[exp.Expr]:
    """The operands of a chain of one operator, from left to right."""
    kind, found = type(node), []
    while isinstance(node, kind):
        found.append(node.expression)
        node = node.this
    return [node, *reversed(found)]


def _arithmetic(node: exp.Binary, context: Context) -> AnyExpr | None:
    return apply(_ARITHMETIC[type(node)], [node.this, node.expression], node, context)


def _comparison(node: exp.Binary, context: Context) -> AnyExpr | None:
    if type(node.this) in _COMPARISONS or type(node.expression) in _COMPARISONS:
        context.error(
            "sql/not-allowed", "comparisons cannot be chained", node, "join them with AND, or put one into brackets"
        )
        return None
    return apply(_COMPARISONS[type(node)], [node.this, node.expression], node, context)


def _logic(node: exp.Expr, context: Context) -> AnyExpr | None:
    key = CHAINS[type(node)]
    nodes = operands(node)
    args = [condition(n, context, key.upper()) for n in nodes]
    known = [a for a in args if a is not None]
    return apply_typed(FUNCTIONS[key], known, nodes, node, context) if len(known) == len(args) else None


def _join(node: exp.Expr, context: Context) -> AnyExpr | None:
    return apply("||", operands(node), node, context)


def _not(node: exp.Not, context: Context) -> AnyExpr | None:
    arg = condition(node.this, context, "NOT")
    return None if arg is None else Call(function="not", args=(arg,), dtype=BOOL, nullable=arg.nullable)


def _negate(node: exp.Neg, context: Context) -> AnyExpr | None:
    # The least integer has no positive counterpart, so sign and digits are read together.
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return number(node.this, context, sign="-", at=node)
    return apply("negate", [node.this], node, context)


def _is(node: exp.Is, context: Context) -> AnyExpr | None:
    match node.expression:
        case exp.Null():
            arg = context.visit(node.this)
            return None if arg is None else Call(function="is_null", args=(arg,), dtype=BOOL, nullable=False)
        case exp.Boolean(this=wanted):
            arg = condition(node.this, context, "IS TRUE" if wanted else "IS FALSE")
            key = "is_true" if wanted else "is_false"
            return None if arg is None else Call(function=key, args=(arg,), dtype=BOOL, nullable=False)
        case other:
            context.error(
                "sql/not-allowed",
                f"IS takes NULL, TRUE, FALSE or UNKNOWN, not {context.text(other)}",
                other,
                "compare with = or IS NOT DISTINCT FROM",
            )
            return None


def _in(node: exp.In, context: Context) -> AnyExpr | None:
    if not node.expressions or node.args.get("field") is not None:
        context.error("sql/not-allowed", "IN takes a list of values in brackets", node, "write IN (1, 2, 3)")
        return None
    return apply("in", [node.this, *node.expressions], node, context)


def _between(node: exp.Between, context: Context) -> AnyExpr | None:
    low = apply(">=", [node.this, node.args["low"]], node, context)
    if low is None:
        return None
    high = apply("<=", [node.this, node.args["high"]], node, context)
    if high is None:
        return None
    return Call(function="and", args=(low, high), dtype=BOOL, nullable=low.nullable or high.nullable)


def _like(node: exp.Like | exp.ILike, context: Context) -> AnyExpr | None:
    key = "like" if isinstance(node, exp.Like) else "ilike"
    found = apply(key, [node.this, node.expression], node, context)
    if found is None or not node.args.get("negate"):
        return found
    return Call(function="not", args=(found,), dtype=BOOL, nullable=found.nullable)


def _paren(node: exp.Paren, context: Context) -> AnyExpr | None:
    return context.visit(node.this)


_PAIR = frozenset({"this", "expression"})

RULES: Final[Mapping[type[exp.Expr], Rule]] = MappingProxyType(
    {
        **{kind: Rule(_PAIR | {"typed", "safe"}, _arithmetic) for kind in _ARITHMETIC},
        **{kind: Rule(_PAIR, _comparison) for kind in _COMPARISONS},
        exp.And: Rule(_PAIR, _logic),
        exp.Or: Rule(_PAIR, _logic),
        exp.DPipe: Rule(_PAIR | {"safe"}, _join),
        exp.Not: Rule(frozenset({"this"}), _not),
        exp.Neg: Rule(frozenset({"this"}), _negate),
        exp.Is: Rule(_PAIR, _is),
        exp.In: Rule(frozenset({"this", "expressions", "field"}), _in),
        exp.Between: Rule(frozenset({"this", "low", "high"}), _between),
        exp.Like: Rule(_PAIR | {"negate"}, _like),
        exp.ILike: Rule(_PAIR | {"negate"}, _like),
        exp.Paren: Rule(frozenset({"this"}), _paren),
    }
)
