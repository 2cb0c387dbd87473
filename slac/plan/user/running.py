"""Which functions of a document's own a node calls, and what is told where one fails while the plan runs."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from slac.plan.user.failures import FunctionFailed
from slac.plan.user.module import readable

_CALL: Final = re.compile(rb'"(user:[0-9a-f]{16}:(\w+))"')


def called_in(node: msgspec.Struct) -> frozenset[str]:
    """The functions of a document's own that a node calls, each with what it was made from (`OVER@1f3a90c2`)."""
    return frozenset(readable(key.decode()) for key, _ in _CALL.findall(msgspec.json.encode(node)))


def failure_of(block: str, node: msgspec.Struct, error: Exception) -> FunctionFailed | None:
    """The sentence for what Polars could not compute in a node; None where it calls no such function."""
    called = sorted({name.decode() for _, name in _CALL.findall(msgspec.json.encode(node))})
    if not called:
        return None
    lines = str(error).strip().splitlines()
    why = lines[0] if lines else type(error).__name__
    return FunctionFailed(
        f'An expression of "{block}" with {", ".join(called)} failed: {why}. '
        "A function must have a value or NULL for whatever its types allow, for example by strict=False in a cast."
    )
