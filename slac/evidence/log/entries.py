"""What happened in a runtime, in order: the entries of `order.<n>.parquet`.

`_seq` numbers them, and ascends through all segments of a log. Rows carry the number of the entry under which they
came (`enter`) or were made (`run`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import polars as pl


class EntryKind(StrEnum):
    """What an entry tells; what stands in the other columns is said for each.

    - `enter`: `value` rows came in at the source or link `node`, `late` or not: those of its rows with this `_seq`.
    - `mark`: the watermark of the source or link `node` is at least `value` (µs): a watermark, or an idle promise.
    - `link`: the link `node` has accepted the instance that `detail` names up to `value` (µs); `detail` is a
      `slac.runtime.links.position.Position` as JSON (mode `full`).
    - `doubt`: the link `node` has all rows of all its peers only up to `value`; 2⁶² when the doubt is over.
    - `run`: all that came in before was carried through; `value` 1: the input has ended, and what was open was closed.
    - `gate`: the gate of the input `node` decided something: `detail` is the decision as JSON.
    - `refused`: `value` records of the input `node` went to quarantine, for the reason `detail`.
    - `notice`: the block `node` has told something beside rows: `detail`.
    - `saved`: checkpoint number `value` was cut here.
    - `state`: what all blocks held here is in the segment; a replay may begin behind it.
    - `lost`: `value` rows of `node` are not in the log, because the disk did not follow, or for what `detail` says.
    - `verdict`: the row with the id `detail` (16 hex digits) of `node` is here with all that it was made of
      (mode `evidence`).
    """

    ENTER = "enter"
    MARK = "mark"
    LINK = "link"
    DOUBT = "doubt"
    RUN = "run"
    GATE = "gate"
    REFUSED = "refused"
    NOTICE = "notice"
    SAVED = "saved"
    STATE = "state"
    LOST = "lost"
    VERDICT = "verdict"


SCHEMA: Final = {
    "_seq": pl.Int64(),
    "kind": pl.String(),
    "node": pl.String(),
    "value": pl.Int64(),
    "late": pl.Boolean(),
    "detail": pl.String(),
}


class Entry(NamedTuple):
    """One line of the order."""

    seq: int
    kind: EntryKind
    node: str = ""
    value: int = 0
    late: bool = False
    detail: str = ""


def to_frame(entries: list[Entry]) -> pl.DataFrame:
    """Entries as they are written."""
    return pl.DataFrame(
        [tuple(e._replace(kind=str(e.kind))) for e in entries],  # type: ignore[arg-type]
        schema=SCHEMA,
        orient="row",
    )
