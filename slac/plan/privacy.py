"""Where sensitive fields stand in clear: columns beside a stream's own, that only the selections which see them get."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from slac.plan.nodes import AnyNode, SelectNode, SourceNode

_CLEAR: Final = "clear:"
"""No column of a document's own can be called so."""


def clear_column(field: str) -> str:
    """The column that holds a sensitive field in clear."""
    return _CLEAR + field


def field_of(column: str) -> str | None:
    """The sensitive field that a column holds in clear; None for all other columns."""
    return column.removeprefix(_CLEAR) if column.startswith(_CLEAR) else None


def clear_columns(node: AnyNode) -> tuple[str, ...]:
    """The columns in clear of the rows of a node."""
    match node:
        case SourceNode(clear=fields) | SelectNode(clear=fields):
            return tuple(map(clear_column, fields))
        case _:
            return ()


def sensitive_inputs(nodes: Iterable[AnyNode]) -> tuple[SourceNode, ...]:
    """The inputs whose events have sensitive fields."""
    return tuple(n for n in nodes if isinstance(n, SourceNode) and n.sensitive)
