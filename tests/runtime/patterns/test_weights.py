"""What matches stand for: the weight of their time, whatever the batches."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.patterns.weights import KeyWeights
from slac.stream.batch import TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE


def rows(times: list[int], weights: list[int] | None = None) -> pl.DataFrame:
    """Rows at these times."""
    frame = pl.DataFrame({TIME: pl.Series(times, dtype=pl.Int64).cast(TIME_TYPE)})
    if weights is None:
        return frame
    return frame.with_columns(pl.Series(WEIGHT, [w * WEIGHT_ONE for w in weights], dtype=pl.UInt64))


def of(weights: KeyWeights, times: list[int]) -> list[int]:
    """What matches at these times weigh."""
    made = weights.weighed(rows(times))
    return [w // WEIGHT_ONE for w in made[WEIGHT]] if WEIGHT in made.columns else [1] * len(times)


def test_a_match_weighs_what_its_time_did() -> None:
    """The greatest of the stretch that it may have taken."""
    weights = KeyWeights(10)
    weights.see(rows([0, 5]))
    assert of(weights, [5]) == [1]
    weights.see(rows([20, 30, 40], [1, 4, 4]))
    weights.see(rows([60, 80]))

    assert of(weights, [25, 30, 55, 65, 90]) == [1, 4, 4, 4, 1]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([1, 1, 2, 5])), min_size=1, max_size=30),
    st.integers(1, 9),
    st.integers(0, 20),
)
def test_slices_restarts_and_forgetting_change_nothing(seen: list[tuple[int, int]], size: int, reach: int) -> None:
    """Only what no later match can reach is forgotten."""
    ordered = sorted(seen)
    whole, sliced = KeyWeights(reach), KeyWeights(reach)
    whole.see(rows([t for t, _ in ordered], [w for _, w in ordered]))
    for i in range(0, len(ordered), size):
        part = ordered[i : i + size]
        sliced.see(rows([t for t, _ in part], [w for _, w in part]))
        sliced.forget(part[0][0])
        again = KeyWeights(reach)
        again.restore(sliced.snapshot())
        sliced = again
    times = list(range(ordered[-1][0], ordered[-1][0] + 30))
    assert of(sliced, times) == of(whole, times)
