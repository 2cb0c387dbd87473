"""Whole traces, told by their shape: the same as going through the records, and only where that is so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import TracesNode
from slac.plan.traces import TraceForm, trace_schema
from slac.runtime.operators import traces as operator
from slac.runtime.traces import shapes
from slac.runtime.traces.whole import Whole
from slac.stream.batch import TIME
from slac.stream.types import AnyType, Field, Int, String
from tests.runtime.operators.test_traces import frame_of, run, streams
from tests.runtime.operators.tracing import driver, node_of

Record = dict[str, Any]
FORMS: list[TraceForm] = ["executions", "events"]
KEYS: dict[str, tuple[tuple[AnyType, ...], Callable[[pl.Expr], Sequence[pl.Expr]]]] = {
    "text": ((String(),), lambda t: [t]),
    "integers side by side": ((Int(),), lambda t: [t.replace_strict({"a": 7, "b": 8, "c": 11}, return_dtype=pl.Int64)]),
    "integers far apart": (
        (Int(),),
        lambda t: [t.replace_strict({"a": -(1 << 62), "b": 0, "c": 1 << 62}, return_dtype=pl.Int64)],
    ),
    "two": ((String(), Int()), lambda t: [t, pl.when(t == "a").then(1).otherwise(2).cast(pl.Int64)]),
}


def node(
    form: TraceForm, types: Sequence[AnyType], *, repair: bool = False, by_host: bool = False, limit: int = 1000
) -> TracesNode:
    """Traces by as many keys, which may take their time."""
    made = node_of(form, repair=repair, by_host=by_host, limit=limit)
    keys = tuple(Field(f"k{n}", dtype, nullable=False) for n, dtype in enumerate(types))
    spec = msgspec.structs.replace(made.spec, timeout=60, within=90)
    return msgspec.structs.replace(
        made, keys=tuple(k.name for k in keys), spec=spec, schema=trace_schema(keys, spec), retain=50
    )


def keyed(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """With the columns of the keys, and one of two hosts."""
    frame = frame.with_columns(host=(pl.int_range(pl.len()) % 2).cast(pl.String))
    return frame.with_columns(expr.alias(f"k{n}") for n, expr in enumerate(KEYS[kind][1](pl.col("t"))))


def nothing_whole(*_: object) -> Whole:
    """As if every trace had to be gone through."""
    none = np.empty(0, np.int64)
    return Whole(traces=none, shape=none, row=none, complete=none, start=none, end=none)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whole_traces_are_told_as_if_gone_through(form: TraceForm, data: st.DataObject) -> None:
    """Broken, told twice, in any order and portions, with restarts, and however few shapes are remembered."""
    rows = data.draw(streams(form))
    lateness = data.draw(st.sampled_from([0, 1000]))
    rows = sorted(rows, key=lambda r: r[TIME]) if lateness == 0 else data.draw(st.permutations(rows))
    kind, repair = data.draw(st.sampled_from(sorted(KEYS))), data.draw(st.booleans())
    frame, sizes = keyed(frame_of(form, rows), kind), data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=4))
    asked = node(
        form,
        KEYS[kind][0],
        repair=repair and form == "events",
        by_host=data.draw(st.booleans()),
        limit=data.draw(st.sampled_from([2, 1000])),
    )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shapes, "MOST_CALLS", data.draw(st.sampled_from([0, 3, 1 << 18])))
        out = run(driver(asked), frame, sizes, lateness)
        patched.setattr(operator, "whole", nothing_whole)
        expected = run(driver(asked), frame, sizes, lateness, restart=False)

    assert out.equals(expected) if expected.height else not out.height


def visit(trace: str, begin: int) -> list[Record]:
    """A root and a call, told when they end."""
    common = {"t": trace, "operation": "f"}
    return [
        common | {TIME: begin + 2, "eoi": 1, "ess": 1, "tin": begin + 1, "tout": begin + 2},
        common | {TIME: begin + 3, "eoi": 0, "ess": 0, "tin": begin, "tout": begin + 3},
    ]


def test_a_shape_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces of a known shape are not gone through, not even where they lie in two portions."""
    learned, gone_through = counted(monkeypatch, shapes.Shapes, "_learn"), counted(monkeypatch, operator, "cut")
    rows = [r for n, trace in enumerate("abc") for r in visit(trace, 10 * n)]
    target = driver(node("executions", KEYS["text"][0]))

    out = run(target, keyed(frame_of("executions", rows), "text"), [3], 0, restart=False)

    assert out["valid"].to_list() == [True] * 3
    assert len(learned) == 1
    assert [rows.height for rows, *_ in gone_through] == [1], "the record of a trace that goes on"


def counted(monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> list[Any]:
    """What a function is given, call by call."""
    calls: list[Any] = []
    function = getattr(place, name)

    def told(*given: Any) -> Any:
        calls.append(given)
        return function(*given)

    monkeypatch.setattr(place, name, told)
    return calls


def test_shapes_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is bounded by calls."""
    monkeypatch.setattr(shapes, "MOST_CALLS", 3)
    rows = [r | {"operation": f"{trace}{r['eoi']}"} for n, trace in enumerate("abc") for r in visit(trace, 10 * n)]
    target = driver(node("executions", KEYS["text"][0]))

    out = run(target, keyed(frame_of("executions", rows), "text"), [2], 0, restart=False)

    assert out["valid"].to_list() == [True] * 3
    assert len(target.operator._shapes) == 1  # type: ignore[attr-defined]
