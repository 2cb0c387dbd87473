"""Running windows with FIRST and LAST: what they say by columns is what merging says."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, Column
from slac.plan.nodes import WindowNode, WindowSpec
from slac.runtime.operator import Operator
from slac.runtime.operators.build import build_operator
from slac.runtime.operators.estimating import EstimatingWindow
from slac.runtime.operators.running_with_ends import RunningWithEnds
from slac.runtime.operators.window_running import RunningOperator
from slac.stream.batch import DEPTH, TIME
from slac.stream.types import AnyType, Bool, Duration, Float, Int, String, Timestamp
from tests.runtime.operators.driving import CONTEXT, Driver, events
from tests.runtime.operators.per_row import CALLS, SIZES, TEXT, feed, node

TYPES: dict[str, Any] = {
    "k": pl.String(),
    "x": pl.Float64(),
    "s": pl.String(),
    "y": pl.Int64(),
    "d": pl.Duration("us"),
    "b": pl.Boolean(),
}
OF: dict[str, AnyType] = {"x": Float(), "s": String(), "y": Int(), "d": Duration(), "b": Bool()}
ENDS = tuple(
    AggregateCall(name=f"{function}_{name}", function=function, args=(Column(name=name, dtype=dtype),), dtype=dtype)
    for function in ("first", "last")
    for name, dtype in OF.items()
)
MORE = (
    AggregateCall(
        name="good", function="last", args=(Column(name="s", dtype=String()),),
        where=Column(name="b", dtype=Bool()), dtype=String(),
    ),
    AggregateCall(
        name="when", function="first", args=(Column(name=TIME, dtype=Timestamp()),), dtype=Timestamp()
    ),
)  # fmt: skip
ROW = st.fixed_dictionaries(
    {
        TIME: st.integers(0, 40),
        "k": st.sampled_from(["a", "b", None]),
        "x": st.none() | st.sampled_from([0.5, -0.0, float("nan")]),
        "s": st.none() | st.sampled_from("pqr"),
        "y": st.none() | st.integers(0, 3),
        "d": st.none() | st.integers(-5, 5),
        "b": st.none() | st.booleans(),
        DEPTH: st.integers(0, 2),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=30)
KEYS = st.sampled_from([("k",), ()])


def window(keys: tuple[str, ...], retain: int) -> WindowNode:
    """A running window of ends and sums."""
    return node(WindowSpec(kind="running"), (*CALLS, *ENDS, *MORE), keys, retain)


def made(rows: list[dict[str, Any]], *, depths: bool) -> pl.DataFrame:
    """Rows, perhaps of several blocks."""
    frame = events(rows, {**TYPES, DEPTH: pl.UInt16()})
    return frame if depths else frame.drop(DEPTH)


@settings(max_examples=50, deadline=None)
@given(
    ROWS, st.booleans(), st.integers(0, 40), SIZES, KEYS, st.sampled_from((5, 1000)),
    st.sampled_from(["plain", "restart"]),
)  # fmt: skip
def test_both_say_the_same(
    rows: list[dict[str, Any]], depths: bool, lateness: int, sizes: list[int], keys: tuple[str, ...], retain: int,  # noqa: FBT001
    mode: str,
) -> None:  # fmt: skip
    """Whatever the slicing, restarted anywhere, with silences after which a key begins anew."""
    spec, frame = window(keys, retain), made(rows, depths=depths)

    found = feed(Driver(lambda: RunningWithEnds(spec, CONTEXT)), frame, sizes, lateness, restart=mode == "restart")
    expected = feed(Driver(lambda: RunningOperator(spec, CONTEXT)), frame, (1000,), lateness, restart=False)

    assert found.equals(expected)
    assert found.schema == expected.schema


@settings(max_examples=25, deadline=None)
@given(ROWS, SIZES, st.integers(1, 30), st.booleans())
def test_a_snapshot_of_one_is_one_of_the_other(
    rows: list[dict[str, Any]],
    sizes: list[int],
    taken_at: int,
    there: bool,  # noqa: FBT001
) -> None:
    """What each key had goes on in the other operator."""
    spec, frame = window(("k",), 1000), made(rows, depths=False).sort(TIME)
    kinds: tuple[type[Operator], type[Operator]] = (RunningOperator, RunningWithEnds)
    before, after = kinds if there else kinds[::-1]
    first, rest = frame.head(taken_at), frame.slice(taken_at)
    old = Driver(lambda: before(spec, CONTEXT))  # type: ignore[call-arg]
    feed(old, first, sizes, 0, restart=False)
    same, other = (Driver(partial(kind, spec, CONTEXT)) for kind in (before, after))  # type: ignore[call-arg]
    same.operator.restore(old.operator.snapshot())
    other.operator.restore(old.operator.snapshot())

    assert feed(same, rest, sizes, 0, restart=False).equals(feed(other, rest, sizes, 0, restart=False))


def test_which_windows_go_this_way() -> None:
    """Those whose other aggregates are sums and extremes; least text is neither."""
    assert isinstance(_built(node(WindowSpec(kind="running"))), RunningWithEnds)
    assert isinstance(_built(node(WindowSpec(kind="running"), (*CALLS, TEXT))), RunningOperator)


def test_keys_are_let_go() -> None:
    """A key that comes again after its silence begins anew, in the slot of another one."""
    spec = window(("k",), 10)
    target = Driver(lambda: RunningWithEnds(spec, CONTEXT))
    rows = [{TIME: 20 * t, "k": str(t % 3000), "s": None if t >= 3000 else "p"} for t in range(3100)]
    found = feed(target, events(rows, TYPES), (100,), 0, restart=False)

    assert found["last_s"].to_list() == ["p"] * 3000 + [None] * 100
    assert target.operator.statistics()["keys"] < 3000


def _built(node: WindowNode) -> Operator:
    built = build_operator(node, CONTEXT)
    assert isinstance(built, EstimatingWindow)
    return built.operator
