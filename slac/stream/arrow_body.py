"""Rows as Arrow IPC messages that nobody has decoded yet: counted, joined and measured by what their heads say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_HEAD: Final = 16
"""Bytes that are charged for each batch beside itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrowBody:
    """Messages of one IPC stream: that with the schema, and those with rows.

    `rows`: how many each of `batches` holds. `unpacked`: bytes that all of them take when they are decompressed.
    `joins` is false where rows refer to dictionaries among the batches: another stream has others.
    """

    schema: bytes
    batches: tuple[bytes, ...]
    rows: tuple[int, ...]
    unpacked: int
    joins: bool = True

    @property
    def height(self) -> int:
        """All rows."""
        return sum(self.rows)

    @property
    def size(self) -> int:
        """Bytes, to be charged against memory and disk before anything is decoded."""
        return len(self.schema) + max(self.unpacked, sum(map(len, self.batches))) + _HEAD * len(self.batches)


def can_join(before: ArrowBody, body: ArrowBody) -> bool:
    """Whether the rows of both can stand in one stream."""
    return before.joins and body.joins and before.schema == body.schema


def joined(bodies: Sequence[ArrowBody]) -> ArrowBody:
    """One body with the rows of all, which can join, in order."""
    if len(bodies) == 1:
        return bodies[0]
    return ArrowBody(
        schema=bodies[0].schema,
        batches=tuple(batch for body in bodies for batch in body.batches),
        rows=tuple(rows for body in bodies for rows in body.rows),
        unpacked=sum(body.unpacked for body in bodies),
    )
