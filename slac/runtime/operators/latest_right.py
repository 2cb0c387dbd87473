"""The right side of a latest-join: rows until the watermark has passed them, then the latest of each key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from slac.runtime.audits.held import AT
from slac.runtime.operators.replayable import not_of_keys, of_keys
from slac.stream.batch import DEPTH, ID, TIME
from slac.stream.order import in_order

ORDER: Final = (AT, "_right_depth", "_right_id")
_FEW: Final = 1024


class LatestRight:
    """Rows as keys, place in the total order, and value columns (`values`: name in the input → name outside).

    `recent`: the watermark has not passed them; `settled`: it has; `latest`: one a key. Settled rows are folded into
    the latest when they have become many, so that the cost of a fold is spread over the rows that led to it. With
    `lasting` a latest row without any value is as good as none, and is forgotten.
    """

    def __init__(self, keys: Sequence[str], values: Mapping[str, pl.Expr], retain: int, *, lasting: bool) -> None:
        self._keys = list(keys)
        self._names = list(values)
        self._values = [e.alias(name) for name, e in values.items()]
        self._retain = retain
        self._lasting = lasting
        self._recent: list[pl.DataFrame] = []
        self._settled: list[pl.DataFrame] = []
        self._latest: pl.DataFrame | None = None

    @property
    def rows(self) -> int:
        """Rows held."""
        return sum(f.height for f in self._held())

    @property
    def lowest_recent(self) -> int | None:
        """Time of the earliest row that the watermark has not passed."""
        return min((int(f[AT].min()) for f in self._recent), default=None)  # type: ignore[arg-type]

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows of the right input; those with a NULL in the key can match nothing."""
        depth = pl.col(DEPTH) if DEPTH in frame.columns else pl.lit(0, pl.UInt16)
        place = [e.alias(n) for e, n in zip((pl.col(TIME).to_physical(), depth, pl.col(ID)), ORDER, strict=True)]
        rows = frame.select(*self._keys, *place, *self._values)
        rows = rows.drop_nulls(self._keys) if self._keys else rows
        if rows.height:
            self._recent.append(rows)

    def settle(self, watermark: int) -> list[pl.DataFrame]:
        """All rows that the watermark has passed and that still matter, mostly in order."""
        if self._recent:
            recent = pl.concat(self._recent)
            rest = recent.filter(pl.col(AT) >= watermark)
            self._recent = [rest] if rest.height else []
            if rest.height < recent.height:
                self._settled.append(recent.filter(pl.col(AT) < watermark))
        return [*([] if self._latest is None else [self._latest]), *self._settled]

    def fold(self, watermark: int) -> None:
        """Keep only the latest settled row of each key, and none that is older than `retain`."""
        held = 0 if self._latest is None else self._latest.height
        if sum(f.height for f in self._settled) <= max(_FEW, held // 2):
            return
        together = self.settle(watermark)
        rows = in_order(pl.concat(together).filter(pl.col(AT) >= watermark - self._retain), ORDER)
        latest = rows.unique(self._keys, keep="last", maintain_order=True) if self._keys else rows.tail(1)
        if self._lasting:
            latest = latest.filter(
                pl.any_horizontal(pl.lit(value=False), *(pl.col(n).is_not_null() for n in self._names))
            )
        self._latest = latest
        self._settled = []

    def frames(self) -> dict[str, pl.DataFrame]:
        """All that is held, for a snapshot."""
        parts = {
            "recent": self._recent,
            "settled": self._settled,
            "latest": [] if self._latest is None else [self._latest],
        }
        return {name: pl.concat(frames) for name, frames in parts.items() if frames}

    def restore(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take over what `frames` gave."""
        held = {name: frame for name, frame in frames.items() if frame.height}
        self._recent = [held["recent"]] if "recent" in held else []
        self._settled = [held["settled"]] if "settled" in held else []
        self._latest = held.get("latest")

    def known(self) -> pl.DataFrame | None:
        """The keys of which a row is held; None for none."""
        held = self._held()
        return pl.concat([f.select(self._keys) for f in held]).unique() if held else None

    def part(self, keys: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """What `frames` would give if there were these keys only."""
        return {name: of_keys(frame, keys, tuple(self._keys)) for name, frame in self.frames().items()}

    def graft(self, keys: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> None:
        """Exchange what is held of these keys for what `part` of another one gave."""
        held = self.frames()
        others = {n: not_of_keys(f, keys, tuple(self._keys)) for n, f in held.items()}
        together = {n: [f[n] for f in (others, frames) if n in f] for n in {**others, **frames}}
        self.restore({n: pl.concat(f) for n, f in together.items()})

    def _held(self) -> list[pl.DataFrame]:
        return [*self._recent, *self._settled, *([] if self._latest is None else [self._latest])]
