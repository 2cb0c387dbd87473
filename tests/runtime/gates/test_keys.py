"""Whole keys and whole windows: the randomness of each, and the threshold that holds at each time."""

from __future__ import annotations

import numpy as np
import polars as pl

from slac.runtime.gates.keys import Steps, kept_keys, kept_windows, randomness
from slac.shedding.admission import KEY_RANGE, key_threshold, weight_of
from slac.stream.batch import WEIGHT_ONE


def test_a_trace_id_is_its_own_randomness() -> None:
    """R is the low 56 bits of a trace id (OpenTelemetry), and a hash of what is none."""
    ids = pl.DataFrame({"trace_id": ["0af7651916cd43dd8448eb211c80319c", "not hexadecimal", None, "80319c"]})
    found = randomness(ids, ["trace_id"], trace=True)
    hashed = randomness(ids, ["trace_id"], trace=False)

    assert int(found[0]) == 0x48EB211C80319C
    assert found[1:].tolist() == hashed[1:].tolist()
    assert int(hashed.max()) < KEY_RANGE


def test_thresholds_are_nested_and_fit_their_weights() -> None:
    """What is kept at a smaller fraction is kept at a larger one; a weight of one keeps all."""
    keys = randomness(pl.DataFrame({"user": np.arange(20_000)}), ["user"], trace=False)
    kept = [kept_keys(keys, np.full(len(keys), weight_of(p), np.uint64)) for p in (1.0, 0.5, 0.1)]

    assert kept[0].all()
    assert not (kept[2] & ~kept[1]).any()
    assert abs(float(kept[1].mean()) - 0.5) < 0.02
    assert key_threshold(2 * WEIGHT_ONE) == KEY_RANGE // 2


def test_a_threshold_holds_from_an_event_time_on() -> None:
    """Each event is judged by what holds at its own time, in whatever order events come."""
    steps = Steps()
    steps.add(100, 2 * WEIGHT_ONE)
    steps.add(200, WEIGHT_ONE)
    restored = Steps()
    restored.restore(steps.snapshot())

    weights = restored.at(np.array([50, 100, 199, 200, 150]))
    assert (weights // WEIGHT_ONE).tolist() == [1, 2, 2, 1, 2]


def test_a_later_word_takes_back_what_was_said_of_later_times() -> None:
    """The same time twice is the last word."""
    steps = Steps()
    steps.add(100, 2 * WEIGHT_ONE)
    steps.add(100, 4 * WEIGHT_ONE)
    assert (steps.at(np.array([99, 100])) // WEIGHT_ONE).tolist() == [1, 4]


def test_windows_are_kept_whole() -> None:
    """All events of a tumbling window share its fate, and about the fraction of the windows is kept."""
    steps = Steps()
    steps.add(0, 4 * WEIGHT_ONE)
    times = np.arange(0, 400_000, 7)
    kept = kept_windows(times, 100, 100, steps, 99)
    by_window = [set(kept[times // 100 == w].tolist()) for w in range(400)]

    assert all(len(fate) == 1 for fate in by_window)
    assert 60 < sum(True in fate for fate in by_window) < 140


def test_an_event_of_overlapping_windows_is_kept_for_any_of_them() -> None:
    """A hopping window that is kept has all of its events."""
    steps = Steps()
    steps.add(-1_000, 4 * WEIGHT_ONE)
    times = np.arange(0, 10_000)
    kept = kept_windows(times, 100, 50, steps, 99)
    alone = kept_windows(np.arange(-50, 10_000, 50), 50, 50, steps, 99)
    for number, is_kept in enumerate(alone.tolist()):
        start = -50 + 50 * number
        if is_kept:
            assert kept[(times >= start) & (times < start + 100)].all()
