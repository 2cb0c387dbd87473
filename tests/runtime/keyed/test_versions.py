"""Which version holds at each row, against a definition in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.keyed import versions as module
from slac.runtime.keyed.versions import holding, last_of_each

SIZE = 4
SLOTS = st.lists(st.integers(-1, SIZE - 1), max_size=40)
VERSIONS = st.lists(st.tuples(st.integers(0, 41), st.integers(0, SIZE - 1)), max_size=40).map(sorted)


def definition(slots: list[int], versions: list[tuple[int, int]]) -> list[int]:
    """Look through all versions for each row."""
    found = []
    for row, slot in enumerate(slots):
        before = [n for n, (place, of) in enumerate(versions) if of == slot and place <= row]
        found.append(0 if slot < 0 else 1 + SIZE + before[-1] if before else 1 + slot)
    return found


@pytest.mark.parametrize(("few", "steps"), [(4096, 8), (0, 0), (0, 1), (0, 8)])
@pytest.mark.parametrize("least", [1, 3, 512])
def test_it_is_the_last_version_before_the_row(
    monkeypatch: pytest.MonkeyPatch, few: int, steps: int, least: int
) -> None:
    """Few rows and many; however long the stretches are, and however many steps are made before the rest is joined."""
    monkeypatch.setattr(module, "_FEW", few)
    monkeypatch.setattr(module, "_STEPS", steps)
    monkeypatch.setattr(module, "_LEAST", least)

    @settings(max_examples=60, deadline=None)
    @given(SLOTS, VERSIONS)
    def holds(slots: list[int], versions: list[tuple[int, int]]) -> None:
        places, of = (np.array([v[i] for v in versions], np.int64) for i in range(2))
        assert holding(np.array(slots, np.int64), SIZE, of, places).tolist() == definition(slots, versions)

    holds()


def test_few_keys_with_many_versions() -> None:
    """What is not found by steps is found by a join."""
    rows = 5_000
    slots, places = np.zeros(rows, np.int64), np.arange(rows)

    assert holding(slots, 1, slots, places).tolist() == list(range(2, rows + 2))


def test_the_last_row_of_each_slot() -> None:
    """In the order of rows, whatever stands in the room."""
    assert last_of_each(np.array([2, 0, 2, 1, 0]), np.full(3, 7, np.int64)).tolist() == [2, 3, 4]
