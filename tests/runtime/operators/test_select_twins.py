"""Selects that say the same: who works for whom, and that each gives its own rows."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import polars as pl

from slac.plan.expressions import AnyExpr, Column
from slac.plan.nodes import SelectNode
from slac.runtime.operators.select import SelectOperator
from slac.runtime.operators.select_few import FewRows
from slac.runtime.operators.select_twins import twin_rows
from slac.stream.batch import ID, Batch
from slac.stream.types import Bool, Field, Int, Schema
from tests.runtime.operators.driving import CONTEXT
from tests.runtime.operators.test_select import FRAME, OK


def node(name: str, *, of: str = "m", where: AnyExpr | None = OK, **more: Any) -> SelectNode:
    """A select of this name."""
    schema = Schema((Field("ok", Bool()), Field("x", Int())))
    return SelectNode(id=name, block=name, node="edge", inputs=(of,), schema=schema, where=where, **more)


def test_twins_ask_the_same_of_the_same() -> None:
    """The same condition over another input, or another condition, makes no twin; ids of one's own do not matter."""
    other = Column(name="other", dtype=Bool())
    found = twin_rows(
        [node("a"), node("b", of="n"), node("c", reid=True), node("d", where=other), node("e", where=None)]
    )
    assert set(found) == {"a", "c"}
    assert found["a"] is found["c"]


def test_one_works_for_all_and_each_says_its_own() -> None:
    """In any order, for frames that not all of them are given; where ids are made anew, only there."""
    nodes = [node("a"), node("b"), node("c", reid=True)]
    rows = twin_rows(nodes)
    a, b, c = (SelectOperator(n, CONTEXT, rows[n.id]) for n in nodes)
    alone = [SelectOperator(n, CONTEXT) for n in nodes]
    with patch.object(FewRows, "of", autospec=True, side_effect=FewRows.of) as worked:
        for frame, asking in ((FRAME, (0, 1, 2)), (FRAME[1:], (1,)), (FRAME[:2], (2, 0)), (FRAME, (0, 2, 1))):
            before = worked.call_count
            said = [_said((a, b, c)[i], frame) for i in asking]
            assert worked.call_count == before + 1
            for i, one in zip(asking, said, strict=True):
                assert one == _said(alone[i], frame)


def _said(operator: SelectOperator, frame: pl.DataFrame) -> list[Any]:
    return [[b.frame[n].to_list() for n in (ID, "ok", "x")] for b in operator.on_batch(0, Batch(frame))]
