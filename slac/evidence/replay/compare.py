"""Rows that were logged against those that a replay made: the same to the bit, or where they differ first."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import polars as pl

from slac.adapters.publication.records import plain
from slac.evidence.log.frames import LATE, META_TYPES, SEQ
from slac.stream.batch import ID, REVISION, TIME, UNDECIDED

_KEY = [TIME, ID, REVISION, LATE]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one node.

    `missing`: rows that were made then, and are not in the log (lost, or in a damaged file); the others are compared.
    `difference`: the first row that is not the same, in words; empty where all are.
    """

    node: str
    block: str
    logged: int
    made: int
    missing: int = 0
    difference: str = ""

    @property
    def same(self) -> bool:
        """Whether all rows that can be compared are the same to the bit."""
        return not self.difference


def outcome(
    node: str, block: str, logged: pl.DataFrame, made: pl.DataFrame, open_: pl.DataFrame, missing: int
) -> Outcome:
    """Compare. `open_`: rows that would have been made next, when the log ends; they may be in it, or not."""
    more = _met(open_, logged) if logged.height > made.height else open_.clear()
    known = _joined([made, more])
    compared = _met(known, logged) if missing and logged.height < known.height else known
    return Outcome(
        node=node,
        block=block,
        logged=logged.height,
        made=known.height,
        missing=missing,
        difference=_difference(_sorted(logged), _sorted(compared)),
    )


def _joined(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    some = [f for f in frames if f.height]
    return pl.concat(some, how="diagonal_relaxed") if some else pl.DataFrame()


def _met(frame: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Those rows that the other has, too."""
    if not frame.height or not other.height:
        return frame.clear()
    return frame.join(other.select(ID, REVISION).unique(), on=[ID, REVISION], how="semi", nulls_equal=True)


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    if not frame.height:
        return frame
    if UNDECIDED in frame.columns:
        # A row that is decided says so only where rows beside it are not: which those are, is a matter of batches.
        frame = frame.with_columns(pl.when(UNDECIDED).then(UNDECIDED))
    # What never had a value says nothing: a log writes it, and a batch may lack it.
    empty = [n for n in META_TYPES if n in frame.columns and n not in _KEY and frame[n].null_count() == frame.height]
    return frame.drop(SEQ, *empty).sort(_KEY, maintain_order=True)


def _difference(logged: pl.DataFrame, made: pl.DataFrame) -> str:
    if not logged.height and not made.height:
        return ""
    alone = _first_alone(logged, made)
    if alone:
        return alone
    for name in dict.fromkeys([*logged.columns, *made.columns]):
        if name not in logged.columns or name not in made.columns:
            return f'the column "{name}" is {"only in the log" if name in logged.columns else "not in the log"}'
        at = _first_unlike(logged[name], made[name])
        if at is not None:
            was, now = plain(logged[name][at]), plain(made[name][at])
            return f"{_told(logged, at)}: {name} was {was!r}, and is {now!r}"
    return ""


def _first_alone(logged: pl.DataFrame, made: pl.DataFrame) -> str:
    """A row that only one of them has."""
    for one, other, what in ((logged, made, "is not made again"), (made, logged, "is not in the log")):
        if not other.height:
            return f"{_told(one, 0)} {what}"
        if not one.height:
            continue
        rest = one.join(other.select(ID, REVISION).unique(), on=[ID, REVISION], how="anti", nulls_equal=True)
        if rest.height:
            return f"{_told(rest, 0)} {what}"
    if logged.height != made.height:
        return f"{logged.height} rows are in the log, and {made.height} of the same ids are made"
    return ""


def _first_unlike(logged: pl.Series, made: pl.Series) -> int | None:
    if logged.dtype != made.dtype:
        return 0
    if logged.dtype in (pl.Float64, pl.Float32):
        # Two zeros are equal, but not the same.
        bits = [np.where(s.is_null().to_numpy(), 0, s.fill_null(0.0).to_numpy().view(np.int64)) for s in (logged, made)]
        unlike = (bits[0] != bits[1]) | (logged.is_null() != made.is_null()).to_numpy()
        return int(np.argmax(unlike)) if unlike.any() else None
    if logged.equals(made, null_equal=True):
        return None
    return next((i for i, (a, b) in enumerate(zip(logged, made, strict=True)) if not _alike(a, b)), None)


def _alike(one: object, other: object) -> bool:
    return plain(one) == plain(other) if not isinstance(one, pl.Series) else one.equals(other)  # type: ignore[arg-type]


def _told(frame: pl.DataFrame, at: int) -> str:
    row = frame.row(at, named=True)
    revision = f", revision {row[REVISION]}" if row.get(REVISION) else ""
    return f"row {row[ID]:016x} of {plain(row[TIME])}{revision}"
