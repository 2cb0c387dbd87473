"""The gate: which ids pass, what is counted, and that the choice depends on the ids alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.shedding.gate import LOWEST_FRACTION, Gate
from slac.stream.batch import WEIGHT_ONE
from slac.stream.ids import sequence_ids

IDS = sequence_ids(7, 0, 20_000)


def _gate(fraction: float, salt: int = 1) -> Gate:
    gate = Gate("shop", salt)
    gate.set_admission(fraction, "cpu", {"wire": 0})
    return gate


def test_open_gate_keeps_all_without_a_mask() -> None:
    """A gate that drops nothing costs no mask, and counts."""
    gate = Gate("shop", 1)
    assert gate.admit_ids(IDS) is None
    assert (gate.counts.seen, gate.counts.kept, gate.weight()) == (20_000, 20_000, WEIGHT_ONE)


def test_drops_are_counted_by_reason() -> None:
    """What was seen is what was kept and what was dropped, by the reason that held; refused stands beside it."""
    gate = _gate(0.5)
    gate.admit_ids(IDS)
    gate.set_admission(0.25, "memory", {"wire": 20_000})
    gate.admit_ids(IDS)
    gate.refuse(30)
    counts = gate.counts
    assert counts.dropped["cpu"] == pytest.approx(10_000, rel=0.05)
    assert counts.dropped["memory"] == pytest.approx(15_000, rel=0.05)
    assert counts.seen == counts.kept + counts.dropped["cpu"] + counts.dropped["memory"]
    assert counts.dropped["refused"] == 30


@settings(max_examples=30, deadline=None)
@given(st.floats(0.001, 1.0), st.floats(0.001, 1.0), st.integers(0, 2**64 - 1))
def test_samples_are_nested(one: float, other: float, salt: int) -> None:
    """The sample of a smaller fraction is a part of that of a larger one."""
    small, large = (_gate(f, salt).admit_ids(IDS) for f in sorted((one, other)))
    assert large is None or (small is not None and not bool((small & ~large).any()))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 0.99), st.integers(1, 5_000))
def test_slicing_does_not_matter(fraction: float, size: int) -> None:
    """The same ids are kept in one batch and in many."""
    whole = _gate(fraction).admit_ids(IDS)
    sliced = _gate(fraction)
    parts = [sliced.admit_ids(IDS[i : i + size]) for i in range(0, len(IDS), size)]
    assert whole is not None
    assert np.array_equal(whole, np.concatenate([p for p in parts if p is not None]))


def test_gates_with_other_salts_are_independent() -> None:
    """Two gates in a row keep p·p of sequential ids."""
    one, other = _gate(0.5, 11).admit_ids(IDS), _gate(0.5, 12).admit_ids(IDS)
    assert one is not None
    assert other is not None
    assert float((one & other).mean()) == pytest.approx(0.25, abs=0.02)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 1.0))
def test_weight_and_threshold_fit_each_other(fraction: float) -> None:
    """Kept × weight is unbiased: threshold × weight is 2⁸⁴ up to one part in 2⁵⁰."""
    decision = _gate(fraction).decision
    assert decision.fraction == pytest.approx(max(fraction, LOWEST_FRACTION), rel=1e-5)
    if decision.threshold is None:
        assert decision.weight == WEIGHT_ONE
    else:
        assert decision.threshold * decision.weight == pytest.approx(WEIGHT_ONE << 64, rel=2**-50)


def test_a_decision_is_recorded_with_its_positions() -> None:
    """What set_admission returns says from which record of every source on it holds, and can be applied again."""
    gate = Gate("shop", 5)
    decision = gate.set_admission(0.3, "cpu", {"a": 10, "b": 7}, at=99)
    assert (decision.positions, decision.at, decision.reason) == ({"a": 10, "b": 7}, 99, "cpu")
    again = Gate("shop", 5)
    again.apply(decision)
    assert np.array_equal(again.admit_ids(IDS), gate.admit_ids(IDS))  # type: ignore[arg-type]


def test_all_admitted_again_is_a_recovery() -> None:
    """A fraction of 1 has no threshold, whatever reason is given with it."""
    decision = _gate(0.3).decision
    assert decision.threshold is not None
    assert _gate(1.0).decision.reason == "recovered"


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_fraction_outside_is_an_error(fraction: float) -> None:
    """Only shares between 0 and 1 make sense."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        _gate(fraction)


def test_another_gates_decision_is_an_error() -> None:
    """A replay cannot mix up inputs."""
    with pytest.raises(ValueError, match='"shop" cannot hold at that of "till"'):
        Gate("till", 1).apply(_gate(0.5).decision)


def test_snapshot_goes_through_json() -> None:
    """A restored gate goes on as if nothing had happened: decision and counters."""
    gate = _gate(0.4)
    gate.admit_ids(IDS)
    restored = Gate("shop", 1)
    restored.restore(json.loads(json.dumps(gate.snapshot())))
    assert restored.decision == gate.decision
    assert restored.counts == gate.counts
