"""What is said where a hashed value is used as if it could be read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from slac.compiler.sql.context import Context
from slac.plan.signatures import HASHED
from slac.stream.types import AnyType

__all__ = ["refused"]


def refused(types: Sequence[AnyType], nodes: Sequence[exp.Expr], context: Context) -> bool:
    """Whether a value among these is hashed, which cannot be used like that; then it is noted why."""
    at = next((n for t, n in zip(types, nodes, strict=False) if t == HASHED), None)
    if at is None:
        return False
    written = context.text(at)
    context.error(
        "privacy/hashed",
        f"{written} is hashed, because it is sensitive: what it was cannot be told here",
        at,
        f"let the probe that reads the input say it: select: [{{name: a condition over {written}}}]",
        "hashed values can be compared with one another, grouped and joined by, counted, and passed on",
    )
    return True
