"""Rows of inner nodes as they were logged, for a replay that begins behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.evidence.log.frames import LATE, SEQ, as_came
from slac.evidence.log.reader import LogDirectory
from slac.runtime.operator import ENDED
from slac.stream.batch import TIME, Batch

_Places = npt.NDArray[np.int64]


class Given:
    """The logged rows of `nodes`; `runs` are the first entries of the runs in the log."""

    def __init__(self, log: LogDirectory, nodes: Iterable[str], runs: Sequence[int]) -> None:
        self._batches: dict[int, list[tuple[str, Batch]]] = {}
        self._floors: dict[str, tuple[_Places, _Places]] = {}
        self._runs = np.array(runs, np.int64)
        for node in nodes:
            rows = log.rows(node)
            if not rows.height:
                continue
            for (seq, late), frame in rows.partition_by([SEQ, LATE], as_dict=True, maintain_order=True).items():
                self._batches.setdefault(int(seq), []).append((node, Batch(as_came(frame), late=bool(late))))
            self._floors[node] = self._floors_of(rows)

    def at(self, seq: int) -> Iterator[tuple[str, Batch]]:
        """What left the nodes under this entry."""
        yield from self._batches.get(seq, ())

    def floor(self, node: str, seq: int) -> int:
        """The lowest `_time` of rows that come on time behind this entry, in its run; `ENDED` where none does."""
        if node not in self._floors:
            return ENDED
        places, lowest = self._floors[node]
        at = int(np.searchsorted(places, seq, side="right"))
        return int(lowest[at]) if at < len(places) and self._run(int(places[at])) == self._run(seq) else ENDED

    def _run(self, seq: int) -> int:
        return int(np.searchsorted(self._runs, seq, side="right"))

    def _floors_of(self, rows: pl.DataFrame) -> tuple[_Places, _Places]:
        on_time = rows.filter(~pl.col(LATE)).select(SEQ, pl.col(TIME).cast(pl.Int64))
        by_entry = on_time.group_by(SEQ).agg(pl.col(TIME).min()).sort(SEQ)
        places, lowest = by_entry[SEQ].to_numpy().copy(), by_entry[TIME].to_numpy().copy()
        for at in range(len(places) - 2, -1, -1):
            if self._run(int(places[at])) == self._run(int(places[at + 1])):
                lowest[at] = min(lowest[at], lowest[at + 1])
        return places, lowest
