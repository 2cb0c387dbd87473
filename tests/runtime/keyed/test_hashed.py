"""The table of hashes by itself; with keys it is tested in `test_key_slots`."""

from __future__ import annotations

import numpy as np
import pytest

from slac.runtime.keyed.hashed import SlotTable
from slac.stream.ids import splitmix64


@pytest.mark.parametrize("count", [1, 50, 1000])
def test_few_keys_stand_where_they_are_looked_for_first(count: int) -> None:
    """However they came in; and one by one they are found, too."""
    hashes, slots = splitmix64(np.arange(count, dtype=np.uint64)), np.arange(count)
    table = SlotTable()
    table.add(hashes, slots)
    assert (table.first(hashes) == slots).mean() > 0.99
    assert (table.find(hashes, table.begin(hashes)) == slots).all()


def test_a_table_grows_beyond_few_keys() -> None:
    """Each key is found with its slot, and no other one is; also after some have been removed."""
    hashes, slots = splitmix64(np.arange(6000, dtype=np.uint64)), np.arange(6000)
    table = SlotTable()
    for start in range(0, 6000, 700):
        table.add(hashes[start : start + 700], slots[start : start + 700])
    table.remove(slots[::3])
    expected = np.where(slots % 3 == 0, -1, slots)
    assert (table.find(hashes, table.begin(hashes)) == expected).all()
