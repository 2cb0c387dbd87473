"""Values at places, whatever their type."""

from __future__ import annotations

import numpy as np
import polars as pl

from slac.runtime.keyed.picking import picked_rows

FRAME = pl.DataFrame(
    {"n": [1, 2, 3], "x": [0.5, None, float("nan")], "t": ["a", None, "c"], "at": [1, 2, 3], "b": [True, None, False]},
    schema_overrides={"at": pl.Datetime("us", "UTC")},
)


def test_values_are_those_of_the_rows() -> None:
    """Numbers, text, instants and NULL, in the order of the places, some of them twice."""
    places = np.array([2, 0, 0, 1])

    assert picked_rows(FRAME, FRAME.columns, places).equals(FRAME[places], null_equal=True)


def test_no_places() -> None:
    """Nothing, in the same types."""
    assert picked_rows(FRAME, ["n", "t"], np.array([], np.int64)).schema == FRAME.select("n", "t").schema
