"""A table inside the runtime: whole versions come in, what has changed goes out as rows with a time.

The first version holds since the beginning of time; a later one from the instant on at which it was read. Until the
first has come, nothing passes the joins that look into it; from then on it holds nobody back.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from slac.adapters.decoding import Quarantined
from slac.plan.nodes import SourceNode, TableSpec
from slac.runtime.operator import BEGINNING, State
from slac.runtime.source import Source, Taken
from slac.runtime.tables.conform import conformed
from slac.stream.batch import ID, TIME, TIME_TYPE, Batch
from slac.stream.ids import row_ids
from slac.stream.ports import Records

FIRST: Final = -62_135_596_800_000_000
"""The instant (µs) of the first version: the beginning of the year 1, before which no event has a time."""


class TableSource(Source):
    """The source of a table; its rows are upserts, and for a key that is gone NULL in all other columns.

    `floor`: no reader of the table stands at a later watermark; set before each `take`.
    """

    def __init__(self, node: SourceNode, *, document: str, now: int, live: bool) -> None:
        super().__init__(node, document=document, now=now, live=live)
        self._document = document
        self._table: TableSpec = node.table or TableSpec(key=(), max_rows=0)
        self.version = 0
        self._rows: pl.DataFrame | None = None
        self.floor = BEGINNING
        self.failures = 0

    def take(self, records: Records) -> Taken:
        """The changes to the version of before; rows that do not comply are set aside."""
        taken = Taken()
        self.heard = max(self.heard, records.arrival)
        if records.fault:
            self.failures += 1
            taken.quarantined = [Quarantined(index=-1, reason=records.fault, raw=b"")]
        elif records.frame is not None:
            rows, taken.quarantined = conformed(records.frame, self.node.payload, self._table)
            taken.batches = self._changed(rows.select(self.node.schema.names), max(records.arrival, self.floor))
        self.quarantined += len(taken.quarantined)
        return taken

    def end(self) -> None:
        """No version will follow; without a first one nothing may pass, whatever has become of the table."""

    def promise(self, now: int) -> bool:
        """A table is never idle: it says that it has changed, or has not."""
        del now
        return False

    def snapshot(self) -> State:
        """The version that holds, beside what every input remembers."""
        before = super().snapshot()
        values = {**before.values, "version": self.version, "failures": self.failures}
        return State(values, {} if self._rows is None else {"rows": self._rows})

    def restore(self, state: State) -> None:
        """Take over a snapshot: its version holds until another one is read."""
        super().restore(state)
        self.version, self.failures = state.values["version"], state.values["failures"]
        self._rows = state.frames.get("rows")
        self.ended = self.version > 0

    def _changed(self, rows: pl.DataFrame, at: int) -> list[Batch]:
        key, before = list(self._table.key), self._rows
        self._rows, self.ended = rows, True
        if before is None:
            changes, at = rows, FIRST
        else:
            new = rows.join(before, on=rows.columns, how="anti", nulls_equal=True, maintain_order="left")
            gone = before.join(rows, on=key, how="anti", maintain_order="left").select(key)
            changes = pl.concat([new, gone], how="diagonal").select(rows.columns)
        self.version += before is None or changes.height > 0
        if not changes.height:
            return []
        stamped = changes.with_columns(
            pl.lit(at, pl.Int64).cast(TIME_TYPE).alias(TIME), pl.lit(self.version, pl.Int64).alias("_version")
        )
        ids = row_ids(stamped, self._document, self.node.block, [*key, "_version"])
        return [Batch(stamped.select(pl.col(TIME), ids.alias(ID), *rows.columns))]
