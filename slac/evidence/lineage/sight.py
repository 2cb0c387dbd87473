"""The rows of all nodes: those that were logged, and those of nodes within a block, which are made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import polars as pl

from slac.evidence.lineage.base import LOG
from slac.evidence.log.frames import LATE, SEQ, as_came
from slac.evidence.log.nodes import logged_nodes
from slac.evidence.log.reader import LogDirectory
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LatestJoinNode, StepsNode
from slac.runtime.operator import ENDED, OperatorContext
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ID, TIME, TIME_TYPE, Batch

NOTHING: Final = pl.DataFrame(
    schema={
        LOG: pl.UInt16(),
        SEQ: pl.Int64(),
        LATE: pl.Boolean(),
        TIME: TIME_TYPE,
        ID: pl.UInt64(),
    }
)


class RowSource(Protocol):
    """Rows that were logged, with `_log`; empty frames where there are none."""

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes whose rows are logged."""
        ...

    def rows(self, node: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """Rows of a node with a `_time` from `low` to `high` (µs)."""
        ...

    def edges(self, node: str) -> pl.DataFrame:
        """What rows of a node consumed, where the node told it: `_log`, `_seq`, `_id`, `_consumed`."""
        ...


class LogRows:
    """The rows of several logs."""

    def __init__(self, logs: Sequence[LogDirectory]) -> None:
        self.logs = logs

    @property
    def nodes(self) -> frozenset[str]:
        """As `RowSource.nodes`."""
        return frozenset(node for log in self.logs for node in log.nodes)

    def rows(self, node: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """As `RowSource.rows`."""
        frames = [_placed(log.rows(node, low=low, high=high), n) for n, log in enumerate(self.logs)]
        frames = [f for f in frames if f.width > 1]
        return pl.concat(frames, how="diagonal_relaxed") if frames else NOTHING

    def edges(self, node: str) -> pl.DataFrame:
        """As `RowSource.edges`."""
        frames = [_placed(log.edges(node), n) for n, log in enumerate(self.logs)]
        frames = [f for f in frames if f.width > 1]
        return pl.concat(frames) if frames else NOTHING.with_columns(pl.lit(None, pl.UInt64).alias("_consumed"))


def _placed(frame: pl.DataFrame, log: int) -> pl.DataFrame:
    if not frame.width:
        return pl.DataFrame(schema={LOG: pl.UInt16()})
    return frame.select(pl.lit(log, pl.UInt16).alias(LOG), pl.all())


class Sight:
    """The rows of every node of `plan`, as far as `source` goes. What was asked for once is remembered."""

    def __init__(self, plan: Plan, source: RowSource) -> None:
        self.plan = plan
        self._source = source
        self._context = OperatorContext(document=plan.document)
        self._known: dict[tuple[str, int | None, int | None], pl.DataFrame] = {}

    def is_logged(self, node_id: str) -> bool:
        """Whether rows of the node are in some log."""
        return node_id in self._source.nodes

    def is_hidden(self, node_id: str) -> bool:
        """Whether logs leave out the rows of the node, because they can be made again."""
        return not self.is_logged(node_id) and _is_hidden(self.plan[node_id], self.plan)

    def rows(self, node_id: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """Rows of a node with a `_time` from `low` to `high` (µs)."""
        key = (node_id, low, high)
        if key not in self._known:
            node = self.plan[node_id]
            made = not node.inputs or not self.is_hidden(node_id)
            self._known[key] = (
                self._source.rows(node_id, low=low, high=high) if made else self._again(node, low=low, high=high)
            )
        return self._known[key]

    def edges(self, node_id: str) -> pl.DataFrame:
        """What rows of a node consumed, where the node told it."""
        return self._source.edges(node_id)

    def _again(self, node: AnyNode, *, low: int | None, high: int | None) -> pl.DataFrame:
        """Run the operator over what it read: row by row, or with what it may look back to."""
        back = node.retain if isinstance(node, LatestJoinNode | StepsNode) else 0
        start = None if low is None else low - back
        inputs = [self.rows(i, low=start, high=high) for i in node.inputs]
        logs = sorted({n for frame in inputs for n in frame[LOG].unique().to_list()})
        made = [f for n in logs for f in self._run(node, [i.filter(pl.col(LOG) == n) for i in inputs], n)]
        if not made:
            return NOTHING
        joined = pl.concat(made, how="diagonal_relaxed")
        time = pl.col(TIME).cast(pl.Int64)
        return joined if low is None else joined.filter(time >= low)

    def _run(self, node: AnyNode, inputs: Sequence[pl.DataFrame], log: int) -> list[pl.DataFrame]:
        operator = build_operator(node, self._context)
        said: list[Batch] = []
        for port, frame in enumerate(inputs):
            for (late,), part in frame.partition_by(LATE, as_dict=True, maintain_order=True).items():
                said += operator.on_batch(port, Batch(as_came(part.drop(LOG)), late=bool(late)))
        said += operator.on_watermark(ENDED - 1)
        seen = pl.concat([f.select(ID, TIME, SEQ) for f in inputs], how="diagonal_relaxed")
        seen = seen.sort(SEQ).unique([ID, TIME], keep="last")
        return [
            b.frame.join(seen, on=[ID, TIME], how="left").select(
                pl.lit(log, pl.UInt16).alias(LOG), SEQ, pl.lit(b.late).alias(LATE), pl.all().exclude(SEQ)
            )
            for b in said
            if b.height
        ]


def _is_hidden(node: AnyNode, plan: Plan) -> bool:
    return node.id not in logged_nodes(plan.part(node.node))
