"""`late: restate` of sessions, sliding and running windows: what stands in the end is what the ordered stream gives."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowNode, WindowSpec
from slac.runtime.operators.build import build_operator
from slac.stream.batch import ARRIVAL_WATERMARK, ID, REVISION, TIME, Batch
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut, events
from tests.runtime.operators.per_row import CALLS, ROWS, SCHEMA, SIZES, TEXT, node

SPECS = st.one_of(
    st.sampled_from((3, 9, 20)).map(lambda size: WindowSpec(kind="session", size=size)),
    st.sampled_from((1, 7, 30)).map(lambda size: WindowSpec(kind="sliding", size=size)),
    st.just(WindowSpec(kind="running")),
)


def window(spec: WindowSpec, retain: int, late: str = "restate", keys: tuple[str, ...] = ("k",)) -> WindowNode:
    """A window that says again what late rows change."""
    calls = (*CALLS, TEXT)
    made = node(spec, calls, keys, retain)
    return WindowNode(**{f: getattr(made, f) for f in made.__struct_fields__} | {"late": late})


def driver(spec: WindowNode) -> Driver:
    """The operator at work."""
    return Driver(lambda: build_operator(spec, CONTEXT))


def standing(frame: pl.DataFrame) -> pl.DataFrame:
    """The last revision of every row, without what was withdrawn."""
    if not frame.height:
        return frame
    last = frame.unique(ID, keep="last", maintain_order=True)
    return last.filter(pl.col(REVISION).fill_null(0) >= 0).drop(REVISION, ARRIVAL_WATERMARK).sort(TIME, ID)


def told(target: Driver, frame: pl.DataFrame, sizes: list[int], lateness: int, *, restart: bool) -> pl.DataFrame:
    """Everything that was said."""
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        if restart:
            target.restart()
        target.advance(arrivals.watermark)
    until = target.operator.open_until()
    if until is not None:
        target.advance(until, end=True)
    blank = pl.lit(None, pl.Int64)
    whole = [
        f if REVISION in f.columns else f.with_columns(blank.alias(REVISION), blank.alias(ARRIVAL_WATERMARK))
        for f in target.out
    ]
    return pl.concat(whole, how="diagonal") if whole else pl.DataFrame()


def in_time(frame: pl.DataFrame, lateness: int, retain: int) -> pl.DataFrame:
    """The rows that are not too late to be restated, in the order of time."""
    watermark, kept = -(1 << 62), []
    for time in frame[TIME].to_physical():
        kept.append(time >= watermark - retain)
        watermark = max(watermark, time - lateness)
    return frame.filter(pl.Series(kept, dtype=pl.Boolean)).sort(TIME, ID)


@settings(max_examples=40, deadline=None)
@given(
    ROWS,
    SPECS,
    st.integers(0, 20),
    SIZES,
    st.sampled_from((4, 25, 1000)),
    st.booleans(),
    st.sampled_from(((), ("k",))),
)
def test_the_last_revisions_are_those_of_the_ordered_stream(
    frame: pl.DataFrame,
    spec: WindowSpec,
    lateness: int,
    sizes: list[int],
    retain: int,
    restart: bool,  # noqa: FBT001 - drawn
    keys: tuple[str, ...],
) -> None:
    """In any slicing, restarted anywhere: late rows within `retain` count, others do not; revisions are the same."""
    restated = window(spec, retain, keys=keys)
    said = told(driver(restated), frame, sizes, lateness, restart=restart)
    kept = in_time(frame, lateness, retain)
    expected = told(driver(window(spec, retain, "drop", keys)), kept, [1000], 1000, restart=False)

    assert standing(said).equals(standing(expected))
    whole = told(driver(restated), frame, [1000], lateness, restart=False)
    assert said.sort(TIME, ID, REVISION).equals(whole.sort(TIME, ID, REVISION))


def test_a_row_between_two_sessions_makes_them_one() -> None:
    """The first comes again, longer; the second is withdrawn, because it is none any more."""
    target = driver(window(WindowSpec(kind="session", size=10), 1000))
    target.give([Batch(events([{TIME: 0, "k": "a"}, {TIME: 15, "k": "a"}], SCHEMA))])
    first = target.advance(30)
    late = events([{TIME: 8, "k": "a", ID: 7}], SCHEMA).with_columns(pl.lit(30, pl.Int64).alias(ARRIVAL_WATERMARK))
    target.give([Batch(late, late=True)])
    second = target.advance(31)

    assert [f["n"].to_list() for f in first] == [[1, 1]]
    assert set(second[0].select(pl.col(TIME).to_physical(), "n", REVISION).rows()) == {(24, 1, -1), (24, 3, 1)}
    assert set(second[0][ID]) == set(first[0][ID])


def test_what_is_too_late_is_counted() -> None:
    """Behind `retain` nothing is said again."""
    target = driver(window(WindowSpec(kind="running"), 5))
    target.give([Batch(events([{TIME: 20, "k": "a"}], SCHEMA))])
    target.advance(21)
    late = events([{TIME: 15, "k": "a", ID: 7}], SCHEMA).with_columns(pl.lit(21, pl.Int64).alias(ARRIVAL_WATERMARK))
    target.give([Batch(late, late=True)])

    assert target.advance(22) == []
    assert target.operator.statistics()["late"] == 1
