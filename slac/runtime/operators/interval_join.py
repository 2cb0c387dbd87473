"""Every pair of a left and a right row of one key that are less than an interval apart.

Both sides wait for the watermark, so neither arrival nor batches matter; a pair comes out when the watermark has
passed the later of its rows. Rows of either side that come behind it are dropped and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from slac.plan.nodes import IntervalJoinNode
from slac.runtime.audits.held import AT
from slac.runtime.instructions import GaveUp
from slac.runtime.operator import OperatorContext, State
from slac.runtime.operators.interval_pairs import pairs
from slac.runtime.operators.interval_side import IntervalSide
from slac.runtime.operators.replayable import ReplayableOperator, not_of_keys, of_keys
from slac.stream.batch import ID, KEPT, SEEN, TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE, Batch
from slac.stream.ids import row_ids

_RIGHT: Final = "_right"
_SUMMED: Final = (SEEN, KEPT)


class IntervalJoinOperator(ReplayableOperator):
    """Port 0 is the left side, port 1 the right one; the right row is less than `before` earlier or `after` later.

    Rows out: `_time` of the later row, `_id` of (document, block, left id, right id), then the node's schema. With
    `outer` a left row that found no partner comes out alone at the last instant at which one could have come.
    """

    def __init__(self, node: IntervalJoinNode, context: OperatorContext) -> None:
        self._node = node
        self._document = context.document
        self._types = node.schema.polars()
        self._before, self._after = node.reach
        lead = f"{node.alias}."
        self._names = {f"{lead}{c}": c for c in node.right_columns if f"{lead}{c}" in self._types}
        self._own = [n for n in self._types if n not in self._names]
        keys = list(node.by)
        self._left = IntervalSide(keys, self._own, reach=self._after, limit=node.limit, unkeyed=node.outer)
        self._right = IntervalSide(
            keys, list(self._names.values()), reach=self._before, limit=node.limit, unkeyed=False
        )
        self._alone: pl.DataFrame | None = None
        self._late = self._cut = self._told = 0
        self._reached = 0

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold the rows until the watermark has passed them."""
        if batch.late:
            self._late += batch.height
        else:
            self._sides[port].add(batch.frame)
        return ()

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """All pairs whose later row the watermark has passed."""
        del end
        self._reached = watermark
        left, right = self._left.release(watermark), self._right.release(watermark)
        found = [f for f in (self._of_left(left, right), self._of_right(left, right)) if f is not None]
        if self._node.outer:
            self._wait_alone(left, found)
            if (gone := self._given_up(watermark)) is not None:
                found.append(gone)
        self._left.hold(left, watermark)
        self._right.hold(right, watermark)
        return (Batch(self._finished(found)),) if found else ()

    def next_due(self) -> int | None:
        """Just behind the first row that waits; or when the first left row that is alone can find no partner."""
        lowest = [s.waiting.lowest for s in self._sides]
        due = [t + 1 for t in lowest if t is not None]
        if self._alone is not None:
            due.append(int(self._alone[AT].min()) + self._after)  # type: ignore[arg-type]
        return min(due, default=None)

    def open_until(self) -> int | None:
        """Behind the last row that waits, and behind the last left row that may come out alone."""
        rights = self._right.waiting.highest
        lefts = [t for t in (self._left.waiting.highest, self._last_alone()) if t is not None]
        ends = [t + (self._after if self._node.outer else 1) for t in lefts]
        return max([*ends, *([] if rights is None else [rights + 1])], default=None)

    def snapshot(self) -> State:
        """Both sides, and the left rows that are alone."""
        frames = {**self._left.frames("left"), **self._right.frames("right")}
        if self._alone is not None:
            frames["alone"] = self._alone
        counts = [self._late, self._cut, self._told, self._left.unkeyed, self._right.unkeyed, self._reached]
        return State({"counts": counts}, frames)

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        counts = state.values["counts"]
        self._late, self._cut, self._told, self._left.unkeyed, self._right.unkeyed, self._reached = counts
        self._left.restore("left", state.frames)
        self._right.restore("right", state.frames)
        alone = state.frames.get("alone")
        self._alone = alone if alone is not None and alone.height else None

    def notices(self) -> Iterable[GaveUp]:
        """That `limit` has bitten, with how many pairs since the last word."""
        if self._cut > self._told:
            count, self._told = self._cut - self._told, self._cut
            yield GaveUp(self._node.block, f"limit: {self._node.limit}", count, self._reached)

    def statistics(self) -> Mapping[str, int]:
        """`late`, `unkeyed` (NULL in a key), `rows` held, and pairs `given_up` because of `limit`."""
        return {
            "late": self._late,
            "unkeyed": self._left.unkeyed + self._right.unkeyed,
            "rows": self._left.rows + self._right.rows,
            "given_up": self._cut,
        }

    @property
    def keys(self) -> Mapping[str, pl.DataType]:
        """The columns that both sides share."""
        return {name: self._types[name] for name in self._node.by}

    def known(self) -> pl.DataFrame:
        """The keys of the rows held on either side."""
        found = [f.select(pl.col(n).cast(t) for n, t in self.keys.items()) for s in self._sides for f in s.known()]
        return pl.concat(found).unique() if found else pl.DataFrame(schema=self.keys)

    def values(self) -> Mapping[str, Any]:
        """Nothing has been counted."""
        return {"counts": [0] * 6}

    def part(self, keys: pl.DataFrame) -> State:
        """The rows of these keys on both sides, and those that are alone."""
        frames, names = self.snapshot().frames, self._node.by
        return State(self.values(), {n: of_keys(f, keys, names) for n, f in frames.items()})

    def graft(self, keys: pl.DataFrame, state: State) -> None:
        """Exchange the rows of these keys."""
        self._left.graft(keys, "left", state.frames)
        self._right.graft(keys, "right", state.frames)
        others = None if self._alone is None else not_of_keys(self._alone, keys, self._node.by)
        alone = [f for f in (others, state.frames.get("alone")) if f is not None and f.height]
        self._alone = pl.concat(alone, how="diagonal") if alone else None

    @property
    def _sides(self) -> tuple[IntervalSide, IntervalSide]:
        return self._left, self._right

    def _of_left(self, left: pl.DataFrame | None, right: pl.DataFrame | None) -> pl.DataFrame | None:
        """Pairs whose later row is a left one."""
        if left is None or (others := self._right.partners(left, right)) is None:
            return None
        found = pairs(left, others, reach=self._before, limit=self._node.limit, ties=False)
        self._cut += found.cut
        return self._paired(left[found.later], others[found.earlier], AT)

    def _of_right(self, left: pl.DataFrame | None, right: pl.DataFrame | None) -> pl.DataFrame | None:
        """Pairs whose later row is a right one; at one instant the left row is the earlier one."""
        if right is None or (others := self._left.partners(right, left)) is None:
            return None
        found = pairs(right, others, reach=self._after, limit=self._node.limit, ties=True)
        self._cut += found.cut
        return self._paired(others[found.earlier], right[found.later], f"{_RIGHT}{AT}")

    def _paired(self, left: pl.DataFrame, right: pl.DataFrame, time: str) -> pl.DataFrame | None:
        """Rows side by side, in this order; those of the right side under their outer names."""
        if not left.height:
            return None
        meta = [c for c in (ID, AT, *_SUMMED, WEIGHT) if c in right.columns]
        other = right.select(
            *(pl.col(c).alias(f"{_RIGHT}{c}") for c in meta), *(pl.col(c).alias(n) for n, c in self._names.items())
        )
        both = left.select(*self._kept(left)).hstack(other)
        return both.with_columns(pl.col(time).cast(TIME_TYPE).alias(TIME), *_of_both(both))

    def _kept(self, left: pl.DataFrame) -> list[str]:
        return [c for c in (ID, AT, *_SUMMED, WEIGHT) if c in left.columns] + self._own

    def _finished(self, found: list[pl.DataFrame]) -> pl.DataFrame:
        rows = pl.concat(found, how="diagonal")
        ids = row_ids(rows, self._document, self._node.block, ("_id", f"{_RIGHT}{ID}"))
        meta = [c for c in (*_SUMMED, WEIGHT) if c in rows.columns]
        typed = (pl.col(n).cast(t) for n, t in self._types.items())
        return rows.with_columns(ids.alias(ID)).select(TIME, ID, *meta, *typed).sort(TIME, ID)

    def _wait_alone(self, left: pl.DataFrame | None, found: list[pl.DataFrame]) -> None:
        """Left rows without a partner, as they stand in pairs, wait for one."""
        new = [] if left is None else [left.select(*self._kept(left))]
        waiting = [*([] if self._alone is None else [self._alone]), *new]
        if not waiting:
            return
        rows = pl.concat(waiting, how="diagonal")
        for frame in found:
            rows = rows.join(frame.select(ID), on=ID, how="anti", maintain_order="left")
        self._alone = rows if rows.height else None

    def _given_up(self, watermark: int) -> pl.DataFrame | None:
        """The left rows that can find no partner any more, alone."""
        if self._alone is None:
            return None
        over = pl.col(AT) <= watermark - self._after
        gone, rest = self._alone.filter(over), self._alone.filter(~over)
        self._alone = rest if rest.height else None
        if not gone.height:
            return None
        last = (pl.col(AT) + (self._after - 1)).cast(TIME_TYPE).alias(TIME)
        nothing = [pl.lit(None, self._types[n]).alias(n) for n in self._names]
        return gone.with_columns(last, pl.lit(None, pl.UInt64).alias(f"{_RIGHT}{ID}"), *nothing)

    def _last_alone(self) -> int | None:
        return None if self._alone is None else int(self._alone[AT].max())  # type: ignore[arg-type]


def _of_both(rows: pl.DataFrame) -> list[pl.Expr]:
    """Meta columns of a pair: events behind both rows, and the weight of their key, by which both passed or neither."""
    made = []
    for name in _SUMMED:
        if f"{_RIGHT}{name}" in rows.columns:
            own = pl.col(name).fill_null(0) if name in rows.columns else pl.lit(0)
            made.append((own + pl.col(f"{_RIGHT}{name}").fill_null(0)).alias(name))
    if f"{_RIGHT}{WEIGHT}" in rows.columns:
        # Only what came while a gate dropped has a weight, so within one stream some rows have none.
        other = pl.col(f"{_RIGHT}{WEIGHT}").fill_null(WEIGHT_ONE)
        own = pl.col(WEIGHT).fill_null(WEIGHT_ONE) if WEIGHT in rows.columns else other
        made.append(pl.max_horizontal(own, other).alias(WEIGHT))
    return made
