"""Windows over thinned rows go by the windows before them: in any slicing, by each group alone, and within bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowNode
from slac.runtime.operator import Operator
from slac.runtime.operators import window_past
from slac.runtime.operators.build import build_operator
from slac.runtime.operators.window_past import GIVEN, PAST
from slac.stream.batch import ARRIVAL_WATERMARK, BOUNDS, ID, TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE, Batch
from tests.runtime.operators.driving import CONTEXT, cut
from tests.runtime.operators.estimating import SECOND, events, said, thinned, window, worked

NAMES = ("n", "total", "mean")
SPAN = 10 * SECOND


def seldom(windows: int, *, rows: int = 40, keys: int = 3, seed: int = 0, far: float = 300.0) -> pl.DataFrame:
    """Rows of which one in forty has a value far from those of all others; as many in each window."""
    rng = np.random.default_rng(seed)
    frame = events(windows * rows * keys, seed=seed, keys=keys, span=windows * SPAN)
    return frame.with_columns(pl.Series("v", np.where(rng.random(frame.height) < 1 / 40, far, 1.0)))


def widths(rows: pl.DataFrame, name: str = "mean") -> pl.DataFrame:
    """By key and window the width of an interval."""
    ends = [pl.col(BOUNDS).struct.field(f"{name}_{end}") for end in ("low", "high")]
    return rows.select("k", TIME, (ends[1] - ends[0]).alias("width")).sort("k", TIME)


def held(node: WindowNode, rows: pl.DataFrame, pieces: int = 1) -> Operator:
    """The operator once it has closed what rows let it."""
    operator = build_operator(node, CONTEXT)
    for piece in cut(rows, [-(-rows.height // pieces)]):
        operator.on_batch(0, Batch(piece))
        worked(operator, int(piece[TIME].cast(pl.Int64).max()))  # type: ignore[arg-type]
    return operator


@pytest.mark.parametrize(("kind", "size"), [("tumbling", SPAN), ("hopping", 3 * SPAN)])
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_any_slicing_restart_and_choice_of_keys_gives_the_same(kind: str, size: int, data: Any) -> None:
    """Whether many windows close at once or one by one, and whichever other keys are there."""
    rows = thinned(seldom(8, seed=data.draw(st.integers(0, 99))), data.draw(st.sampled_from([0.3, 0.6])))
    sizes = data.draw(st.lists(st.integers(20, 400), min_size=1, max_size=3))
    node = window(kind, size, NAMES)
    whole = said(node, [rows])

    assert said(node, cut(rows, sizes), restart=True).equals(whole)
    one = rows.filter(pl.col("k") == "k1")
    assert said(node, [one]).equals(whole.filter(pl.col("k") == "k1"))


def test_a_window_without_a_rare_value_knows_of_those_before_it() -> None:
    """Its own rows hardly differ, so by them alone its interval would be next to nothing wide."""
    first, quiet = seldom(6), seldom(1, far=1.0)
    later = quiet.with_columns((pl.col(TIME).cast(pl.Int64) + 6 * SPAN).cast(TIME_TYPE).alias(TIME), pl.col(ID) + 10**6)
    found = widths(said(window(names=NAMES), [thinned(first, 0.5), thinned(later, 0.5)])).group_by("k").last()
    alone = widths(said(window(names=NAMES), [thinned(later, 0.5)]))

    assert alone["width"].max() < 1e-6  # type: ignore[operator]
    assert found["width"].min() > 5  # type: ignore[operator]


def test_values_that_do_not_differ_have_no_width() -> None:
    """Also of many windows."""
    found = widths(said(window(names=NAMES), [thinned(seldom(20, far=1.0), 0.5)]))
    assert found["width"].max() < 1e-6  # type: ignore[operator]


def test_what_gates_have_counted_is_known_apart_from_what_was_dropped_unread() -> None:
    """Rows that far values were dropped from say nothing of rows of which all of these are kept."""
    counted = pl.lit(1, pl.Int64).alias("_count")
    first, later = seldom(4), seldom(8, seed=5, far=1.0).filter(pl.col(TIME).cast(pl.Int64) >= 4 * SPAN)
    frames = [thinned(first, 0.5), thinned(later, 0.5).with_columns(counted, pl.col(ID) + 10**6)]
    found = widths(said(window(names=NAMES), frames))

    assert found.filter(pl.col(TIME).cast(pl.Int64) < 4 * SPAN)["width"].max() > 5  # type: ignore[operator]
    assert found.filter(pl.col(TIME).cast(pl.Int64) >= 4 * SPAN)["width"].max() < 1e-6  # type: ignore[operator]


def test_a_window_that_is_said_again_knows_what_it_knew() -> None:
    """Not what windows behind it have told meanwhile: however many those are, and after a restart."""
    rows = thinned(seldom(6), 0.5)
    late = rows.filter(pl.col(TIME).cast(pl.Int64).is_between(3 * SPAN, 4 * SPAN - 1)).gather_every(4)
    on_time = rows.join(late, on=ID, how="anti", maintain_order="left")
    node, again = window(late="restate", names=NAMES), []
    for until in (5 * SPAN, 6 * SPAN):
        before = on_time.filter(pl.col(TIME).cast(pl.Int64) < until)
        operator, other = held(node, before, pieces=5), build_operator(node, CONTEXT)
        worked(operator, until)
        other.restore(operator.snapshot())
        met = late.with_columns(pl.lit(until, pl.Int64).alias(ARRIVAL_WATERMARK))
        other.on_batch(0, Batch(met, late=True))
        again.append(pl.concat([b.frame for b in other.on_watermark(until + 1)]).drop(ARRIVAL_WATERMARK))

    assert again[0].equals(again[1])
    alone = (
        widths(said(window(names=NAMES), [rows.filter(pl.col(TIME).cast(pl.Int64) >= 3 * SPAN)])).group_by("k").first()
    )
    assert widths(again[0]).join(alone, on="k").select((pl.col("width") != pl.col("width_right")).all()).item()


def test_a_window_that_nothing_was_dropped_from_is_said_again_by_what_it_knew() -> None:
    """Rows that stand for others may come later: whether it had closed alone or with one that was thinned."""
    span, counted = pl.col(TIME).cast(pl.Int64) // SPAN, pl.lit(1, pl.Int64).alias("_count")
    rows = thinned(seldom(6), 0.5).with_columns(counted)
    whole = seldom(6).with_columns(pl.lit(WEIGHT_ONE, pl.UInt64).alias(WEIGHT), counted).filter(span == 3)
    on_time = pl.concat([rows.filter(span < 3), whole.select(rows.columns), rows.filter(span > 3)])
    late = rows.filter(span == 3).with_columns(pl.col(ID) + 10**6, pl.lit(6 * SPAN).alias(ARRIVAL_WATERMARK))
    again = []
    for closing in ((3, 4, 5, 6), (3, 6)):
        operator, begin = build_operator(window(late="restate", names=NAMES), CONTEXT), 0
        for end in closing:
            operator.on_batch(0, Batch(on_time.filter(span.is_between(begin, end - 1))))
            worked(operator, end * SPAN)
            begin = end
        operator.on_batch(0, Batch(late, late=True))
        again.append(pl.concat([b.frame for b in operator.on_watermark(6 * SPAN + 1)]))

    assert again[0].equals(again[1])
    assert widths(again[0])["width"].min() > 5  # type: ignore[operator]


def test_nothing_is_kept_where_nothing_was_dropped() -> None:
    """Neither before a gate drops, nor of rows that it weighed and kept."""
    rows = seldom(4)
    weighed = rows.with_columns(pl.lit(WEIGHT_ONE, pl.UInt64).alias(WEIGHT))
    assert not {PAST, GIVEN} & held(window(names=NAMES), rows).snapshot().frames.keys()
    assert not {PAST, GIVEN} & held(window(names=NAMES), weighed).snapshot().frames.keys()
    assert held(window(names=NAMES), thinned(rows, 0.5)).snapshot().frames[PAST].height == 3


def test_groups_that_are_not_heard_of_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many windows, or when there are more than fit: then those of longest ago."""
    monkeypatch.setattr(window_past, "MOST", 4)
    names = pl.concat_str(pl.col("k"), (pl.col(TIME).cast(pl.Int64) // SPAN).cast(pl.String), separator=".")
    rows = thinned(seldom(4), 0.5).with_columns(names.alias("k"))
    kept = held(window(names=NAMES), rows).snapshot().frames[PAST]
    assert kept.height == 4
    assert kept["_end"].min() == 2 * SPAN

    monkeypatch.setattr(window_past, "FORGOTTEN", 1)
    kept = held(window(names=NAMES), rows).snapshot().frames[PAST]
    assert kept["_end"].unique().to_list() == [3 * SPAN]


def test_windows_of_a_restated_time_are_forgotten_with_it() -> None:
    """What was known to a window is held as long as it may be said again."""
    rows = thinned(seldom(8), 0.5)
    frames = held(window(late="restate", names=NAMES, retain=2 * SPAN), rows, pieces=20).snapshot().frames
    assert frames[GIVEN]["_end"].unique().sort().to_list() == [6 * SPAN, 7 * SPAN]
