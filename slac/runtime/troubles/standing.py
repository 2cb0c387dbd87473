"""Troubles as violations: each raised once, and resolved when whoever told of it no longer does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import polars as pl

from slac.plan.reports import violation_schema
from slac.runtime.operator import State
from slac.runtime.troubles.trouble import KEYS, SEVERITIES, Trouble
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.ids import row_ids
from slac.stream.types import Field, String

RAISED: Final = "raised"
RESOLVED: Final = "resolved"
OWN: Final = ""
"""Who tells of what this runtime knows by itself."""

Told = Mapping[str, Sequence[Trouble]]
"""By who tells of it, all that is wrong now; who is not in it has said nothing since the start."""


class Standing(msgspec.Struct, kw_only=True):
    """The troubles that were raised and stand: (who told of it, trouble)."""

    document: str
    raised: dict[tuple[str, str, str, str], tuple[str, Trouble]] = {}

    def look(self, now: int, told: Told) -> dict[str, pl.DataFrame]:
        """Rows by block, for what is new and what is over at `now` (µs).

        Columns: `_time` (of `raised` since when it is so), `_id`, and `slac.plan.reports`' violation columns.
        """
        present = {t.key: (who, t) for who, troubles in told.items() for t in troubles}
        rows: list[tuple[str, int, Trouble]] = []
        for key, (who, trouble) in list(self.raised.items()):
            is_same = key in present and present[key][1].since == trouble.since
            if not is_same and (who in told or key in present):
                del self.raised[key]
                rows.append((RESOLVED, max(now, trouble.since + 1), trouble))
        for key, (who, trouble) in present.items():
            if key not in self.raised:
                self.raised[key] = (who, trouble)
                rows.append((RAISED, trouble.since, trouble))
        blocks = sorted({trouble.block for _, _, trouble in rows})
        return {block: self._frame(block, [r for r in rows if r[2].block == block]) for block in blocks}

    def snapshot(self) -> State:
        """What stands."""
        return State({"raised": [[who, msgspec.to_builtins(t)] for who, t in self.raised.values()]})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        found = ((who, msgspec.convert(fields, Trouble)) for who, fields in state.values["raised"])
        self.raised = {trouble.key: (who, trouble) for who, trouble in found}

    def _frame(self, block: str, rows: Sequence[tuple[str, int, Trouble]]) -> pl.DataFrame:
        keys = KEYS[block]
        frame = pl.DataFrame([_row(kind, at, trouble) for kind, at, trouble in rows], schema=_COLUMNS)
        ids = row_ids(frame, self.document, block, (*keys, "kind", TIME))
        began = frame.with_columns(pl.col("since").alias(TIME), pl.lit(RAISED).alias("kind"))
        episodes = [f"{i:016x}" for i in row_ids(began, self.document, block, (*keys, "kind", TIME))]
        frame = frame.with_columns(ids.alias(ID), pl.Series("violation", episodes, pl.String))
        schema = violation_schema(tuple(Field(key, String(), nullable=False) for key in keys))
        return frame.select(TIME, ID, *(pl.col(n).cast(t) for n, t in schema.polars().items())).sort(TIME, ID)


_COLUMNS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    TIME: TIME_TYPE,
    "node": pl.String,
    "instance": pl.String,
    "what": pl.String,
    "kind": pl.String,
    "severity": pl.String,
    "since": TIME_TYPE,
    "reason": pl.String,
    "message": pl.String,
}


def _row(kind: str, at: int, trouble: Trouble) -> dict[str, Any]:
    return {
        TIME: at,
        "node": trouble.node,
        "instance": trouble.instance,
        "what": trouble.what,
        "kind": kind,
        "severity": SEVERITIES[trouble.block],
        "since": trouble.since,
        "reason": trouble.reason or None,
        "message": trouble.message or None,
    }
