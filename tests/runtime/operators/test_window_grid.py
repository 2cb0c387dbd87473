"""The arithmetic of windows and panes, against looking at every window."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowSpec
from slac.runtime.operators.pane_state import AFTER, EXPIRES, START
from slac.runtime.operators.window_grid import END, Grid

GRIDS = st.builds(Grid, st.integers(1, 12), st.integers(1, 12))


def ends(grid: Grid) -> list[int]:
    """Ends of all windows near the origin."""
    return [k * grid.every + grid.size for k in range(-60, 61)]


def holding(grid: Grid, pane: int) -> list[int]:
    """Ends of the windows that hold a pane."""
    return [e for e in ends(grid) if e - grid.size <= pane and pane + grid.pane <= e]


@settings(deadline=None)
@given(GRIDS, st.integers(-30, 30), st.integers(-40, 40))
def test_every_answer_is_that_of_the_definition(grid: Grid, instant: int, bound: int) -> None:
    """First and last window of a pane, windows missed, and the next end."""
    pane = grid.pane_start(instant)
    windows = holding(grid, pane)
    frame = pl.DataFrame({"p": [pane], "b": [bound]})
    last, missed = frame.select(grid.last_end(pl.col("p")).alias("l"), grid.missed(pl.col("p"), pl.col("b"))).row(0)

    assert pane <= instant < pane + grid.pane
    assert missed == sum(e <= bound for e in windows)
    assert grid.end_after(bound) == min(e for e in ends(grid) if e > bound)
    assert (last > pane) == bool(windows)
    if windows:
        assert (grid.first_end(pane), last) == (min(windows), max(windows))


@settings(deadline=None)
@given(GRIDS, st.integers(-30, 30), st.integers(-40, 20), st.integers(0, 40), st.integers(-40, 40))
def test_panes_are_given_to_their_windows(grid: Grid, instant: int, closed: int, length: int, after: int) -> None:
    """Those that end behind `closed` and `after`, up to `until`: few of them one by one, many by columns."""
    pane, until = grid.pane_start(instant), closed + length
    expires = pane // grid.every * grid.every + grid.size
    frame = pl.DataFrame({START: [pane], EXPIRES: [expires], AFTER: [after]})
    expected = [e for e in holding(grid, pane) if max(closed, after) < e <= until]
    windows = grid.windows(frame, closed, until)

    assert sorted(windows[END]) == expected
    assert (windows[END] - windows[START] == grid.size).all()


def test_the_grid_of_a_specification() -> None:
    """`same` has none unless it is stated; tumbling windows follow each other."""
    assert Grid.of(WindowSpec(kind="same")) is None
    assert Grid.of(WindowSpec(kind="same", size=4)) == Grid(4, 4)
    assert Grid.of(WindowSpec(kind="tumbling", size=4)) == Grid(4, 4)
    assert Grid.of(WindowSpec(kind="hopping", size=6, every=4)) == Grid(6, 4)
    assert Grid(6, 4).pane == 2
