"""Pages of rows: what is written is read, on whatever page it stands."""

from __future__ import annotations

import numpy as np

from slac.runtime.keyed.pages import Pages


def test_rows_are_found_on_every_page() -> None:
    """Slots in any order, on one page and on several."""
    for size in (10, 200_000):
        pages = Pages(2)
        pages.grow(size)
        rows = np.arange(2 * size).reshape(-1, 2)
        order = np.random.default_rng(1).permutation(size)
        pages.write(order, rows[order])

        assert (pages.read(order[::2]) == rows[order[::2]]).all()
        assert [column.tolist() for column in pages.columns(size)] == [rows[:, 0].tolist(), rows[:, 1].tolist()]
