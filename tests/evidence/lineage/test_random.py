"""What a row consumed is enough to make it again: one operator is given nothing else, and says the same row."""

from __future__ import annotations

import polars as pl
from hypothesis import given, note, settings
from hypothesis import strategies as st

from slac.evidence.lineage import Sight, consumed
from slac.evidence.lineage.base import LOG, Consumed
from slac.evidence.log.frames import LATE, as_came
from slac.plan.graph import Plan
from slac.plan.nodes import (
    AnyNode,
    LatestJoinNode,
    LinkInNode,
    SourceNode,
    StepsNode,
    WindowNode,
)
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ID, REVISION, SEEN, TIME, Batch
from slac.testing import Harness
from tests.evidence.recorded import Recorded
from tests.runtime.random.documents import Drawn, documents
from tests.runtime.random.test_any_document import Event, histories, plan

Rows = pl.DataFrame


def made_again(node: AnyNode, found: list[Consumed], sight: Sight, until: int) -> Rows:
    """What the operator of a node says of what was consumed, and of nothing else."""
    operator = build_operator(node, OperatorContext(document=sight.plan.document))
    said: list[Batch] = []
    for port, stream in enumerate(node.inputs):
        frames = [c.rows for c in found if c.node == stream and c.rows.height]
        if frames:
            rows = pl.concat(frames, how="diagonal_relaxed").unique(ID, keep="last", maintain_order=True)
            for (late,), part in rows.partition_by(LATE, as_dict=True, maintain_order=True).items():
                said += operator.on_batch(port, Batch(as_came(part.drop(LOG)), late=bool(late)))
    said += operator.on_watermark(until + 1)
    frames = [b.frame for b in said if b.height]
    return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


def check(node: AnyNode, row: Rows, sight: Sight) -> None:
    """One row."""
    found = consumed(node, row, sight)
    note(f"{node.id}: {row.to_dicts()} from {[(c.node, c.role, c.rows.height) for c in found]}")
    if isinstance(node, WindowNode) and node.window.kind == "running":
        # A witness stands for what the key had before: its own rows and one row are all there is.
        assert found[0].rows.height
        return
    if row[REVISION].drop_nulls().len() or row["_undecided"].fill_null(False).any():
        return
    again = made_again(node, found, sight, int(row[TIME].cast(pl.Int64).item()))
    mine = again.filter(pl.col(ID) == row[ID].item()) if again.height else again
    if isinstance(node, WindowNode) and row[SEEN].item() == 0:
        assert not any(c.rows.height for c in found)
        return
    assert mine.height, "the row is not made again"
    names = [n for n in node.schema.names if n not in ("since", "period_start", "reason")]
    assert mine.select(names).head(1).to_dicts() == row.select(names).to_dicts()


def sight_of(drawn: Drawn, events: list[Event], *, collapse: bool, size: int) -> Sight:
    """All that happened."""
    chosen = plan(drawn, collapse=collapse)
    harness = Harness(chosen)
    recorded = Recorded(harness)
    for start in range(0, len(events), size):
        harness.give("m", events[start : start + size])
    harness.end()
    harness.published("m")
    recorded.stop()
    return Sight(chosen, recorded)


def inner(chosen: Plan) -> list[AnyNode]:
    """Nodes whose rows are logged, and are made of others."""
    return [n for n in chosen.nodes if n.inputs and not isinstance(n, SourceNode | LinkInNode)]


@given(documents(), histories(), st.integers(1, 20), st.integers(1, 2), st.data())
@settings(max_examples=12)
def test_what_was_consumed_is_enough(
    drawn: Drawn, events: list[Event], size: int, nodes: int, data: st.DataObject
) -> None:
    """For some rows of every node."""
    sight = sight_of(drawn, events, collapse=nodes == 1, size=size)
    for node in inner(sight.plan):
        if not sight.is_logged(node.id) or isinstance(node, LatestJoinNode | StepsNode):
            continue
        rows = sight.rows(node.id)
        for place in data.draw(st.sets(st.integers(0, max(rows.height - 1, 0)), max_size=4)) if rows.height else ():
            check(node, rows[place], sight)
