"""The directory of keys is what a dict of them would be, whatever their hashes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.keyed import key_rows as rows_module
from slac.runtime.keyed import key_slots as module
from slac.runtime.keyed.hashed import Hashes
from slac.runtime.keyed.key_slots import KeySlots

TYPES = {"k": pl.String(), "z": pl.Int64()}
KEYS = st.tuples(st.sampled_from([None, "", "a", "b", "long enough to stand apart"]), st.sampled_from([None, 0, 1, 2]))
STEPS = st.lists(st.tuples(st.sampled_from(["enter", "free", "restore"]), st.lists(KEYS, max_size=12)), max_size=8)


def frame(keys: list[tuple[str | None, int | None]]) -> pl.DataFrame:
    """Rows of keys."""
    return pl.DataFrame(keys, schema=TYPES, orient="row")


def of_few_bits(keys: pl.DataFrame) -> Hashes:
    """Hashes of which nearly all are equal."""
    return keys.hash_rows().to_numpy() & np.uint64(1)


@pytest.mark.parametrize("hashes", [module._hashes, of_few_bits], ids=["hashes", "equal hashes"])
def test_it_is_a_dict_of_keys(monkeypatch: pytest.MonkeyPatch, hashes: Callable[[pl.DataFrame], Hashes]) -> None:
    """Keys are found again where they were entered, after others were freed, and after a restore."""
    monkeypatch.setattr(module, "_hashes", hashes)

    @settings(max_examples=60, deadline=None)
    @given(STEPS)
    def holds(steps: list[tuple[str, list[tuple[str | None, int | None]]]]) -> None:
        held, known = KeySlots(TYPES), dict[tuple[str | None, int | None], int]()
        for word, keys in steps:
            rows = frame(keys)
            if word == "enter":
                known |= dict(zip(keys, held.enter_all(rows).tolist(), strict=True))
            elif word == "free":
                gone = [known.pop(k) for k in set(keys) if k in known]
                held.free(np.array(gone, np.int64))
            else:
                used = held.used()
                before, held = held, KeySlots(TYPES)
                held.restore(used, before.keys_of(used))
            assert held.find(rows).tolist() == [known.get(k, -1) for k in keys]
            assert held.used().tolist() == sorted(known.values())
            assert held.keys_of(np.array(list(known.values()), np.int64)).rows() == list(known)

    holds()


def test_many_keys_come_and_go() -> None:
    """What was freed leaves neither its text nor its place in the table behind."""
    held = KeySlots({"k": pl.String()})
    for start in range(0, 40_000, 2_000):
        slots = held.enter(pl.DataFrame({"k": [f"key-{n}" for n in range(start, start + 2_000)]}))
        assert held.keys_of(slots[:2])["k"].to_list() == [f"key-{start}", f"key-{start + 1}"]
        held.free(slots)

    assert len(held) == 0
    assert held.size == 2_000
    assert held._rows.height <= 3_100


def test_some_keys_stay_while_others_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is swept a few rows at a time leads to the same keys, whenever they came."""
    monkeypatch.setattr(rows_module, "_PORTION", 64)
    monkeypatch.setattr(rows_module, "_MANY", 0)
    held, known = KeySlots({"k": pl.String()}), dict[str, int]()
    random = np.random.default_rng(5)
    for step in range(60):
        keys = [f"a key that stands apart {n}" for n in range(step * 100, step * 100 + 100)]
        known |= dict(zip(keys, held.enter(pl.DataFrame({"k": keys})).tolist(), strict=True))
        gone = [key for key in known if random.random() < 0.1 or key == keys[0]]
        held.free(np.array([known.pop(key) for key in gone]))
        asked = [*known, *gone]

        assert held.find(pl.DataFrame({"k": asked})).tolist() == [known.get(key, -1) for key in asked]
        assert held.keys_of(np.array([*known.values()]))["k"].to_list() == [*known]
        assert held._rows.height <= 1024 + 4 * len(known)


def test_text_is_its_own() -> None:
    """A key does not keep the column alive from which it was taken."""
    long = pl.DataFrame({"k": [f"a key that is long enough {n}" for n in range(1_000)]})
    held = KeySlots({"k": pl.String()})
    held.enter(long[:1])

    assert held._rows._chunks[0]["k"].estimated_size() < 100


def test_floats_are_keys_by_their_value() -> None:
    """All NaN are one key, and so are both zeros."""
    held = KeySlots({"k": pl.Float64()})
    rows = pl.DataFrame({"k": [float("nan"), -0.0, 0.0, -float("nan"), None]})

    assert held.enter_all(rows).tolist() == [0, 1, 1, 0, 2]
    assert held.find(rows).tolist() == [0, 1, 1, 0, 2]


def test_many_rows_of_few_new_keys_have_the_slots_of_their_first_rows() -> None:
    """Whether the first ones have all keys or not, and in however many pieces the rows lie."""
    numbers = [*range(100), *[n % 150 for n in range(20_000)], *range(140, 160)]
    names = pl.Series("k", [f"key-{n}" for n in numbers])
    firsts = list(dict.fromkeys(numbers))

    whole, pieces = KeySlots({"k": pl.String()}), KeySlots({"k": pl.String()})
    cut = pl.concat([names[:7], names[7:]], rechunk=False)

    expected = [firsts.index(n) for n in numbers]
    assert whole.enter_all(names.to_frame()).tolist() == expected
    assert pieces.enter_all(cut.to_frame()).tolist() == expected
