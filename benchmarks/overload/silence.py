"""Whether gates ahead of a pattern make it say absences that are none: while thresholds change under its keys.

Orders begin, and most of them are answered in time. Gates of both inputs keep whole keys, and change how many every few
seconds, up and down; whoever is said to be unanswered has to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from benchmarks.report import Bar, Row, row
from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.shedding.admission import Admission, weight_of
from slac.stream.ports import Records

ORDERS: Final = 20_000
SECONDS: Final = 200
SHARES: Final = (0.5, 0.2, 0.9, 0.1, 0.3, 1.0, 0.2, 0.7)
"""What is admitted, one after the other."""
EVERY: Final = 7
"""Seconds between two of them, and one order in so many is not answered."""
_SECOND: Final = 1_000_000
_START: Final = 1_700_000_040 * _SECOND
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: silence}
spec:
  events:
    Event: {payload: {order: string, what: string}}
  inputs:
    begun: {adapter: http, listen: "127.0.0.1:8090", emits: Event}
    ended: {adapter: http, listen: "127.0.0.1:8091", emits: Event}
  computations:
    unanswered:
      pattern: every a=begun -> (timer:interval(10s) and not ended)
      by: order
      within: 1m
      limit: 10
      select: [{what: a.what}]
  violations:
    silent: {from: unanswered, where: what IS NOT NULL, by: order}
  outputs:
    log: {adapter: stdout, from: [silent]}
"""


def measure_rows() -> Iterator[Row]:
    """How many absences are said, and how many of them are false."""
    said = unanswered()
    false = sum(int(order[1:]) % EVERY != 0 for order in said)
    yield row("pattern under changing thresholds: absences said", len(said), "")
    yield row("pattern under changing thresholds: of them false", false, "", bar=Bar("under", 1))


def unanswered() -> set[str]:
    """The orders that are said not to be answered."""
    core, rows = (
        Core(compile_document(Source("silence.yaml", DOCUMENT)).plan, now=_START, live=False),
        list[pl.Series](),
    )
    core.flow.tap = lambda node, batch: rows.append(batch.frame["order"]) if node == "unanswered" else None
    begun, ended = _events()
    for second in range(SECONDS + 10):
        at = _START + second * _SECOND
        if second % EVERY == 0:
            share = SHARES[second // EVERY % len(SHARES)]
            for source in core.sources.values():
                since = max(s.arrival.latest + 1 for s in core.sources.values())
                admission = Admission(whole=weight_of(share), since=max(since, at))
                source.gate.set_admission(share, "cpu", {}, admission=admission)
        for block, events in (("begun", begun), ("ended", ended)):
            now = events.filter((pl.col("at") >= at) & (pl.col("at") < at + _SECOND))
            if now.height:
                core.on_records(block, [_records(block, now)])
    for block in ("begun", "ended"):
        core.on_input_ended(block)
    return {order for each in rows for order in each.to_list()}


def _events() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Beginnings and ends, with their instants (µs)."""
    draw = np.random.default_rng(4)
    begun = _START + np.sort(draw.integers(0, SECONDS * _SECOND, ORDERS))
    names = pl.Series("order", [f"o{n}" for n in range(ORDERS)])
    ended = begun + draw.integers(1, 9 * _SECOND, ORDERS)
    answered = pl.Series(np.arange(ORDERS) % EVERY != 0)
    ends = pl.DataFrame({"at": ended, "order": names}).filter(answered).sort("at")
    return pl.DataFrame({"at": begun, "order": names}), ends


def _records(block: str, events: pl.DataFrame) -> Records:
    frame = events.select((pl.col("at") // 1000).alias("timestamp"), "order", pl.lit(block).alias("what"))
    return Records(source=block, arrival=_START + 3600 * _SECOND, frame=frame)
