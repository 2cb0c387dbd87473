"""Rows to measure with."""

from __future__ import annotations

from slac.calibration.rows import SCHEMA, WINDOW, batch
from slac.stream.batch import ID, TIME


def test_a_batch_has_what_it_says() -> None:
    """Rows, distinct keys, the schema's types, and times inside one window."""
    frame = batch(1_000, 50, 3, window=2)
    assert frame.height == 1_000
    assert frame["key"].n_unique() == 50
    assert frame.select(SCHEMA.names).schema == SCHEMA.polars()
    starts = (frame[TIME].dt.epoch("us") // WINDOW).unique()
    assert len(starts) <= 2
    assert frame[ID].n_unique() == 1_000


def test_batches_are_the_same_every_time() -> None:
    """Nothing random."""
    assert batch(100, 7, 1).equals(batch(100, 7, 1))
