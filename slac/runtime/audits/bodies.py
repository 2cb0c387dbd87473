"""Report bodies: rows of a stream, kept as partial aggregates by key and `by` until their key's next publication.

Rows that the watermark has passed belong to a publication of the same pass, or are pending: all publications to come
are later than they. Pending rows are merged to one partial row a slot, epoch and `by`, in a few runs sorted by slot
that are merged geometrically; what a publication has taken is dead (not later than the slot's last one) and is dropped
when its run is merged. Before the first publication of a key there is no period that would end: its rows are kept
apart by epochs of `retain`, and the first report takes those of its own epoch and the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.plan.aggregates import final_exprs, grouped, grouped_rows, merge_exprs, partial_exprs
from slac.plan.estimates.calls import GROUP
from slac.plan.estimates.columns import EstimatedColumns
from slac.plan.lowering import columns_of, lower
from slac.plan.nodes import ReportBody
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.publications import PUBLICATION, Periods
from slac.runtime.audits.slots import NEVER, SLOT, Longs, Mask, Slots
from slac.runtime.operators.estimate_parts import Extension
from slac.runtime.operators.estimated_rows import CONFIDENCE
from slac.stream.batch import DEPTH, ID, KEPT, SEEN, TIME, WEIGHT

EPOCH: Final = "_epoch"
"""Column (Int64): the time of pending rows in whole `retain`; NEVER once the key has published."""
UNTIL: Final = "_until"
"""Column (Int64 µs): the latest row behind a partial row."""
PUBLISHED: Final = "published"
"""Column by slot (µs): the end of the last period; pending rows up to it are dead."""
_META: Final = (TIME, DEPTH, ID, SEEN, KEPT, WEIGHT)
_CROWD: Final = 4096


class BodyRows:
    """The rows of one report body of an audit with these keys; `dtype` is its column: a list of structs."""

    def __init__(self, body: ReportBody, keys: tuple[str, ...], dtype: pl.DataType, slots: Slots, retain: int) -> None:
        self.body = body
        self.dtype = dtype
        self._keys = [k for k in keys if k not in body.by]
        self._slots = slots
        self._retain = retain
        read = [columns_of(a) for call in body.aggregates for a in (*call.args, *([call.where] if call.where else []))]
        self._columns = list(dict.fromkeys((*keys, *body.by, *sorted(frozenset[str]().union(*read)))))
        self._pieces = [SLOT, EPOCH, *body.by]
        self.held = HeldRows()
        self._runs: list[pl.DataFrame] = []
        self._calls = body.aggregates
        self._estimates: EstimatedColumns | None = None

    @property
    def crowded(self) -> bool:
        """Whether raw rows have become many, so that they are worth a pass of their own."""
        return self.held.rows > _CROWD + sum(r.height for r in self._runs) // 2

    def add(self, frame: pl.DataFrame) -> None:
        """Hold rows until the watermark has passed them."""
        if WEIGHT in frame.columns:
            self._weigh()
        meta = [m for m in _META if m in frame.columns and m not in self._columns]
        self.held.add(frame.select(*meta, *self._columns))

    def ready(self, watermark: int) -> pl.DataFrame | None:
        """The rows that the watermark has passed, with their slot; keys that are not known get one."""
        rows = self.held.release(watermark)
        if rows is None:
            return None
        return rows.with_columns(
            pl.Series(SLOT, self._slots.find(rows), pl.Int64), (pl.col(AT) // self._retain).alias(EPOCH)
        )

    def settle(
        self, rows: pl.DataFrame | None, periods: Periods, oldest: Longs
    ) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """Give rows and pending partials to the publications of this pass.

        `oldest`: by publication, the lowest epoch that it takes. Returns partial rows with `_publication`, and partial
        rows that are left over, to be given to `keep` once `published` says what is dead by now.
        """
        left = None
        taken = [] if not len(periods.slots) else self._taken(periods)
        if rows is not None:
            owner = periods.of(rows[SLOT].to_numpy(), rows[AT].to_numpy())
            marked = rows.with_columns(pl.Series(PUBLICATION, owner, pl.Int64))
            exprs = [*partial_exprs(self._calls, marked.columns), pl.col(AT).max().alias(UNTIL)]
            partial = grouped_rows(marked, [PUBLICATION, *self._pieces], self._calls, exprs)
            left = partial.filter(pl.col(PUBLICATION) < 0).drop(PUBLICATION)
            taken.append(partial.filter(pl.col(PUBLICATION) >= 0))
        if not taken:
            return None, left
        together = pl.concat(taken, how="diagonal")
        wanted = oldest[together[PUBLICATION].to_numpy()]
        return together.filter(pl.col(EPOCH) >= pl.Series(wanted, dtype=pl.Int64)), left

    def keep(self, partial: pl.DataFrame | None, settled: Mask) -> None:
        """Add what is left over to what is pending; `settled`: by slot, whether it has published by now.

        A key that has published needs no epochs any more.
        """
        if partial is None or not partial.height:
            return
        known = pl.Series(settled[partial[SLOT].to_numpy()])
        marked = partial.with_columns(pl.when(known).then(pl.lit(NEVER)).otherwise(EPOCH).alias(EPOCH))
        self._runs.append(marked.sort(SLOT))
        while len(self._runs) > 1 and self._runs[-2].height < 2 * self._runs[-1].height:
            last = self._runs.pop()
            self._runs[-1] = self._merged(self._alive(pl.concat([self._runs[-1], last])))

    def lists(self, partial: pl.DataFrame, publications: pl.DataFrame) -> pl.DataFrame:
        """`_publication` and the body as a list of structs, rows in the order of the `by` columns.

        `publications`: `_publication` and the audit's keys.
        """
        by = list(self.body.by)
        merged = grouped(partial, [PUBLICATION, *by], merge_exprs(self._calls))
        if self._estimates is None:
            values = merged.select(PUBLICATION, *by, *final_exprs(self._calls))
        else:
            made = [SEEN, KEPT, *(call.name for call in self.body.aggregates)]
            values = self._estimates.of(merged).select(PUBLICATION, *by, *made)
        if self._keys:
            values = values.join(publications.select(PUBLICATION, *self._keys), on=PUBLICATION, how="left")
        columns = [pl.col(n) for n in by] + [lower(p.expr).alias(p.name) for p in self.body.project]
        rows = values.select(PUBLICATION, *columns).sort(PUBLICATION, *by)
        lists = rows.group_by(PUBLICATION, maintain_order=True).agg(pl.struct(pl.exclude(PUBLICATION)).alias("rows"))
        return lists.select(PUBLICATION, pl.col("rows").cast(self.dtype).alias(self.body.name))

    def pending(self) -> pl.DataFrame | None:
        """All that is pending and alive, for a snapshot."""
        return self._merged(self._alive(pl.concat(self._runs))) if self._runs else None

    def part(self, slots: Longs) -> pl.DataFrame | None:
        """What is pending of these slots."""
        pending = self.pending()
        return None if pending is None else pending.filter(pl.col(SLOT).is_in(slots.tolist()))

    def graft(self, gone: Longs, pending: pl.DataFrame | None, places: Mapping[int, int]) -> None:
        """Drop what is pending of the slots `gone`; take over what `part` elsewhere gave, by its slots there."""
        left = [r.filter(~pl.col(SLOT).is_in(gone.tolist())) for r in self._runs]
        self._runs = [r for r in left if r.height]
        if pending is not None and pending.height:
            pending = self._alike(pending)
            self._runs.append(
                pending.with_columns(pl.col(SLOT).replace_strict(places, return_dtype=pl.Int64)).sort(SLOT)
            )

    def restore(self, held: pl.DataFrame | None, pending: pl.DataFrame | None) -> None:
        """Take over a snapshot."""
        if held is not None:
            if WEIGHT in held.columns:
                self._weigh()
            self.held.add(held)
        if pending is not None and pending.height:
            self._runs = [self._alike(pending)]

    def _alike(self, pending: pl.DataFrame) -> pl.DataFrame:
        """What is pending elsewhere, and what is here, both with weights where either is."""
        weighted = f"{GROUP}.k" in pending.columns
        if weighted:
            self._weigh()
        if not weighted and self._estimates is not None:
            return Extension(self.body.aggregates).of_state(pending)
        return pending

    def _weigh(self) -> None:
        """From here on rows have weights: values are estimates. A list has no room for their bounds."""
        if self._estimates is not None:
            return
        extension = Extension(self.body.aggregates)
        self._calls, self._estimates = extension.calls, EstimatedColumns(extension.calls, CONFIDENCE)
        self._runs = [extension.of_state(run) for run in self._runs]

    def _merged(self, partial: pl.DataFrame) -> pl.DataFrame:
        exprs = [*merge_exprs(self._calls), pl.col(UNTIL).max()]
        return grouped(partial, self._pieces, exprs).sort(SLOT)

    def _alive(self, run: pl.DataFrame) -> pl.DataFrame:
        return run.filter(pl.col(UNTIL) > pl.Series(self._slots[PUBLISHED][run[SLOT].to_numpy()], dtype=pl.Int64))

    def _taken(self, periods: Periods) -> list[pl.DataFrame]:
        """Pending rows of the slots that publish now: their first publication takes them."""
        found = []
        for run in self._runs:
            held = run[SLOT].to_numpy()
            low, high = np.searchsorted(held, periods.slots), np.searchsorted(held, periods.slots, side="right")
            count = high - low
            at = np.repeat(low - (np.cumsum(count) - count), count) + np.arange(int(count.sum()))
            if len(at):
                rows = self._alive(run[at])
                owner = periods.first_of(rows[SLOT].to_numpy())
                found.append(rows.with_columns(pl.Series(PUBLICATION, owner, pl.Int64)))
        return found
