"""The directory of keys: slots are found again, given back and used again, and survive a snapshot."""

from __future__ import annotations

import numpy as np
import polars as pl

from slac.runtime.audits.slots import Slots

BLANK = {"n": -1, "m": 7}


def directory(**types: pl.DataType) -> Slots:
    """Keys of these types with two columns."""
    return Slots(types, BLANK)


def test_equal_keys_have_one_slot() -> None:
    """NULL is a key; the order of rows does not matter."""
    slots = directory(k=pl.String())
    frame = pl.DataFrame({"k": ["a", None, "b", "a", None]})
    found = slots.find(frame)

    assert len(slots) == 3
    assert found[0] == found[3]
    assert found[1] == found[4]
    assert slots.find(frame[::-1]).tolist() == found[::-1].tolist()
    assert slots.keys_of(found).equals(frame)


def test_a_nan_is_one_key() -> None:
    """It equals itself here, as in the language; so do the two zeros."""
    slots = directory(k=pl.Float64())
    frame = pl.DataFrame({"k": [float("nan"), 0.0, -0.0, 1.5, float("nan"), None]})
    found = slots.find(frame)

    assert slots.find(frame).tolist() == found.tolist()
    assert len(slots) == 4
    assert slots.keys_of(found)["k"].to_list()[1:4] == [0.0, 0.0, 1.5]


def test_without_keys_there_is_one_slot() -> None:
    """All rows share it."""
    slots = directory()

    assert slots.find(pl.DataFrame({"x": [1, 2, 3]})).tolist() == [0, 0, 0]
    assert slots.keys_of(np.array([0])).width == 0


def test_columns_grow_with_the_keys() -> None:
    """New keys have the blank values, old ones keep theirs."""
    slots = directory(k=pl.Int64())
    slots["n"][slots.find(pl.DataFrame({"k": [5]}))] = 99
    many = slots.find(pl.DataFrame({"k": list(range(1000))}))

    assert sorted(slots["n"][many].tolist()) == [-1] * 999 + [99]


def test_a_freed_slot_is_used_again() -> None:
    """Its key is unknown from then on."""
    slots = directory(k=pl.String())
    first = slots.find(pl.DataFrame({"k": ["a", "b"]}))
    slots.free(first[:1])

    assert slots.find(pl.DataFrame({"k": ["c"]})).tolist() == first[:1].tolist()
    assert len(slots) == 2


def test_a_snapshot_keeps_slots_and_columns() -> None:
    """Gaps between used slots are free again."""
    slots = directory(k=pl.String(), z=pl.Int64())
    frame = pl.DataFrame({"k": ["a", "b", None], "z": [1, 2, None]})
    found = slots.find(frame)
    slots["n"][found] = [10, 20, 30]
    slots.free(found[1:2])
    copy = directory(k=pl.String(), z=pl.Int64())
    copy.restore(slots.frame())

    assert copy.find(frame).tolist() == found.tolist()
    assert copy["n"][found].tolist() == [10, -1, 30]
