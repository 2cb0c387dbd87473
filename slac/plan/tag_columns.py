"""The columns that expressions of a pattern read: bare ones of the event at hand, `tag.column` of what is bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slac.plan.expressions import AnyExpr, Call
from slac.plan.subexpressions import columns_in

__all__ = ["ARRAY", "conjuncts", "is_own", "tag_of"]

ARRAY: Final = "[]"
"""Behind a tag: the list of all its rows."""


def conjuncts(expr: AnyExpr) -> Iterator[AnyExpr]:
    """The parts of a chain of AND."""
    if isinstance(expr, Call) and expr.function == "and":
        for arg in expr.args:
            yield from conjuncts(arg)
    else:
        yield expr


def tag_of(name: str) -> tuple[str, str] | None:
    """Tag and column (`[]` for all) of a column's physical name; None for one of the event itself."""
    if name.endswith(ARRAY):
        return name.removesuffix(ARRAY), ARRAY
    tag, dot, column = name.partition(".")
    return (tag, column) if dot else None


def is_own(expr: AnyExpr) -> bool:
    """Whether an expression looks at the incoming event only."""
    return all(tag_of(c.name) is None for c in columns_in(expr))
