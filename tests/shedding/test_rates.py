"""Rates by need: what fits, who gets it, and what is never thinned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import Column
from slac.plan.shedding import GateNeed, GateSpec, ShedContract, Stratum
from slac.shedding.admission import LOWEST_FRACTION
from slac.shedding.profile import Profile
from slac.shedding.rates import WASTE, Offer, Rates, allocate
from slac.shedding.shops import Shop, divided
from slac.stream.types import Bool, Float

FAILED = Stratum(when=Column(name="failed", dtype=Bool()))
LATENCY = Column(name="latency", dtype=Float())
MINUTE = 60_000_000


def _need(**changes: object) -> GateNeed:
    given: dict[str, object] = {"block": "health", "contract": ShedContract(), "window": MINUTE, "groups": ("s",)}
    return GateNeed(**(given | changes))  # type: ignore[arg-type]


def _profile(failing: float = 0.01) -> Profile:
    """Groups of very different size, one event in a hundred failed."""
    draw = np.random.default_rng(5)
    profile = Profile()
    buckets = np.minimum(draw.pareto(1.2, 50_000) * 3, 999).astype(np.int64)
    keep = profile.take((draw.random(50_000) < failing).astype(np.int64), buckets)
    profile.measure(0, 0, draw.exponential(1.0, 1_000), keep)
    return profile


def _offer(spec: GateSpec, rate: float = 50_000.0, **changes: object) -> Offer:
    given: dict[str, object] = {"rate": rate, "reading": 2e-6, "passing": 8e-6, "spec": spec, "profile": _profile()}
    return Offer(**(given | changes))  # type: ignore[arg-type]


SPEC = GateSpec(
    strata=(FAILED,),
    groups=("s",),
    needs=(_need(value=LATENCY), _need(reads=(0,), exact=True)),
)


def _used(offer: Offer, rates: Rates) -> float:
    """Model cores, without what telling classes takes."""
    passing = rates.fraction * offer.passing
    return offer.rate * (rates.unread * offer.reading + passing)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 2.0), st.sampled_from([0.0, 0.02]))
def test_what_is_admitted_fits(room: float, carried: float) -> None:
    """Never more than the room, as long as it holds the least that a gate lets through."""
    offer = _offer(SPEC, carried=carried)
    rates = allocate(room, {"in": offer})["in"]
    assert _used(offer, rates) <= 1.02 * room + offer.rate * LOWEST_FRACTION * (offer.reading + offer.passing)
    assert 0.0 < rates.fraction <= 1.0


def test_all_is_admitted_where_it_fits() -> None:
    """Nothing is thinned without need."""
    assert allocate(1.0, {"in": _offer(SPEC, carried=0.0)})["in"].fraction == 1.0


def test_failures_and_small_groups_are_kept() -> None:
    """At two thirds of what is offered only large groups of successes are thinned."""
    spec = GateSpec(strata=(FAILED,), groups=("s",), needs=(_need(value=LATENCY), _need(reads=(0,), value=LATENCY)))
    rates = allocate(0.33, {"in": _offer(spec, carried=0.0)})["in"]

    assert rates.unread == 1.0
    assert rates.classes[1].min() == 1.0
    assert rates.classes[0][:8].min() == 1.0
    assert rates.classes[0][-1] < 0.5


def test_no_contract_is_left_behind() -> None:
    """Of two contracts the one with the smaller error gets more; with twice the priority, half of the error."""
    errors = {}
    for name, contract in {
        "loose": ShedContract(error=0.1),
        "tight": ShedContract(error=0.01),
        "preferred": ShedContract(error=0.1, priority=2),
    }.items():
        spec = GateSpec(groups=("s",), needs=(_need(value=LATENCY, contract=contract),))
        both = {"own": _offer(spec, 20_000, carried=0.0), "other": _offer(SPEC, 20_000, carried=0.0)}
        errors[name] = allocate(0.15, both)["own"].fraction
    assert errors["loose"] < errors["preferred"] < errors["tight"]


def test_counts_need_no_events_where_all_are_decoded() -> None:
    """What the gate has counted costs nothing but carrying the counts."""
    spec = GateSpec(groups=("s",), strata=(FAILED,), needs=(_need(exact=True), _need(reads=(0,), exact=True)))
    rates = allocate(0.2, {"in": _offer(spec, carried=0.01)})["in"]
    assert rates.unread == 1.0
    assert rates.fraction == pytest.approx(LOWEST_FRACTION)


def test_far_too_much_is_dropped_unread() -> None:
    """Where decoding alone is more than there is, records go before."""
    rates = allocate(0.02, {"in": _offer(SPEC, carried=0.0)})["in"]
    assert rates.unread < 0.5
    assert rates.error is not None


@settings(max_examples=20, deadline=None)
@given(st.floats(0.02, 0.9), st.sampled_from([None, 0, 4]), st.sampled_from([1e-6, 1e-5]))
def test_little_is_decoded_for_nothing(share: float, held: int | None, passing: float) -> None:
    """What is decoded passes, or is counted, but for a fifth of the room, whatever the error would be otherwise."""
    offer = _offer(SPEC, passing=passing, carried=0.0)
    room = share * offer.rate * (offer.reading + passing)
    rates = allocate(room, {"in": offer}, held=held)["in"]
    wasted = offer.rate * (rates.unread - rates.fraction) * offer.reading
    assert rates.unread == 1.0 or wasted <= WASTE * room * 1.001


def test_without_needs_all_inputs_get_the_same_share() -> None:
    """Nothing says that one should be thinned more than another."""
    offers = {n: Offer(rate=r, reading=1e-6, passing=9e-6) for n, r in {"a": 10_000.0, "b": 50_000.0}.items()}
    rates = allocate(0.15, offers)
    assert rates["a"].fraction == pytest.approx(0.25)
    assert rates["b"].fraction == pytest.approx(0.25)


def test_gates_of_one_pattern_use_one_threshold() -> None:
    """The share of keys is the same at both, though one has many more events."""
    spec = GateSpec(key=("user",), shared="pairs", needs=(_need(groups=()),))
    rates = allocate(0.3, {"a": _offer(spec, 50_000), "b": _offer(spec, 5_000)})
    assert rates["a"].whole == rates["b"].whole < 1.0
    assert rates["a"].unread == 1.0


def test_keys_that_cannot_even_be_read_are_paced() -> None:
    """A lost event could look like an absence: so what cannot be decoded is not taken at all."""
    spec = GateSpec(key=("user",), shared="pairs", needs=(_need(groups=()),))
    rates = allocate(0.05, {"a": _offer(spec)})["a"]
    assert rates.unread == 1.0
    assert rates.pace is not None
    assert rates.pace * 2e-6 <= 0.05


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.01, 1.0), st.floats(0.01, 40.0)), min_size=1, max_size=5),
    st.lists(st.floats(0.01, 500.0), min_size=1, max_size=4),
)
def test_classes_whose_values_are_further_apart_are_kept_more_often(
    given_classes: list[tuple[float, float]], odds: list[float]
) -> None:
    """The error is that of keeping all alike, or less where that is all there is, with no more events."""
    parts = np.array([p for p, _ in given_classes])
    parts /= parts.sum()
    spread = np.array([s for _, s in given_classes])
    spread /= np.sqrt((parts * spread * spread).sum())
    found = divided(np.array(odds), parts, spread)
    left = (parts * spread * spread) @ (1.0 / found - 1.0)
    assert np.allclose(left, odds, rtol=1e-6)
    assert (parts @ found <= 1.0 / (1.0 + np.array(odds)) + 1e-9).all()
    assert (np.diff(found[np.argsort(spread)], axis=0) >= -1e-9).all()


def test_of_constants_a_window_is_hardly_ever_empty() -> None:
    """Values that do not differ need few events for any error, but one at least."""
    profile = Profile()
    profile.measure(0, 0, np.ones(5_000), profile.take(np.zeros(5_000, np.int64), np.zeros(5_000, np.int64)))
    spec = GateSpec(needs=(_need(contract=ShedContract(error=0.1), value=LATENCY),))
    shop = Shop(_offer(spec, rate=10.0, profile=profile, carried=0.0))
    assert 600 * float(shop.shares(1.0, 1.0)[0, -1]) == pytest.approx(np.log(2 / 0.05), rel=0.01)
