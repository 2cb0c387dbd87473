"""Which patterns run by columns: the shapes that are common, told from the node alone.

Everything else runs on the general evaluator, and so does a shape whose bounds no columns can express: with `limit`,
what is given up depends on which partial matches are open, and where a condition looks back at the first event that is
not simply the oldest ones.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from slac.language.patterns.tree import And, AnyPattern, Atom, Every, Followed, Interval, Not, Repeat
from slac.plan.nodes import PatternNode
from slac.plan.tag_columns import conjuncts, is_own

__all__ = ["Shape", "column_shape", "pattern_way"]

Kind = Literal["next", "each", "silence", "both", "count"]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern that runs by columns.

    `next`: every a -> b; `each`: every a -> every b; `silence`: every a -> (timer:interval(length) and not b);
    `both`: a and b; `count`: [count] a. `again`: the last two under `every`. `length` is in µs.
    """

    kind: Kind
    first: Atom
    second: Atom | None = None
    again: bool = True
    length: int = 0
    count: int = 0


def column_shape(node: PatternNode) -> Shape | None:
    """The shape of a pattern that runs by columns; None for one that the general evaluator keeps."""
    shape = _shape(node.pattern)
    if shape is None or (node.limit is not None and node.limit < 1):
        return None
    keeps_some = shape.kind in ("next", "silence") and node.limit is not None
    return None if keeps_some and _looks_back(node, shape) else shape


def pattern_way(node: PatternNode) -> str:
    """How a pattern runs, in the words of a plan's text."""
    return "general evaluator" if column_shape(node) is None else "by columns"


def _shape(pattern: AnyPattern) -> Shape | None:
    match pattern:
        case Followed(left=Every(child=Atom() as first), right=right, at_most=None):
            return _followed(first, right)
        case Every(child=And() | Repeat() as child):
            return _gathering(child, again=True)
        case And() | Repeat():
            return _gathering(pattern, again=False)
        case _:
            return None


def _followed(first: Atom, right: AnyPattern) -> Shape | None:
    match right:
        case Atom():
            return Shape(kind="next", first=first, second=right)
        case Every(child=Atom() as second):
            return Shape(kind="each", first=first, second=second)
        case (
            And(parts=(Interval(length=length), Not(child=Atom() as second)))
            | And(parts=(Not(child=Atom() as second), Interval(length=length)))
        ) if length.given is None and not length.months and length.us > 0:
            return Shape(kind="silence", first=first, second=second, length=length.us)
        case _:
            return None


def _gathering(pattern: And | Repeat, *, again: bool) -> Shape | None:
    match pattern:
        case And(parts=(Atom() as first, Atom() as second)):
            return Shape(kind="both", first=first, second=second, again=again)
        case Repeat(child=Atom() as first, low=int(low), high=int(high), until=None) if low == high >= 1:
            return Shape(kind="count", first=first, count=low, again=again)
        case _:
            return None


def _looks_back(node: PatternNode, shape: Shape) -> bool:
    texts = () if shape.second is None else shape.second.conditions
    return not all(is_own(part) for text in texts for part in conjuncts(node.texts[text.index]))
