"""From publications to the rows of an audit's stream: names for numbers, keys, ids and report bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from slac.plan.machine import TransitionTable
from slac.plan.nodes import AuditNode
from slac.runtime.audits.bodies import BodyRows
from slac.runtime.audits.occurrences import occurrence_ids
from slac.runtime.audits.publications import (
    CHANGES,
    DOUBTED,
    ENDED,
    FLAPPING,
    FORGOTTEN,
    KIND,
    KINDS,
    ORDER,
    PREVIOUS,
    PUBLICATION,
    SINCE,
    START,
    STATE,
    TIME,
)
from slac.runtime.audits.slots import SLOT, Slots
from slac.runtime.operator import BEGINNING
from slac.stream import batch
from slac.stream.batch import KEPT, SEEN, TIME_TYPE, WEIGHT_ONE

SEEN_COLUMN: Final = "seen"
KEPT_COLUMN: Final = "kept"
"""Columns of the table of publications: events behind each, seen (multiples of 2⁻²⁰) and kept."""
_UNKNOWN: Final = pl.lit("UNDECIDED")


class ReportRows:
    """Makes the rows of one audit."""

    def __init__(self, node: AuditNode, table: TransitionTable, document: str) -> None:
        self._node = node
        self._document = document
        self._types = node.schema.polars()
        self._states = pl.Series(table.states, dtype=pl.String)
        self._verdicts = pl.Series(table.verdicts, dtype=pl.String)

    def frame(
        self, table: pl.DataFrame, slots: Slots, bodies: Sequence[BodyRows], taken: Sequence[pl.DataFrame | None]
    ) -> pl.DataFrame | None:
        """Reports sorted by (`_time`, `_id`), or None where nothing but ENDED was published."""
        numbered = table.with_row_index(PUBLICATION).cast({PUBLICATION: pl.Int64})
        table = numbered.filter(pl.col(KIND) != ENDED).sort(ORDER)
        if not table.height:
            return None
        named = self._named(table, slots)
        for body, partial in zip(bodies, taken, strict=True):
            named = named.join(self._body(body, partial, named), on=PUBLICATION, how="left", maintain_order="left")
        lists = [pl.col(b.body.name).fill_null(pl.lit([], b.dtype)) for b in bodies]
        keys = (*self._node.keys, "kind", batch.TIME)
        ids = occurrence_ids(named, self._document, self._node.block, keys)
        meta = [batch.TIME, batch.ID, SEEN, KEPT]
        columns = [pl.col(n).cast(t) for n, t in self._types.items()]
        return named.with_columns(*lists, ids).select(*meta, *columns).sort(meta[:2])

    def _named(self, table: pl.DataFrame, slots: Slots) -> pl.DataFrame:
        def text(names: pl.Series, column: str) -> pl.Series:
            return names.gather(table[column].replace(-1, None))

        at = pl.col(TIME).cast(TIME_TYPE)
        start = pl.when(pl.col(START) > BEGINNING).then(START).cast(TIME_TYPE)
        columns: dict[str, Any] = {
            batch.TIME: at,
            SEEN: pl.col(SEEN_COLUMN) / WEIGHT_ONE,
            KEPT: pl.col(KEPT_COLUMN),
            "kind": text(pl.Series(KINDS), KIND),
            "state": text(self._states, STATE),
            "previous": text(self._states, PREVIOUS),
            "verdict": pl.when(_known()).then(text(self._verdicts, STATE)).otherwise(_UNKNOWN),
            "since": pl.col(SINCE).cast(TIME_TYPE),
            "period_start": start,
            "period_end": at,
        }
        if self._node.flapping is not None:
            columns["flapping"] = pl.col(FLAPPING) > 0
        if self._node.holds_back:
            columns["changes"] = pl.col(CHANGES)
        named = table.select(PUBLICATION, **columns)
        return named.hstack(slots.keys_of(table[SLOT].to_numpy()))

    def _body(self, body: BodyRows, partial: pl.DataFrame | None, named: pl.DataFrame) -> pl.DataFrame:
        if partial is None or not partial.height:
            return pl.DataFrame(schema={PUBLICATION: pl.Int64(), body.body.name: body.dtype})
        return body.lists(partial, named)


def _known() -> pl.Expr:
    """Whether the state is the verdict: the key is not forgotten, nor did its last row leave it open."""
    return (pl.col(KIND) != FORGOTTEN) & (pl.col(DOUBTED) == 0)
