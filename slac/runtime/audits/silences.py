"""What a silence says: its rows with their episode and reason, and the late rows that show that it was none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.nodes import AbsenceNode
from slac.runtime.audits.episodes import RAISED, constants, hex_ids
from slac.runtime.audits.held import AT
from slac.runtime.audits.messages import message
from slac.runtime.audits.slots import SLOT, Longs, Slots, instants
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, TIME_TYPE
from slac.stream.ids import row_ids


def piece(kind: str, slots: Longs, times: Longs, since: Longs, seen: Longs, reason: str | pl.Series) -> pl.DataFrame:
    """Some rows of one kind: slot, `_time`, `kind`, `since`, `last_seen`, `reason`; BEGINNING is no last row."""
    reasons = reason if isinstance(reason, pl.Series) else pl.Series([reason]).new_from_index(0, len(slots))
    return pl.DataFrame(
        {
            SLOT: pl.Series(slots, dtype=pl.Int64),
            TIME: pl.Series(times, dtype=pl.Int64).cast(TIME_TYPE),
            "kind": pl.Series([kind], dtype=pl.String).new_from_index(0, len(slots)),
            "since": pl.Series(since, dtype=pl.Int64).cast(TIME_TYPE),
            "last_seen": instants(seen),
            "reason": reasons.alias("reason"),
        }
    )


class SilenceRows:
    """Makes the rows of one absence."""

    def __init__(self, node: AbsenceNode, document: str, slots: Slots) -> None:
        self._node = node
        self._document = document
        self._slots = slots
        self._types = node.schema.polars()

    def frame(self, said: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
        """Keyed pieces as rows in the order of time; of one instant what was raised is before what was resolved."""
        found = [p for p in said if p.height]
        if not found:
            return None
        frame = pl.concat(found).drop(SLOT)
        text = message(self._node.message, self._node.keys).alias("message")
        frame = frame.with_columns(*constants(self._node), text, self._episode(frame))
        ids = row_ids(frame, self._document, self._node.block, (*self._node.keys, "kind", TIME))
        columns = [pl.col(n).cast(t) for n, t in self._types.items()]
        return frame.with_columns(ids).select(TIME, ID, *columns).sort(TIME, "kind", ID)

    def keyed(self, part: pl.DataFrame) -> pl.DataFrame:
        """A piece with the keys that its slots hold now."""
        return part.hstack(self._slots.keys_of(part[SLOT].to_numpy()))

    def _episode(self, frame: pl.DataFrame) -> pl.Series:
        """The id of the row that raised it, which its keys and its instant give."""
        raised = frame.with_columns(pl.col("since").alias(TIME), pl.lit(RAISED).alias("kind"))
        return hex_ids(row_ids(raised, self._document, self._node.block, (*self._node.keys, "kind", TIME)))


class TardyRows:
    """Late rows, as keys, `_at` and the watermark that each met, until the watermark has moved on from there."""

    WHERE: Final = ARRIVAL_WATERMARK
    """The column of the watermark."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)
        self._frames: list[pl.DataFrame] = []

    @property
    def lowest(self) -> int | None:
        """The lowest watermark that one of them met."""
        return min((int(f[self.WHERE].min()) for f in self._frames), default=None)  # type: ignore[arg-type]

    @property
    def highest(self) -> int | None:
        """The highest."""
        return max((int(f[self.WHERE].max()) for f in self._frames), default=None)  # type: ignore[arg-type]

    def add(self, frame: pl.DataFrame) -> None:
        """Take a late batch; rows that do not say which watermark they met are of no use."""
        if self.WHERE in frame.columns:
            rows = frame.filter(pl.col(self.WHERE).is_not_null())
            if rows.height:
                self._frames.append(rows.select(*self._keys, pl.col(TIME).cast(pl.Int64).alias(AT), self.WHERE))

    def take(self, watermark: int) -> pl.DataFrame | None:
        """Those that met a lower watermark."""
        if self.lowest is None or self.lowest >= watermark:
            return None
        together = pl.concat(self._frames)
        rest = together.filter(pl.col(self.WHERE) >= watermark)
        self._frames = [rest] if rest.height else []
        return together.filter(pl.col(self.WHERE) < watermark)

    def frame(self) -> pl.DataFrame | None:
        """All of them, for a snapshot."""
        return pl.concat(self._frames) if self._frames else None

    def restore(self, frame: pl.DataFrame | None) -> None:
        """Take over a snapshot."""
        self._frames = [] if frame is None else [frame]
