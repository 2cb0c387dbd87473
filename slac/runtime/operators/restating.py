"""An operator whose input may be said again: it runs the keys that a restatement touches again from there.

Theory of operation. Beside the operator (`lead`) there is a second one (`base`) that follows it at a distance of
`bound`, with all rows in between. A restated row takes the place of the one with its id; then the keys that it matters
to are taken out of the base, run through the rows that are kept, and put into the lead in place of what it held of
them. What they say differs from what was said before by id: a row that differs comes again with the next `_revision`, a
new one as such, and one that is not said any more is withdrawn. A row that is restated takes effect at the watermark
behind which its cause came (`_wm`), after all rows before that and before all others, so that revisions do not depend
on batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import polars as pl

from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.instructions import Notice
from slac.runtime.operator import BEGINNING, Operator, State
from slac.runtime.operators.replayable import ReplayableOperator, of_keys
from slac.runtime.operators.said import Said
from slac.stream.batch import ARRIVAL_WATERMARK, ID, REVISION, TIME, Batch, total_order
from slac.stream.order import in_order

_FOLLOWS: Final = 8
"""The base moves on when it is an eighth of the bound behind: its steps are few, and cost what they carry."""


class _Port:
    """Rows of one port: those that the watermark has not passed, those since the base, and restated ones."""

    def __init__(self) -> None:
        self.waiting = HeldRows()
        self.kept = HeldRows()
        self.restated: list[pl.DataFrame] = []

    def take(self, place: int) -> pl.DataFrame | None:
        """The restated rows that met the watermark `place` or a lower one, of each id the last."""
        if not self.restated:
            return None
        together = pl.concat(self.restated, how="diagonal").sort(ARRIVAL_WATERMARK, maintain_order=True)
        rest = together.filter(pl.col(ARRIVAL_WATERMARK) > place)
        self.restated = [rest] if rest.height else []
        ready = together.filter(pl.col(ARRIVAL_WATERMARK) <= place)
        return ready.unique(ID, keep="last", maintain_order=True) if ready.height else None

    def exchange(self, rows: pl.DataFrame, mark: int) -> pl.DataFrame:
        """Put restated rows in the places of those with their ids; a withdrawn one leaves its place empty.

        Returns them with those whose places they took, which may have had other keys.
        """
        others = ~pl.col(ID).is_in(rows[ID].to_list())
        kept = self.kept.frame()
        both = rows if kept is None else pl.concat([rows, kept.filter(~others)], how="diagonal")
        self.waiting.leave(others)
        self.kept.leave(others)
        standing = rows.filter(pl.col(REVISION) >= 0).drop(REVISION, ARRIVAL_WATERMARK)
        passed = pl.col(TIME).cast(pl.Int64) < mark
        self.kept.add(standing.filter(passed))
        self.waiting.add(standing.filter(~passed))
        return both


class RestatingOperator(Operator):
    """Rows out: those of the lead; then, in late batches, revisions, with `_revision` (−n: withdrawn by the n-th)."""

    def __init__(self, build: Callable[[], ReplayableOperator], ports: int, bound: int) -> None:
        self._build = build
        self._lead, self._base = build(), build()
        self._ports = [_Port() for _ in range(ports)]
        self._said = Said(tuple(self._lead.keys))
        self._bound = bound
        self._mark = self._latest = BEGINNING
        self._ended = False
        self._keeps = True
        self._late = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; of late ones only restatements, the others are counted."""
        if not batch.late:
            self._ports[port].waiting.add(batch.frame)
            return ()
        restates = pl.col(REVISION).is_not_null() if REVISION in batch.frame.columns else pl.lit(value=False)
        again = batch.frame.filter(restates)
        self._late += batch.height - again.height
        if again.height:
            self._ports[port].restated.append(again)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """The rows before the watermark; where restatements came, up to each of them, and then what it changes."""
        said: list[Batch] = []
        for place in self._places(watermark):
            said += self._advance(place) if place > self._mark else []
            said += self._restate(place)
        said += self._advance(watermark, end=end)
        self._follow()
        return said

    def next_due(self) -> int | None:
        """When the lead has something to do, or just behind the first row or restatement held."""
        waiting = [p.waiting.lowest for p in self._ports]
        rows = [t + 1 for t in (*waiting, *self._restated()) if t is not None]
        lead = self._lead.next_due()
        return min([*rows, *([] if lead is None else [lead])], default=None)

    def open_until(self) -> int | None:
        """Just behind the last row or restatement held."""
        waiting = [p.waiting.highest for p in self._ports]
        return max((t + 1 for t in (*waiting, *self._restated()) if t is not None), default=None)

    def snapshot(self) -> State:
        """Both operators, the rows between them, and what was said since."""
        parts = {"lead": self._lead.snapshot(), "base": self._base.snapshot()}
        frames = {f"{name}.{n}": f for name, part in parts.items() for n, f in part.frames.items()}
        for i, port in enumerate(self._ports):
            held = {"waiting": port.waiting.frame(), "kept": port.kept.frame()}
            again = pl.concat(port.restated, how="diagonal") if port.restated else None
            frames |= {f"{i}.{n}": f for n, f in {**held, "restated": again}.items() if f is not None}
        said = self._said.frame()
        values: dict[str, Any] = {"mark": self._mark, "latest": self._latest, "ended": self._ended, "late": self._late}
        values |= {name: dict(part.values) for name, part in parts.items()}
        return State(values, frames if said is None else {**frames, "said": said})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        values, frames = state.values, state.frames
        self._mark, self._latest = values["mark"], values["latest"]
        self._ended, self._late = values["ended"], values["late"]
        self._lead.restore(State(values["lead"], _under("lead", frames)))
        self._base.restore(State(values["base"], _under("base", frames)))
        for i, port in enumerate(self._ports):
            mine = _under(str(i), frames)
            for name, held in (("waiting", port.waiting), ("kept", port.kept)):
                if name in mine:
                    held.add(mine[name])
            port.restated = [mine["restated"]] if "restated" in mine else []
        self._said.restore(frames.get("said"))

    def statistics(self) -> Mapping[str, int]:
        """What the lead counts; `late` with rows too old to be restated; `rows`: kept to be run again."""
        found = dict(self._lead.statistics())
        return {**found, "late": found.get("late", 0) + self._late, "rows": sum(p.kept.rows for p in self._ports)}

    def notices(self) -> Iterable[Notice]:
        """What the lead has to tell."""
        return self._lead.notices()

    def _restated(self) -> list[int]:
        return [int(t) for p in self._ports for f in p.restated for t in f[ARRIVAL_WATERMARK].unique().to_list()]

    def _places(self, watermark: int) -> list[int]:
        return sorted({t for t in self._restated() if t < watermark})

    def _advance(self, watermark: int, *, end: bool = False) -> list[Batch]:
        for port, rows in enumerate(self._ports):
            ready = rows.waiting.release(watermark)
            if ready is not None:
                self._latest = max(self._latest, int(ready[AT][-1]))
                frame = ready.drop(AT)
                if self._keeps:
                    rows.kept.add(frame)
                self._lead.on_batch(port, Batch(frame))
        self._mark, self._ended = max(self._mark, watermark), end
        said = _work(self._lead, watermark, end=end)
        for batch in said if self._keeps else ():
            self._said.add(batch.frame)
        return said

    def _restate(self, place: int) -> list[Batch]:
        """Run the keys again that restated rows touch; what is to be told of it."""
        touched = [self._touched(i, p.take(place), place) for i, p in enumerate(self._ports)]
        found = [keys for keys in touched if keys is not None]
        if not found:
            return []
        keys = pl.concat(found).unique()
        again = self._build()
        again.restore(State(self._lead.values(), self._base.part(keys).frames))
        for i, port in enumerate(self._ports):
            kept = port.kept.frame()
            mine = None if kept is None else of_keys(kept, keys, self._lead.port_keys(i))
            if mine is not None and mine.height:
                again.on_batch(i, Batch(in_order(mine, total_order(mine))))
        said = [b.frame for b in _work(again, self._mark, end=self._ended)]
        self._lead.graft(keys, again.part(keys))
        told = self._said.revise(keys, said, place)
        return [] if told is None else [Batch(told, late=True)]

    def _touched(self, port: int, rows: pl.DataFrame | None, place: int) -> pl.DataFrame | None:
        """Put restated rows in their places; the keys to which they matter, or None for none."""
        if rows is None:
            return None
        fits = rows.filter(pl.col(TIME).cast(pl.Int64) >= place - self._bound)
        self._late += rows.height - fits.height
        if not fits.height:
            return None
        both = self._ports[port].exchange(fits, self._mark)
        names, types = self._lead.port_keys(port), self._lead.keys
        keys = both.select(pl.col(n).cast(types[n]) for n in names).unique()
        return keys if len(names) == len(types) else of_keys(self._everybody(), keys, names)

    def _everybody(self) -> pl.DataFrame:
        """All keys that are held, or that rows since the base have had."""
        types = self._lead.keys
        found = [self._lead.known(), self._base.known()]
        for i, port in enumerate(self._ports):
            kept = port.kept.frame()
            if kept is not None and len(self._lead.port_keys(i)) == len(types):
                found.append(kept.select(pl.col(n).cast(t) for n, t in types.items()))
        return pl.concat(found).unique()

    def _follow(self) -> None:
        """Let the base come after, if it has fallen behind."""
        if not self._keeps:
            return
        to = min(self._mark, self._latest) - self._bound
        lowest = min((p.kept.lowest for p in self._ports if p.kept.lowest is not None), default=to)
        if lowest >= to - self._bound // _FOLLOWS:
            return
        for i, port in enumerate(self._ports):
            ready = port.kept.release(to)
            if ready is not None:
                self._base.on_batch(i, Batch(ready.drop(AT)))
        _work(self._base, to)
        self._said.forget(to)


def _work(operator: Operator, watermark: int, *, end: bool = False) -> list[Batch]:
    due = operator.next_due()
    return [] if due is None or due > watermark else list(operator.on_watermark(watermark, end=end))


def _under(name: str, frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return {n.removeprefix(f"{name}."): f for n, f in frames.items() if n.startswith(f"{name}.")}
