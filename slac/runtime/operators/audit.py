"""An audit: a machine for every key, and the reports that it publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from slac.plan.machine import transition_table
from slac.plan.nodes import AuditNode
from slac.runtime.audits.bodies import PUBLISHED, BodyRows
from slac.runtime.audits.engine import LAST, SAID, MachineEngine
from slac.runtime.audits.evaluation import CONDITION, Evaluation
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.audits.inhibition import Inhibition
from slac.runtime.audits.publications import ENDED, KIND, START, TIME, Periods
from slac.runtime.audits.reports import KEPT_COLUMN, SEEN_COLUMN, ReportRows
from slac.runtime.audits.service import course_of
from slac.runtime.audits.slots import NEVER, SLOT, Longs, Slots
from slac.runtime.operator import BEGINNING, OperatorContext, State
from slac.runtime.operators.replayable import ReplayableOperator
from slac.stream.batch import KEPT, SEEN, Batch

HEARD = "heard"
"""Column by slot (µs): the latest row of any report body."""


class AuditOperator(ReplayableOperator):
    """Port 0 moves the machines, ports 1… feed the report bodies; rows out as `slac.plan.reports` says."""

    def __init__(self, node: AuditNode, context: OperatorContext) -> None:
        self._node = node
        table = transition_table(node)
        types = node.schema.polars()
        own = {HEARD: BEGINNING, PUBLISHED: BEGINNING, SEEN: 0, KEPT: 0}
        self._keys = {k: types[k] for k in node.keys}
        self._slots = Slots(self._keys, own)
        inhibit = node.inhibit
        self._inhibition = None if inhibit is None else Inhibition(inhibit.keys, types, self._slots)
        self._engine = MachineEngine(
            table,
            self._slots,
            node.retain,
            course_of(node.during),
            flapping=node.flapping,
            inhibited=inhibit is not None,
        )
        self._evaluation = Evaluation(node.keys, [s.when for s in node.states])
        self._reports = ReportRows(node, table, context.document)
        self._bodies = [BodyRows(b, node.keys, types[b.name], self._slots, node.retain) for b in node.report]
        self._held = HeldRows()
        self._latest = BEGINNING
        self._ended = BEGINNING
        self._late = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        if batch.late:
            self._late += batch.height
        elif port == 0:
            self._held.add(self._evaluation.of(batch.frame))
        elif self._inhibition is not None and self._node.inhibit is not None and port == self._node.inhibit.port:
            self._inhibition.hold(batch.frame)
        else:
            for body in self._bodies:
                if body.body.port == port:
                    body.add(batch.frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Step the machines through all rows and clocks before the watermark."""
        rows = self._held.release(watermark)
        verdicts = None if self._inhibition is None else self._inhibition.held.release(watermark)
        if rows is not None:
            rows = rows.with_columns(pl.Series(SLOT, self._slots.find(rows), pl.Int64))
        bodies = [b.ready(watermark) for b in self._bodies]
        self._latest = max(self._latest, *(int(r[AT][-1]) for r in (rows, verdicts) if r is not None), BEGINNING)
        until = min(watermark - 1, self._latest) if end else watermark - 1
        self._ended = watermark if end else self._ended
        woken = self._work(rows, verdicts, until)
        frame = self._settle(self._engine.take().table(), rows, bodies)
        self._tidy(woken, bodies, until)
        return () if frame is None else (Batch(frame),)

    def next_due(self) -> int | None:
        """Just behind the first row held, or behind what falls due first; or behind the rows of a crowded body."""
        due = [] if self._held.lowest is None else [self._held.lowest + 1]
        alarm = self._engine.alarms.lowest()
        due += [] if alarm is None else [max(alarm, self._ended) + 1]
        if self._inhibition is not None and self._inhibition.held.lowest is not None:
            due.append(self._inhibition.held.lowest + 1)
        due += [b.held.lowest + 1 for b in self._bodies if b.crowded and b.held.lowest is not None]
        return min(due, default=None)

    def open_until(self) -> int | None:
        """Just behind the last row held."""
        others = None if self._inhibition is None else self._inhibition.held.highest
        return max((t + 1 for t in (self._held.highest, others) if t is not None), default=None)

    def snapshot(self) -> State:
        """Machines by key, rows held back, and the bodies' rows."""
        frames = {"slots": self._slots.frame(), "held": self._held.frame()}
        for i, body in enumerate(self._bodies):
            frames |= {f"body{i}.held": body.held.frame(), f"body{i}.pending": body.pending()}
        if self._inhibition is not None:
            frames |= {"verdicts": self._inhibition.frame(), "verdicts.held": self._inhibition.held.frame()}
        return State(self.values(), {n: f for n, f in frames.items() if f is not None})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._latest, self._ended = state.values["latest"], state.values["ended"]
        self._late = state.values["late"]
        frames = state.frames
        self._slots.restore(frames["slots"])
        self._engine.alarms.rearm()
        if "held" in frames:
            self._held.add(frames["held"])
        if self._inhibition is not None:
            self._inhibition.restore(frames["verdicts"], frames.get("verdicts.held"))
        for i, body in enumerate(self._bodies):
            body.restore(frames.get(f"body{i}.held"), frames.get(f"body{i}.pending"))

    def statistics(self) -> Mapping[str, int]:
        """`late`: rows dropped as late; `keys`: keys held."""
        return {"late": self._late, "keys": len(self._slots)}

    @property
    def keys(self) -> Mapping[str, pl.DataType]:
        """The columns by which the audit is kept."""
        return self._keys

    def port_keys(self, port: int) -> tuple[str, ...]:
        """Another audit that silences this one may be kept by fewer columns."""
        inhibit = self._node.inhibit
        return inhibit.keys if inhibit is not None and port == inhibit.port else self._node.keys

    def known(self) -> pl.DataFrame:
        """All keys held."""
        return self._slots.keys_of(self._slots.used())

    def values(self) -> dict[str, Any]:
        """How far rows have come, and how many were late."""
        return {"latest": self._latest, "ended": self._ended, "late": self._late}

    def part(self, keys: pl.DataFrame) -> State:
        """Machines of these keys and their bodies' rows; what another audit says, of all of its keys."""
        slots = self._slots.known(keys)
        frames: dict[str, pl.DataFrame | None] = {"slots": self._slots.part(slots)}
        frames |= {f"body{i}.pending": body.part(slots) for i, body in enumerate(self._bodies)}
        if self._inhibition is not None:
            frames["verdicts"] = self._inhibition.frame()
        return State(self.values(), {n: f for n, f in frames.items() if f is not None})

    def graft(self, keys: pl.DataFrame, state: State) -> None:
        """Exchange the machines of these keys."""
        gone, frames = self._slots.known(keys), state.frames
        if self._inhibition is not None:
            self._inhibition.forget(gone)
        self._slots.reset(gone, self._slots.names)
        self._slots.free(gone)
        slots = self._slots.graft(frames["slots"])
        places = dict(zip(frames["slots"][SLOT].to_list(), slots.tolist(), strict=True))
        for i, body in enumerate(self._bodies):
            # Of a slot that is given out anew, what is dead must not come alive again.
            body.graft(np.union1d(gone, slots), frames.get(f"body{i}.pending"), places)
        if self._inhibition is not None:
            self._inhibition.graft(keys, frames["verdicts"], slots)
        self._engine.alarms.again(slots)

    def _work(self, rows: pl.DataFrame | None, verdicts: pl.DataFrame | None, until: int) -> Longs:
        """Rows and clocks up to and including `until`.

        What silences at an instant comes before them, and what does so no more behind them.
        """
        if self._inhibition is None:
            self._step(rows)
            return self._engine.clocks(until)
        if rows is not None:
            self._inhibition.attach(rows[SLOT].to_numpy())
        woken, begin = [], BEGINNING
        for at, others, violated in self._inhibition.changes(verdicts):
            woken.append(self._until(rows, begin, at - 1))
            self._inhibition.apply(others[violated == 1], 1)
            ended = others[violated == 0]
            if len(ended):
                woken.append(self._until(rows, at, at))
                self._engine.released(self._inhibition.apply(ended, 0), at)
            begin = at + len(ended[:1])
        return np.unique(np.concatenate([*woken, self._until(rows, begin, until)]))

    def _until(self, rows: pl.DataFrame | None, begin: int, until: int) -> Longs:
        """Rows of a stretch of time and what falls due in it, both ends included; returns the slots that were woken."""
        if rows is not None:
            low, high = np.searchsorted(rows[AT].to_numpy(), [begin, until + 1]).tolist()
            self._step(rows[low:high])
        woken = self._engine.clocks(until)
        self._engine.arm(woken)
        return woken

    def _step(self, rows: pl.DataFrame | None) -> None:
        if rows is not None and rows.height:
            conditions = rows[CONDITION].to_numpy().astype(np.int64)
            self._engine.rows(rows[SLOT].to_numpy(), rows[AT].to_numpy(), conditions)

    def _settle(
        self, table: pl.DataFrame | None, rows: pl.DataFrame | None, bodies: list[pl.DataFrame | None]
    ) -> pl.DataFrame | None:
        """Divide what was counted and what the bodies hold among the publications; the reports, or None."""
        periods = Periods(table)
        support = self._support(periods, rows, 0 if table is None else table.height)
        oldest = self._oldest_epochs(table)
        settled = [b.settle(r, periods, oldest) for b, r in zip(self._bodies, bodies, strict=True)]
        if table is not None:
            last = table.select(SLOT, TIME).unique(SLOT, keep="last", maintain_order=True)
            self._slots[PUBLISHED][last[SLOT].to_numpy()] = last[TIME].to_numpy()
        for body, (_, left) in zip(self._bodies, settled, strict=True):
            body.keep(left, self._slots[SAID] > BEGINNING)
        if table is None:
            return None
        return self._reports.frame(table.with_columns(support), self._slots, self._bodies, [t for t, _ in settled])

    def _support(self, periods: Periods, rows: pl.DataFrame | None, height: int) -> list[pl.Series]:
        """How many events stand behind each publication; those behind none yet are kept by slot."""
        owner = np.empty(0, np.int64) if rows is None else periods.of(rows[SLOT].to_numpy(), rows[AT].to_numpy())
        columns = []
        for name, column in ((SEEN, SEEN_COLUMN), (KEPT, KEPT_COLUMN)):
            totals, pending = np.zeros(height + 1, np.int64), self._slots[name]
            totals[periods.first_of(periods.slots)] += pending[periods.slots]
            pending[periods.slots] = 0
            if rows is not None:
                amounts = rows[name].to_numpy()
                np.add.at(totals, owner, np.where(owner < 0, 0, amounts))
                np.add.at(pending, rows[SLOT].to_numpy(), np.where(owner < 0, amounts, 0))
            columns.append(pl.Series(column, totals[:height], pl.Int64))
        return columns

    def _oldest_epochs(self, table: pl.DataFrame | None) -> Longs:
        """By publication: a first one takes the rows of its epoch and the one before, any other all there are."""
        if table is None:
            return np.empty(0, np.int64)
        first = (pl.col(START) == BEGINNING) & (pl.col(KIND) != ENDED)
        own = pl.col(TIME) // self._node.retain - 1
        return table.select(pl.when(first).then(own).otherwise(-NEVER).alias(TIME))[TIME].to_numpy()

    def _tidy(self, woken: Longs, bodies: list[pl.DataFrame | None], until: int) -> None:
        """Forget keys without machine and without body rows that a first report would take; set the other alarms."""
        heard = self._slots[HEARD]
        for rows in bodies:
            if rows is not None:
                np.maximum.at(heard, rows[SLOT].to_numpy(), rows[AT].to_numpy())
                woken = np.union1d(woken, rows[SLOT].to_numpy())
        idle = woken[self._slots[LAST][woken] == BEGINNING]
        self._engine.arm(np.setdiff1d(woken, idle, assume_unique=True))
        # The last instant at which a first report would still take these rows.
        end = np.where(heard[idle] > self._slots[PUBLISHED][idle], self._body_end(heard[idle]), BEGINNING)
        gone = idle[end <= until]
        self._engine.alarms.arm(idle[end > until], end[end > until])
        self._slots[PUBLISHED][gone] = np.maximum(self._slots[PUBLISHED][gone], heard[gone])
        self._slots.reset(gone, (HEARD, SEEN, KEPT))
        if self._inhibition is not None:
            self._inhibition.forget(gone)
        self._slots.free(gone)

    def _body_end(self, heard: Longs) -> Longs:
        return (heard // self._node.retain + 2) * self._node.retain - 1
