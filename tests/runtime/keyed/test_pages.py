"""Pages of rows: what is written is read, on whatever page it stands."""

from __future__ import annotations

import numpy as np

from slac.runtime.keyed.pages import Pages


def test_rows_are_found_on_every_page() -> None:
    """On one page and on several."""
    for size in (10, 200_000):
        pages = Pages(2)
        pages.grow(size)
        rows = np.arange(2 * size).reshape(-1, 2)
        some = np.flatnonzero(np.random.default_rng(1).random(size) < 0.5)
        pages.write(np.arange(size), np.zeros_like(rows))
        pages.write(some, rows[some])
        pages.write(np.setdiff1d(np.arange(size), some), rows[np.setdiff1d(np.arange(size), some)])

        assert (pages.read(some) == rows[some]).all()
        assert [column.tolist() for column in pages.columns(size)] == [rows[:, 0].tolist(), rows[:, 1].tolist()]
