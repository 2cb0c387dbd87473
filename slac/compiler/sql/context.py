"""What every part of the translation shares: the text, the names, where in a query it stands, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TypeAlias

from sqlglot import exp

from slac.compiler.sql.parser import BEGIN, END
from slac.compiler.sql.scope import Scope
from slac.diagnostics import Diagnostic
from slac.language.document import Sql
from slac.plan.expressions import AggregateCall, AnyExpr

__all__ = ["Context", "Handler", "Place", "Rule", "stretch"]


class Place(Enum):
    """Where an expression stands, which decides on columns and aggregates."""

    ROW = "row"
    SAMPLE = "sample"
    """A row of a series, beside the one before it."""
    GROUP = "group"
    ARGUMENT = "argument"


@dataclass(frozen=True, slots=True)
class Context:
    """The state of one translation; `found` and `aggregates` are filled as it goes on."""

    sql: Sql
    scope: Scope
    rules: Mapping[type[exp.Expr], Rule]
    place: Place = Place.ROW
    names: Iterator[str] = field(default_factory=lambda: iter(()))
    found: list[Diagnostic] = field(default_factory=list)
    aggregates: list[AggregateCall] = field(default_factory=list)

    def visit(self, node: exp.Expr) -> AnyExpr | None:
        """The typed expression of `node`; None where something is wrong with it, which has then been said."""
        rule = self.rules.get(type(node))
        extra = [] if rule is None else [k for k, v in node.args.items() if v and k not in rule.args]
        if rule is None or extra:
            self.error("sql/not-allowed", f"the language has no {_word(node, extra)} in expressions", node)
            return None
        return rule.handle(node, self)

    def at(self, place: Place) -> Context:
        """The same translation, in another place."""
        return replace(self, place=place)

    def error(
        self, code: str, summary: str, at: exp.Expr | tuple[int, int], suggestion: str = "", details: str = ""
    ) -> None:
        """Note a finding about a node or a stretch of code points."""
        start, end = stretch(at, len(self.sql.text)) if isinstance(at, exp.Expr) else at
        self.found.append(
            Diagnostic(
                code=code,
                summary=summary,
                span=self.sql.locate(start, end),
                path=self.scope.path or self.sql.path,
                suggestion=suggestion,
                details=details,
            )
        )

    def text(self, node: exp.Expr) -> str:
        """What the user wrote for `node`."""
        start, end = stretch(node, len(self.sql.text))
        return self.sql.text[start:end]


Handler: TypeAlias = Callable[[Any, Context], AnyExpr | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind of node is translated, and which of its parts that takes into account: all else is refused."""

    args: frozenset[str]
    handle: Handler


def stretch(node: exp.Expr, size: int) -> tuple[int, int]:
    """The half-open stretch of code points that `node` was read from: the whole text where it is not known."""
    places = [place for part in _parts(node) if (place := _own(part)) is not None]
    if not places:
        return _stretch_of_parent(node, size)
    return min(start for start, _ in places), max(end for _, end in places)


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if BEGIN not in part.meta:
            waiting.extend(part.iter_expressions())


def _own(node: exp.Expr) -> tuple[int, int] | None:
    meta = node.meta
    if BEGIN in meta:
        return meta[BEGIN], meta[END]
    if "start" in meta:
        return meta["start"], meta["end"] + 1
    return None


def _stretch_of_parent(node: exp.Expr, size: int) -> tuple[int, int]:
    return stretch(node.parent, size) if node.parent is not None else (0, size)


def _word(node: exp.Expr, extra: list[str]) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()
    return f"{name} with {', '.join(e.upper() for e in extra)}" if extra else name
