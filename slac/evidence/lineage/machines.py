"""What audits and violations share: the rows that moved a machine, and what it said before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from slac.evidence.lineage.base import AT, RESULT, ROW, Consumed, at, latest, of_pairs, standing, together
from slac.evidence.lineage.sight import Sight
from slac.plan.guards import Settle

LAST = "#last"
TAKE = (at().alias(LAST),)


def moved_by(
    results: pl.DataFrame, stream: str, keys: Sequence[str], sight: Sight, *, back: tuple[int, int], reads: int
) -> Consumed:
    """The last rows of the key up to each result: so many, and all of so long (µs); `reads`: how far rows lie back."""
    low, high = _reach(results)
    rows = sight.rows(stream, low=low - reads, high=high)
    pairs = together(results, rows, keys, pl.col(AT) <= pl.col(LAST), take=TAKE)
    return of_pairs(stream, results, rows, _last(results, rows, pairs, *back))


def said_before(results: pl.DataFrame, node_id: str, keys: Sequence[str], sight: Sight, reads: int) -> Consumed:
    """What was said of the key before: it stands for all that led to it."""
    low, high = _reach(results)
    rows = sight.rows(node_id, low=low - reads, high=high)
    pairs = together(results, rows, keys, pl.col(AT) < pl.col(LAST), take=TAKE)
    return of_pairs(node_id, results, rows, latest(results, rows, pairs), witness=True, role="what was said before")


def back_of(settles: Iterable[Settle | None]) -> tuple[int, int]:
    """How many rows, and of how long, decide whether a condition has been met for long enough."""
    known = [s for s in settles if s is not None]
    return max((s.rows for s in known), default=1), max((s.time for s in known), default=0)


def _last(results: pl.DataFrame, rows: pl.DataFrame, pairs: pl.DataFrame, count: int, span: int) -> pl.DataFrame:
    """The pairs from the instant on with `count` rows, or rows of so long, with all of that instant."""
    found = standing(results, rows, pairs).sort(RESULT, AT, ROW, descending=[False, True, True])
    until = results.select(at())[found[RESULT]].to_series()
    nth = pl.int_range(pl.len()).over(RESULT)
    # The first row of a stretch that is long enough lies at its beginning, or before.
    older = (pl.col("#age") >= span).cum_sum().over(RESULT)
    aged = found.with_columns((until - found[AT]).alias("#age"))
    chosen = aged.filter((nth < count) | (older <= (1 if span else 0)))
    begin = chosen.group_by(RESULT).agg(pl.col(AT).min().alias("#begin"))
    return found.join(begin, on=RESULT).filter(pl.col(AT) >= pl.col("#begin")).select(RESULT, ROW)


def _reach(results: pl.DataFrame) -> tuple[int, int]:
    times = results.select(at()).to_series()
    return int(times.min() or 0), int(times.max() or 0)  # type: ignore[arg-type]
