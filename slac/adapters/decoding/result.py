"""What a decoder answers: the rows that comply, and those that do not with the reason why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

ROW: Final = "_row"
"""Column (UInt32) of a decoded frame: the place of the row among the records that were decoded, from 0."""


_ALL: Final = pl.Series(ROW, np.arange(1 << 16, dtype=np.uint32))


def all_rows(count: int) -> pl.Series:
    """`_row` of records that have all complied."""
    if count <= len(_ALL):
        return _ALL.head(count)
    return pl.Series(ROW, np.arange(count, dtype=np.uint32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One record that does not comply: its place among the records, why, and what it was (JSON text), or its hash.

    `number`: its place in its source, from 1; 0 where nobody knows.
    """

    index: int
    reason: str
    raw: bytes
    hash: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The outcome of decoding one `Records`.

    `frame` has `_time` (Datetime µs UTC), the payload and context fields by bare name in declared order, and `_row`.
    `total` is the number of records looked at: rows of `frame` plus `quarantined`.
    `unknown_fields` is an estimate: the undeclared fields of the first record times `total`; `unknown_names` are the
    paths found there. Metrics only: it depends on how records were cut into blocks. `unweighted`: spans of which it is
    not known for how many they stand, by reason; where others stand for several, `frame` has `_stood`.
    """

    frame: pl.DataFrame
    quarantined: tuple[Quarantined, ...]
    total: int
    unknown_fields: int = 0
    unknown_names: tuple[str, ...] = ()
    unweighted: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> pl.Series:
        """Places of the surviving records (UInt32), ascending."""
        return self.frame[ROW]
