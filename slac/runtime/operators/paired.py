"""A running window and a latest-join of its own input, as long as no row is an estimate: then each goes on by itself.

What the window says from then on reaches the join as ever, as rows with their bounds, and by way of their meeting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from slac.plan.nodes import LatestJoinNode, WindowNode
from slac.runtime.operator import Lacks, Operator, OperatorContext, State
from slac.runtime.operators.estimating import EstimatingWindow
from slac.runtime.operators.estimating_join import EstimatingJoin
from slac.runtime.operators.latest_join import LatestJoinOperator
from slac.runtime.operators.latest_own import OwnLatestJoin
from slac.runtime.operators.running_beside import Meeting
from slac.stream.batch import Batch


class PairedWindow(EstimatingWindow):
    """`together` is at work before the first weighted row, the operator that `apart` makes of a node behind it."""

    def __init__(
        self,
        node: WindowNode,
        together: Callable[[], Operator],
        apart: Callable[[WindowNode], Operator],
        meetings: Sequence[Meeting],
        lacks: Lacks | None = None,
    ) -> None:
        super().__init__(node, lambda one: together() if one is node else apart(one), lacks)
        self._meetings = meetings

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """As the operator does."""
        return self._told(super().on_batch(port, batch))

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As the operator does."""
        return self._told(super().on_watermark(watermark, end=end))

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """As the operator does."""
        return self._told(super().on_doubt(certain))

    def _told(self, batches: Iterable[Batch]) -> Iterable[Batch]:
        if self._extension is None:
            return batches
        said = [batch for batch in batches if batch.height]
        for meeting in self._meetings:
            meeting.apart += said
        return said


class PairedJoin(EstimatingJoin):
    """Port 1 is not given to it: `meeting` has what the window says."""

    def __init__(self, node: LatestJoinNode, window: WindowNode, context: OperatorContext, meeting: Meeting) -> None:
        self._meeting = meeting

        def build(one: LatestJoinNode) -> Operator:
            return OwnLatestJoin(one, window, context, meeting) if one is node else LatestJoinOperator(one, context)

        super().__init__(node, build)  # type: ignore[arg-type]

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As the join does."""
        self._hear()
        return super().on_watermark(watermark, end=end)

    def snapshot(self) -> State:
        """As the join's."""
        self._hear()
        return super().snapshot()

    def _hear(self) -> None:
        """What the window has said apart; and, where this join is apart before it, what it has said together."""
        for batch in self._meeting.take_apart():
            self.on_batch(1, batch)
        if self._sides:
            for one in self._meeting.take():
                self.on_batch(1, one.said)
