"""What one node's rows consumed of another's, and how rows of both are brought together.

Rows are frames as `slac.evidence.log.frames` says, with `_log` before them: which of several logs they are from. What a
row consumed was there when it was made: in the same log, and with a `_seq` that is not higher. Of what was said several
times, the last that was said by then counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, Final

import polars as pl

from slac.evidence.log.frames import CONSUMED, SEQ
from slac.plan.nodes import AnyNode
from slac.stream.batch import ID, REVISION, TIME

if TYPE_CHECKING:
    from slac.evidence.lineage.sight import Sight

LOG: Final = "_log"
"""Column (UInt16): which log a row is from."""
CONSUMED_LOG: Final = "_consumed_log"
EDGES: Final = {LOG: pl.UInt16(), ID: pl.UInt64(), CONSUMED_LOG: pl.UInt16(), CONSUMED: pl.UInt64()}
AT: Final = "#at"
"""Column (Int64 µs) of the rows that may have been consumed: their time."""
RESULT: Final = "#r"
ROW: Final = "#u"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """Rows of `node` that rows of another node were made of.

    `edges`: `_log`, `_id` of the result, `_consumed_log`, `_consumed` of the row. `witness`: the rows stand for all
    that led to them: what they consumed themselves is not followed. `role`: what they are to the result, where a node
    reads several streams or its own past.
    """

    node: str
    rows: pl.DataFrame
    edges: pl.DataFrame
    witness: bool = False
    role: str = ""


@singledispatch
def consumed(node: AnyNode, results: pl.DataFrame, sight: Sight) -> list[Consumed]:
    """What these rows of a node consumed, stream by stream; nothing of what came in from outside."""
    del node, results, sight
    return []


def edges_of(found: Sequence[Consumed]) -> pl.DataFrame:
    """All edges together."""
    return pl.concat([c.edges for c in found]) if found else pl.DataFrame(schema=EDGES)


def reach(results: pl.DataFrame, column: str = TIME) -> tuple[int, int]:
    """The lowest and highest instant (µs) in a column."""
    times = results[column].cast(pl.Int64)
    return int(times.min() or 0), int(times.max() or 0)  # type: ignore[arg-type]


def together(
    results: pl.DataFrame,
    rows: pl.DataFrame,
    on: Sequence[str],
    where: pl.Expr | None = None,
    *,
    take: Sequence[pl.Expr] = (),
) -> pl.DataFrame:
    """Places of results (`#r`) and rows (`#u`) with equal values of `on` and in one log, where `where` holds.

    `take` are columns of the results that `where` asks for; of the rows it may ask for `#at`, `_seq` and `_id`.
    """
    if not results.height or not rows.height:
        return pl.DataFrame(schema={RESULT: pl.UInt32(), ROW: pl.UInt32()})
    left = results.with_row_index(RESULT).select(RESULT, LOG, *on, *take)
    own = [name for name in (SEQ, ID) if name not in on]
    right = rows.with_row_index(ROW).select(ROW, LOG, *own, *on, at().alias(AT))
    pairs = left.join(right, on=[LOG, *on], nulls_equal=True)
    return (pairs if where is None else pairs.filter(where)).select(RESULT, ROW)


def at() -> pl.Expr:
    """`_time` in µs."""
    return pl.col(TIME).cast(pl.Int64)


def of_pairs(
    node: str,
    results: pl.DataFrame,
    rows: pl.DataFrame,
    pairs: pl.DataFrame,
    *,
    witness: bool = False,
    role: str = "",
    across: bool = False,
) -> Consumed:
    """What was consumed, from places; `across`: the rows are from other logs, whose `_seq` tells nothing."""
    one = results.select(LOG, ID, pl.col(SEQ).alias("#s"))[pairs[RESULT]]
    other = rows.select(
        pl.col(LOG).alias(CONSUMED_LOG), pl.col(ID).alias(CONSUMED), pl.col(SEQ).alias("#o"), revision(rows)
    )[pairs[ROW]]
    both = one.hstack(other).with_columns(pairs[ROW])
    if not across:
        both = both.filter(pl.col("#o") <= pl.col("#s"))
    last = both.sort("#o", maintain_order=True).unique(
        [LOG, ID, CONSUMED_LOG, CONSUMED], keep="last", maintain_order=True
    )
    last = last.filter(pl.col("#v") >= 0).sort(ROW, maintain_order=True)
    taken = rows[last[ROW].unique(maintain_order=True)] if last.height else rows.clear()
    return Consumed(node=node, rows=taken, edges=last.select(*EDGES), witness=witness, role=role)


def revision(rows: pl.DataFrame) -> pl.Expr:
    """How often a row was said again, below 0 where it was taken back."""
    number = pl.col(REVISION).fill_null(0) if REVISION in rows.columns else pl.lit(0, pl.Int64)
    return number.alias("#v")


def standing(results: pl.DataFrame, rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs whose row was there when the result was made, as it was said last by then; with its `#at` and `#i`."""
    found = pairs.with_columns(
        rows.select(at().alias(AT), pl.col(ID).alias("#i"), pl.col(SEQ).alias("#o"), revision(rows))[pairs[ROW]]
    ).with_columns(results[SEQ][pairs[RESULT]].alias("#s"))
    there = found.filter(pl.col("#o") <= pl.col("#s")).sort("#o", maintain_order=True)
    return there.unique([RESULT, "#i"], keep="last", maintain_order=True).filter(pl.col("#v") >= 0)


def latest(results: pl.DataFrame, rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Of each result the pair with the last row in the order of time and id, among what was there by then."""
    last = standing(results, rows, pairs).sort(AT, "#i", "#o").unique(RESULT, keep="last", maintain_order=True)
    return last.select(RESULT, ROW)
