"""Windows: any slicing, any split over instances and any restart give the rows of a definition in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, AnyExpr, Cast, Column, NamedExpr
from slac.plan.nodes import Role, WindowNode, WindowSpec
from slac.runtime.operators.window import WindowOperator
from slac.stream.batch import KEPT, SEEN, TIME, TIME_TYPE, WINDOW_START, Batch
from slac.stream.ids import window_ids
from slac.stream.types import Field, Float, Int, Schema, String, Timestamp
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut, events

INT, FLOAT, STRING = Int(), Float(), String()
SCHEMA: dict[str, Any] = {"k": pl.String(), "x": pl.Float64(), "s": pl.String()}
CALLS = (
    AggregateCall(name="_a0", function="count", dtype=INT),
    AggregateCall(name="_a1", function="sum", args=(Column(name="x", dtype=FLOAT),), dtype=FLOAT),
    AggregateCall(name="_a2", function="last", args=(Column(name="s", dtype=STRING),), dtype=STRING),
)
PROJECT = (
    NamedExpr(name="n", expr=Column(name="_a0", dtype=INT)),
    NamedExpr(name="total", expr=Column(name="_a1", dtype=FLOAT)),
    NamedExpr(name="last", expr=Column(name="_a2", dtype=STRING)),
)
OUT = Schema((Field("k", STRING), Field("n", INT), Field("total", FLOAT), Field("last", STRING)))
TUMBLING = WindowSpec(kind="tumbling", size=10)
HOPPING = WindowSpec(kind="hopping", size=15, every=10)
GAPS = WindowSpec(kind="hopping", size=4, every=10)
MANY = WindowSpec(kind="hopping", size=30, every=10)
SPECS = (TUMBLING, HOPPING, GAPS, MANY)


def window(spec: WindowSpec = TUMBLING, role: Role = "whole", **more: Any) -> WindowNode:
    """A window by `k` over count, sum and last."""
    settings: dict[str, Any] = {"keys": ("k",), "schema": OUT, "project": PROJECT, "retain": 1000, **more}
    return WindowNode(id="b", block="b", node="central", role=role, window=spec, aggregates=CALLS, **settings)


def driver(node: WindowNode) -> Driver:
    """A driver of a fresh operator."""
    return Driver(lambda: WindowOperator(node, CONTEXT))


def feed(target: Driver, frame: pl.DataFrame, *, sizes: Sequence[int] = (1000,), lateness: int = 0) -> pl.DataFrame:
    """Everything through one operator, in slices, to the end of input."""
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        target.advance(arrivals.watermark)
    return target.finish()


def grid(spec: WindowSpec) -> tuple[int, int]:
    """Size and distance."""
    return spec.size, spec.every or spec.size


def windows_of(time: int, spec: WindowSpec) -> list[int]:
    """Ends of the windows that hold an instant."""
    size, every = grid(spec)
    return [k * every + size for k in range(-50, 500) if k * every <= time < k * every + size]


def definition(
    frame: pl.DataFrame, spec: WindowSpec, lateness: int
) -> tuple[dict[tuple[int, str | None], tuple[Any, ...]], int]:
    """Values by (end, key), and the number of windows missed: row by row, in plain Python."""
    groups: dict[tuple[int, str | None], list[dict[str, Any]]] = defaultdict(list)
    watermark, missed = -(10**9), 0
    for row in frame.with_columns(pl.col(TIME).to_physical()).rows(named=True):
        for end in windows_of(row[TIME], spec):
            if row[TIME] < watermark and end <= watermark:
                missed += 1
            else:
                groups[end, row["k"]].append(row)
        watermark = max(watermark, row[TIME] - lateness)
    values = {}
    for place, rows in groups.items():
        numbers = [r["x"] for r in rows if r["x"] is not None]
        texts = [r["s"] for r in sorted(rows, key=lambda r: (r[TIME], r["_id"])) if r["s"] is not None]
        values[place] = (len(rows), sum(numbers) if numbers else None, texts[-1] if texts else None)
    return values, missed


def said(frame: pl.DataFrame) -> dict[tuple[int, str | None], tuple[Any, ...]]:
    """What an operator said, in the form of the definition; twice the same place is an error."""
    if not frame.width:
        return {}
    rows = frame.with_columns(pl.col(TIME).to_physical()).rows(named=True)
    places = {(r[TIME] + 1, r["k"]): (r["n"], r["total"], r["last"]) for r in rows}
    assert len(places) == len(rows)
    return places


ROW = st.fixed_dictionaries(
    {
        TIME: st.integers(-20, 80),
        "k": st.sampled_from(["a", "b", None]),
        "x": st.none() | st.sampled_from([0.5, 1.25, -3.0, 1e6]),
        "s": st.none() | st.sampled_from("pqr"),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=20).map(lambda rows: events(rows, SCHEMA))
SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@settings(max_examples=120, deadline=None)
@given(ROWS, st.sampled_from(SPECS), st.integers(0, 40), SIZES)
def test_rows_are_those_of_the_definition_in_any_slicing(
    frame: pl.DataFrame, spec: WindowSpec, lateness: int, sizes: list[int]
) -> None:
    """Values, places and the number of late rows, whatever the batches; rows come in the order of (`_time`, `_id`)."""
    values, missed = definition(frame, spec, lateness)
    whole, sliced = driver(window(spec)), driver(window(spec))
    first = feed(whole, frame, lateness=lateness)
    second = feed(sliced, frame, sizes=sizes, lateness=lateness)

    assert said(first) == values
    assert first.equals(second)
    assert whole.operator.statistics()["late"] == sliced.operator.statistics()["late"] == missed
    assert not first.width or first.equals(first.sort(TIME, "_id"))


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from(SPECS), st.integers(0, 40), SIZES, st.sampled_from(["fill", "plain"]))
def test_a_restart_anywhere_changes_nothing(
    frame: pl.DataFrame, spec: WindowSpec, lateness: int, sizes: list[int], mode: str
) -> None:
    """A snapshot after every step, written and read, and the same rows and counts come out."""
    node = window(spec, fill=mode == "fill" and spec is not GAPS)
    plain, restarted = driver(node), driver(node)
    expected = feed(plain, frame, sizes=sizes, lateness=lateness)
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        restarted.give(arrivals.take(piece))
        restarted.restart()
        restarted.advance(arrivals.watermark)
        restarted.restart()

    assert restarted.finish().equals(expected)
    assert restarted.operator.statistics()["late"] == plain.operator.statistics()["late"]


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from(SPECS), SIZES, st.integers(1, 3), st.sampled_from(["fill", "plain"]))
def test_partial_and_final_are_whole(
    frame: pl.DataFrame, spec: WindowSpec, sizes: list[int], instances: int, mode: str
) -> None:
    """However rows are spread over instances, the merged partial rows give the same frame, ids included."""
    fill = mode == "fill" and spec is not GAPS
    expected = feed(driver(window(spec, fill=fill)), frame, lateness=1000)
    final = driver(window(spec, "final", fill=fill))
    for n in range(instances):
        partial = driver(window(spec, "partial", fill=fill))
        mine = frame.filter(pl.col("_id") % instances == n)
        feed(partial, mine, sizes=sizes, lateness=1000)
        final.give(Batch(f) for f in partial.out)

    assert final.finish().equals(expected)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from((TUMBLING, HOPPING, MANY)), st.sampled_from((10, 25, 1000)), SIZES)
def test_known_keys_get_rows_for_windows_without_rows(
    frame: pl.DataFrame, spec: WindowSpec, retain: int, sizes: list[int]
) -> None:
    """From the window after a key's first, for `retain`, and not behind the last window that holds data."""
    values, _ = definition(frame, spec, 0)
    _, every = grid(spec)
    reached = max(end for end, _ in values)
    expected = dict(values)
    for key in {k for _, k in values}:
        ends = sorted(end for end, k in values if k == key)
        for last in ends:
            end = last + every
            while end <= min(last + retain, reached) and (end, key) not in values:
                expected[end, key] = (0, None, None)
                end += every
    node = window(spec, fill=True, retain=retain)
    rows = feed(driver(node), frame, sizes=sizes)

    assert said(rows) == expected
    assert rows.equals(feed(driver(node), frame))
    assert rows.filter(pl.col(KEPT) == 0).height == len(expected) - len(values)


def test_columns_are_meta_then_schema() -> None:
    """`_time` is the last instant of the window, `_id` hashes key and window, `_seen` and `_kept` count events."""
    rows = feed(driver(window()), events([{TIME: 3, "k": "a", "x": 1.5}, {TIME: 4, "k": "a"}], SCHEMA))

    assert rows.columns == [TIME, "_id", WINDOW_START, SEEN, KEPT, "k", "n", "total", "last"]
    assert rows.with_columns(pl.col(TIME, WINDOW_START).to_physical()).drop("_id").row(0) == (
        *(9, 0, 2.0, 2),
        *("a", 2, 1.5, None),
    )
    assert rows["_id"].to_list() == window_ids(rows, "doc", "b", ["k"]).to_list()


def test_partial_rows_hold_keys_and_parts() -> None:
    """A partial row has the place and the id of the row that it will become."""
    frame = events([{TIME: 3, "k": "a", "x": 1.5}], SCHEMA)
    partial = feed(driver(window(role="partial")), frame)
    whole = feed(driver(window()), frame)

    assert partial.columns == [*whole.columns[:6], "_a0.n", "_a1.sum", "_a1.n", "_a1.bad", "_a2.at"]
    assert partial.select(whole.columns[:6]).equals(whole.select(whole.columns[:6]))


def test_the_window_can_be_named_and_then_sees_what_select_gave() -> None:
    """`_window_start` and `_time` are columns for `project` and `then`; a later `then` sees an earlier one."""
    start = NamedExpr(name="start", expr=Column(name=WINDOW_START, dtype=Timestamp()))
    twice: AnyExpr = Column(name="n", dtype=INT)
    then = (NamedExpr(name="m", expr=twice), NamedExpr(name="o", expr=Column(name="m", dtype=INT)))
    fields = (Field("k", STRING), Field("n", INT), Field("start", Timestamp()), Field("m", INT), Field("o", INT))
    node = window(project=(PROJECT[0], start), then=then, schema=Schema(fields), fill=True)
    rows = feed(driver(node), events([{TIME: 12, "k": "a"}, {TIME: 35, "k": "a"}], SCHEMA))

    assert rows.select("n", pl.col("start").to_physical(), "m", "o").rows() == [
        (1, 10, 1, 1),
        (0, 20, None, None),
        (1, 30, 1, 1),
    ]


def test_a_computed_column_of_a_window_without_rows_is_null() -> None:
    """COUNTs are 0; what `select` computes from aggregates is NULL, even where it would have a value."""
    computed = NamedExpr(name="last", expr=Cast(arg=Column(name="_a0", dtype=INT), dtype=STRING))
    node = window(project=(*PROJECT[:2], computed), fill=True)
    rows = feed(driver(node), events([{TIME: 5, "k": "a"}, {TIME: 25, "k": "b"}], SCHEMA))

    assert rows.filter(k="b").select("n", "last").rows() == [(1, "1")]
    assert rows.filter(pl.col(KEPT) == 0).select("k", "n", "last", SEEN).rows() == [("a", 0, None, 0.0)] * 2


def test_same_groups_by_the_window_that_rows_carry() -> None:
    """Rows of two windows stay apart; events behind them are summed; filling follows the rows' own length."""
    cases = window(keys=("k",))
    upstream = feed(
        driver(cases), events([{TIME: t, "k": k} for t, k in [(1, "a"), (2, "b"), (3, "a"), (31, "a")]], SCHEMA)
    )
    same = window(WindowSpec(kind="same"), keys=(), fill=True, schema=Schema((Field("n", INT),)), project=PROJECT[:1])
    node = msgspec.structs.replace(same, aggregates=CALLS[:1])
    target = driver(node)
    target.give([Batch(upstream)])
    rows = target.finish()

    assert rows.select(pl.col(TIME).to_physical(), "n", KEPT, SEEN).rows() == [
        (9, 2, 3, 3.0),
        (19, 0, 0, 0.0),
        (29, 0, 0, 0.0),
        (39, 1, 1, 1.0),
    ]


def test_a_window_is_never_said_twice() -> None:
    """A row for a window that was emitted is late, even where its own watermark does not say so."""
    target = driver(window())
    target.give([Batch(events([{TIME: 5, "k": "a"}], SCHEMA))])
    assert len(target.advance(10)) == 1
    target.give([Batch(events([{TIME: 6, "k": "a"}, {TIME: 12, "k": "a"}], SCHEMA))])

    assert [f.height for f in target.advance(20)] == [1]
    assert target.operator.statistics()["late"] == 1


def test_a_jump_over_a_year_without_data_is_cheap() -> None:
    """Without filling, nothing is done for windows without rows, however many."""
    target = driver(window())
    target.give([Batch(events([{TIME: 5, "k": "a"}], SCHEMA))])

    assert target.operator.next_due() == 10
    assert [f.height for f in target.advance(365 * 86_400_000_000)] == [1]
    assert target.operator.next_due() is None
    assert target.operator.open_until() is None
    assert target.operator.snapshot().frames == {}


def test_filling_ends_with_retain() -> None:
    """A key that is silent for longer is forgotten; when it comes back it is new."""
    target = driver(window(fill=True, retain=25))
    target.give([Batch(events([{TIME: 5, "k": "a"}], SCHEMA))])
    target.advance(10)
    assert target.operator.next_due() == 20
    target.advance(1000)

    assert [f.height for f in target.out] == [1, 2]
    assert target.operator.next_due() is None
    assert target.operator.statistics()["keys"] == 0


def test_the_end_of_input_invents_no_silence() -> None:
    """What fills at the watermark of live input does not fill behind the last data at the end of a file."""
    target = driver(window(fill=True))
    target.give([Batch(events([{TIME: 5, "k": "a"}, {TIME: 25, "k": "b"}], SCHEMA))])
    rows = target.advance(1000, end=True)[0]

    assert sorted(rows.select(pl.col(TIME).to_physical(), "k").rows()) == [(9, "a"), (19, "a"), (29, "a"), (29, "b")]


def test_no_keys_at_all() -> None:
    """Without keys there is one row a window."""
    node = window(keys=(), schema=Schema((Field("n", INT),)), project=PROJECT[:1], fill=True)
    rows = feed(driver(node), events([{TIME: t} for t in (1, 2, 25)], SCHEMA), sizes=(1,))

    assert rows.select(pl.col(TIME).to_physical(), "n").rows() == [(9, 2), (19, 0), (29, 1)]
    assert rows.schema[TIME] == TIME_TYPE
