"""Selection and projection: what passes, what is computed, and what becomes of ids and meta columns."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from slac.plan.expressions import AnyExpr, Column, Literal, NamedExpr
from slac.plan.nodes import SelectNode
from slac.runtime.operators.select import SelectOperator
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, WEIGHT, Batch
from slac.stream.ids import row_ids
from slac.stream.types import Bool, Field, Int, Null, Schema, String
from tests.runtime.operators.driving import CONTEXT, events

OK = Column(name="ok", dtype=Bool())
FRAME = events(
    [{TIME: 1, "ok": True, "x": 10}, {TIME: 2, "ok": None, "x": 20}, {TIME: 3, "ok": False, "x": 30}],
    {"ok": pl.Boolean(), "x": pl.Int64()},
)


def run(frame: pl.DataFrame, *, late: bool = False, **node: Any) -> list[Batch]:
    """What a selection makes of one batch."""
    schema = Schema((Field("x", Int()),))
    select = SelectNode(id="p", block="p", node="edge", schema=schema, **node)
    return list(SelectOperator(select, CONTEXT).on_batch(0, Batch(frame, late=late)))


def test_only_true_passes() -> None:
    """A condition that is NULL keeps no row."""
    assert [b.frame["x"].to_list() for b in run(FRAME, where=OK)] == [[10]]
    assert run(FRAME.filter(ok=False), where=OK) == []


@pytest.mark.parametrize(("value", "heights"), [(True, [3]), (False, []), (None, [])])
def test_a_constant_condition(value: bool | None, heights: list[int]) -> None:  # noqa: FBT001 - parametrised
    """WHERE TRUE keeps all rows, FALSE and NULL none."""
    assert [b.height for b in run(FRAME, where=Literal(value=value, dtype=Bool()))] == heights


def test_projection_keeps_meta_columns_and_order() -> None:
    """Meta columns first, in their order, then the columns in the order of the document; constants fill all rows."""
    weighted = FRAME.with_columns(pl.lit(1 << 20, pl.UInt64).alias(WEIGHT))
    columns: list[tuple[str, AnyExpr]] = [
        ("y", Column(name="x", dtype=Int())),
        ("one", Literal(value=1, dtype=Int())),
        ("none", Literal(value=None, dtype=Null())),
        ("ok", OK),
    ]
    out = run(weighted, where=OK, columns=tuple(NamedExpr(name=n, expr=e) for n, e in columns))[0].frame

    assert out.columns == [TIME, ID, WEIGHT, "y", "one", "none", "ok"]
    assert out.drop(TIME).row(0) == (0, 1 << 20, 10, 1, None, True)
    assert out.schema["one"] == pl.Int64


def test_no_columns_at_all_leaves_the_rows() -> None:
    """A projection to nothing keeps times and ids."""
    assert run(FRAME, columns=())[0].frame.equals(FRAME.select(TIME, ID))


def test_late_rows_stay_late() -> None:
    """A late batch is treated alike, and keeps the watermark of each row."""
    late = FRAME.with_columns(pl.lit(99, pl.Int64).alias(ARRIVAL_WATERMARK))
    batch = run(late, late=True, columns=(NamedExpr(name="s", expr=Literal(value="a", dtype=String())),))[0]

    assert batch.late
    assert batch.frame.columns == [TIME, ID, ARRIVAL_WATERMARK, "s"]


def test_emits_makes_new_ids() -> None:
    """`emits` hashes document, block and the old id; without it ids stay."""
    assert run(FRAME, reid=True)[0].frame[ID].to_list() == row_ids(FRAME, "doc", "p", (ID,)).to_list()
    assert run(FRAME)[0].frame[ID].to_list() == [0, 1, 2]


def test_many_rows_are_named_anew_without_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are; where anything is asked or calculated, they are queried."""
    many = pl.concat([FRAME] * 2_000)
    monkeypatch.setattr(pl.LazyFrame, "collect", lambda *_, **__: pytest.fail("a query"))
    named = run(many, columns=(NamedExpr(name="y", expr=Column(name="x", dtype=Int())),))[0].frame

    assert named["y"].to_list() == many["x"].to_list()
    assert named.columns == [TIME, ID, "y"]
    with pytest.raises(pytest.fail.Exception):
        run(many, where=OK)
