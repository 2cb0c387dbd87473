"""A field that varies has its value in what comes in, in a record as in a row of a log."""

from __future__ import annotations

import polars as pl
import pytest

from slac.testing.simulation.feed import Item
from slac.testing.simulation.vary import Variation


@pytest.mark.parametrize(("factor", "value", "units"), [(False, 7.0, 7), (True, 2.0, 6)])
def test_a_field_has_the_value(factor: bool, value: float, units: int) -> None:  # noqa: FBT001 - a case
    """Set, or multiplied; whole numbers stay whole, and nothing else changes."""
    one = Variation(block="uses", field="units", values=(value,), factor=factor, path=("payload", "units"), whole=True)
    row = one.applied(Item(0, "uses", row=pl.DataFrame({"units": [3], "price": [0.5]})), value).row
    record = one.applied(Item(0, "uses", record={"payload": {"units": 3, "price": 0.5}}), value).record
    other = Item(0, "others", record={"payload": {"units": 3}})

    assert row is not None
    assert row.to_dicts() == [{"units": units, "price": 0.5}]
    assert row.schema["units"] == pl.Int64
    assert record == {"payload": {"units": units, "price": 0.5}}
    assert one.applied(other, value) is other
