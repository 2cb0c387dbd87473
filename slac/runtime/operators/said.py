"""What was published and may still be revised: which of it comes again, and what is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from slac.runtime.operators.replayable import of_keys
from slac.stream.batch import ARRIVAL_WATERMARK, ID, REVISION, TIME

WITHDRAWN: Final = "withdrawn"
"""The `kind` of a row that takes back one of the same id; inside, its `_revision` is negative."""


class Said:
    """Rows out of one operator with their `_revision`; what was withdrawn is kept with its negative."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._frames: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Remember rows that are said for the first time."""
        self._frames.append(frame.with_columns(pl.lit(0, pl.Int64).alias(REVISION)))

    def forget(self, until: int) -> None:
        """Rows before this instant are revised no more."""
        together = self.frame()
        left = None if together is None else together.filter(pl.col(TIME).cast(pl.Int64) >= until)
        self._frames = [] if left is None or not left.height else [left]

    def frame(self) -> pl.DataFrame | None:
        """All that is remembered."""
        return pl.concat(self._frames, how="diagonal") if self._frames else None

    def restore(self, frame: pl.DataFrame | None) -> None:
        """Take over what `frame` gave."""
        self._frames = [] if frame is None else [frame]

    def revise(self, keys: pl.DataFrame, said: Sequence[pl.DataFrame], place: int) -> pl.DataFrame | None:
        """What is to be told, now that `said` is all that there is to say of these keys, with `_revision` and `_wm`.

        What says the same as before is not told. None where nothing is to be told.
        """
        before = self._take(keys, [row_id for frame in said for row_id in frame[ID].to_list()])
        if before is None and not said:
            return None
        after = pl.concat(said, how="diagonal") if said else before.drop(REVISION).clear()  # type: ignore[union-attr]
        known = {} if before is None else dict(zip(before[ID].to_list(), _contents(before), strict=True))
        numbers, news = [], []
        for row_id, (content, _) in zip(after[ID].to_list(), _contents(after), strict=True):
            number, is_new = _next(content, known.pop(row_id, None))
            numbers.append(number)
            news.append(is_new)
        revised = after.with_columns(pl.Series(REVISION, numbers, pl.Int64))
        told = [revised.filter(pl.Series(news, dtype=pl.Boolean))]
        self._frames.append(revised)
        if before is not None and known:
            told.append(self._withdraw(before.filter(pl.col(ID).is_in(list(known)))))
        frame = (
            pl.concat(told, how="diagonal")
            .sort(TIME, ID)
            .with_columns(pl.lit(place, pl.Int64).alias(ARRIVAL_WATERMARK))
        )
        return frame if frame.height else None

    def _take(self, keys: pl.DataFrame, ids: Sequence[int]) -> pl.DataFrame | None:
        """The rows of these keys and ids, which are not remembered any more.

        By id as well: a row that was withdrawn under one key may come again under another.
        """
        together = self.frame()
        if together is None:
            return None
        named = of_keys(together, keys, self._keys)
        moved = together.filter(pl.col(ID).is_in(ids)).join(named.select(ID), on=ID, how="anti", maintain_order="left")
        mine = pl.concat([named, moved]) if moved.height else named
        rest = together.join(mine.select(ID), on=ID, how="anti", maintain_order="left")
        self._frames = [rest] if rest.height else []
        return mine

    def _withdraw(self, gone: pl.DataFrame) -> pl.DataFrame:
        """Take back what is not so any more; what was taken back before is only remembered."""
        stands = pl.col(REVISION) >= 0
        number = pl.when(stands).then(-1 - pl.col(REVISION)).otherwise(REVISION).alias(REVISION)
        kind = [pl.lit(WITHDRAWN).alias("kind")] if "kind" in gone.columns else []
        self._frames.append(gone.with_columns(number, *kind))
        return gone.filter(stands).with_columns(number, *kind)


def _contents(frame: pl.DataFrame) -> list[tuple[str, int]]:
    """Each row as a text that tells equal ones (NaN equals NaN, a column that is not there NULL), and its revision."""
    revisions = frame[REVISION].to_list() if REVISION in frame.columns else [0] * frame.height
    rows: list[dict[str, Any]] = frame.select(sorted(set(frame.columns) - {REVISION})).rows(named=True)
    texts = (repr({name: value for name, value in row.items() if value is not None}) for row in rows)
    return [(text, revision) for text, revision in zip(texts, revisions, strict=True)]


def _next(content: str, before: tuple[str, int] | None) -> tuple[int, bool]:
    """The revision of a row after what was said before by its id, and whether it is to be told."""
    if before is None:
        return 0, True
    said, revision = before
    if revision >= 0 and said == content:
        return revision, False
    return abs(revision) + 1, True
