"""From SQL text to typed expressions of the plan: tokens, then a tree, then an allow-list of its nodes.

Nothing is raised for what a user wrote: all that is wrong comes back as diagnostics, as many as can be told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from slac.compiler.sql import calls, collections, columns, literals, operators
from slac.compiler.sql.apply import condition as boolean
from slac.compiler.sql.context import Context, Place, Rule
from slac.compiler.sql.parser import Unreadable, parse, tokenize
from slac.compiler.sql.result import Translated, TranslatedAggregate
from slac.compiler.sql.scope import Scope
from slac.compiler.sql.tokens import Problem, problems
from slac.compiler.sql.unreadable import explain
from slac.compiler.sql.words import words_as_columns
from slac.language.document import Sql
from slac.plan.expressions import AnyExpr

__all__ = ["LONGEST", "translate", "translate_aggregate", "translate_sample"]

LONGEST: Final = 8_000
"""Code points that one expression may have."""
_DEEPEST_TREE: Final = 100

_RULES: Final[Mapping[type[exp.Expr], Rule]] = MappingProxyType(
    {**literals.RULES, **columns.RULES, **operators.RULES, **calls.RULES, **collections.RULES}
)


def translate(sql: Sql, scope: Scope, *, condition: bool = False) -> Translated:
    """An expression over single rows; a `condition` must be boolean."""
    context = Context(sql=sql, scope=scope, rules=_RULES)
    expr = _translate(context, condition=condition)
    return Translated(expr=None if context.found else expr, diagnostics=tuple(context.found))


def translate_aggregate(sql: Sql, scope: Scope, names: Iterator[str]) -> TranslatedAggregate:
    """An expression over the rows of a group; `names` gives each aggregate its column (`_a0`, `_a1`, …)."""
    return _with_aggregates(Context(sql=sql, scope=scope, rules=_RULES, place=Place.GROUP, names=names))


def translate_sample(sql: Sql, scope: Scope, names: Iterator[str]) -> TranslatedAggregate:
    """An expression over a row and, in RATE, INCREASE and DELTA, over the sample of its series before it."""
    return _with_aggregates(Context(sql=sql, scope=scope, rules=_RULES, place=Place.SAMPLE, names=names))


def _with_aggregates(context: Context) -> TranslatedAggregate:
    expr = _translate(context, condition=False)
    if context.found:
        return TranslatedAggregate(expr=None, diagnostics=tuple(context.found))
    return TranslatedAggregate(expr=expr, aggregates=tuple(context.aggregates))


def _translate(context: Context, *, condition: bool) -> AnyExpr | None:
    expr = _translated(context, condition=condition)
    if context.found:
        _hint_at_quotes(context)
    return expr


def _hint_at_quotes(context: Context) -> None:
    """Where a word of SQL is a column too, the first finding says how the column is written."""
    try:
        words = list(words_as_columns(tokenize(context.sql.text), context.scope.columns))
    except Unreadable:
        return
    if words:
        first, quoted = context.found[0], " and ".join(f'"{w}"' for w in words)
        hint = f"as columns, words of SQL stand in double quotes: {quoted}"
        context.found[0] = replace(first, details="; ".join(d for d in (hint, first.details) if d))


def _translated(context: Context, *, condition: bool) -> AnyExpr | None:
    try:
        tree = _parse(context)
        if tree is None:
            return None
        return boolean(tree, context, "a condition") if condition else context.visit(tree)
    except RecursionError:
        _too_deep(context)
        return None


def _parse(context: Context) -> exp.Expr | None:
    text = context.sql.text
    if not text.strip():
        context.error("sql/empty", "an expression is missing", (0, len(text)))
        return None
    if len(text) > LONGEST:
        context.error("sql/too-deep", f"more than {LONGEST} characters in one expression", (0, len(text)))
        return None
    try:
        found, tree = _read(text)
    except Unreadable as error:
        explain(error, context)
        return None
    for problem in found:
        context.error(problem.code, problem.summary, (problem.start, problem.end), problem.suggestion)
    if tree is not None and _depth(tree) > _DEEPEST_TREE:
        _too_deep(context)
        return None
    return tree


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[tuple[Problem, ...], exp.Expr | None]:
    """What the tokens tell, or the tree, which nobody changes: large documents say the same things again and again."""
    tokens = tokenize(text)
    found = tuple(problems(tokens, text))
    return found, None if found else parse(tokens, text)


def _depth(tree: exp.Expr) -> int:
    """Levels of the tree, of which a chain of one operator counts as one."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        for part in node.iter_expressions():
            chained = type(part) is type(node) and type(node) in operators.CHAINS
            waiting.append((part, depth if chained else depth + 1))
    return deepest


def _too_deep(context: Context) -> None:
    context.error(
        "sql/too-deep",
        "the expression is nested too deeply",
        (0, len(context.sql.text)),
        "compute a part of it in a column of its own",
    )
