"""Few spans are gone through one by one, many by columns: both say the same, also one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import TracesNode
from slac.plan.traces import trace_schema
from slac.runtime.operators.traces import TracesOperator
from slac.runtime.traces import portions
from slac.runtime.traces.records import FEW
from slac.stream.batch import Batch
from slac.stream.types import AnyType, Field, Int, String
from tests.runtime.operators.driving import CONTEXT, Driver
from tests.runtime.operators.test_traces import frame_of, run, streams
from tests.runtime.operators.tracing import node_of

KEYS: dict[str, AnyType] = {"t": String(), "n": Int()}
PORTIONS = (0, 2, FEW)
"""By columns always, by turns, one by one always."""


def node_with(keys: Sequence[str], *, by_host: bool = False, limit: int = 1000) -> TracesNode:
    """Spans whose calls are not listed."""
    node = node_of("spans", by_host=by_host, limit=limit)
    spec = type(node.spec)(**{**_fields(node.spec), "operations": False})
    schema = trace_schema(tuple(Field(k, KEYS[k], nullable=False) for k in keys), spec)
    return TracesNode(**{**_fields(node), "spec": spec, "schema": schema, "keys": tuple(keys)})


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_both_say_the_same(data: st.DataObject) -> None:
    """The same rows with the same ids in the same order, across restarts, for any key."""
    rows, lateness = data.draw(streams("spans")), data.draw(st.sampled_from([0, 30, 1000]))
    for row in rows:
        row["operation"] = data.draw(st.sampled_from(["f", "g", "f", None]))
        row["duration"] = data.draw(st.sampled_from([row["duration"], 3, None]))
    frame = frame_of("spans", sorted(rows, key=lambda r: r["_time"]))
    frame = frame.with_columns(n=pl.int_range(frame.height) % 2, host=pl.col("span_id"))
    node = node_with(data.draw(st.sampled_from([["t"], ["t", "n"], ["n"]])), by_host=data.draw(st.booleans()))
    sizes, restart = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)), data.draw(st.booleans())

    said = [_said(node, frame, sizes, lateness, few, restart=restart) for few in PORTIONS]

    assert said[0].equals(said[1])
    assert said[0].equals(said[2])


def _said(
    node: TracesNode, frame: pl.DataFrame, sizes: Sequence[int], lateness: int, few: int, *, restart: bool
) -> pl.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portions, "CALM", 1)
        return run(Driver(lambda: TracesOperator(node, CONTEXT, few)), frame, sizes, lateness, restart=restart)


def test_what_is_open_is_counted_and_kept_in_either_form() -> None:
    """A snapshot of the one is that of the other, but for the order of its rows."""
    frame = frame_of("spans", [{"_time": t, "t": "ab"[t % 2], **_CALL, "start": t} for t in range(6)])
    states = {}
    for few in (0, FEW):
        target = Driver(lambda few=few: TracesOperator(node_with(["t"]), CONTEXT, few))  # type: ignore[misc]
        operator = target.operator
        operator.on_batch(0, Batch(frame))
        operator.on_watermark(6)
        assert operator.statistics()["keys"] == 2
        assert operator.statistics()["rows"] == 6
        states[few] = (operator.snapshot(), operator.next_due(), operator.open_until())
    one, many = (states[few][0].frames["records"].sort("_id") for few in (FEW, 0))
    assert one.equals(many)
    assert states[0][0].values == states[FEW][0].values
    assert states[0][1:] == states[FEW][1:]


_CALL = {"operation": "f", "span_id": "1", "parent_id": None, "duration": 1}
