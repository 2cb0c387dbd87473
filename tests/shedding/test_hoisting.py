"""Where classes are told before records are decoded, the plan keeps those by which results differ most."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import Column
from slac.plan.shedding import GateNeed, GateSpec, ShedContract, Stratum
from slac.shedding.hoisting import chosen
from slac.shedding.offers import InputLoad, admission_of
from slac.shedding.profile import Profile
from slac.shedding.rates import Offer, Rates, allocate
from slac.stream.batch import WEIGHT_ONE
from slac.stream.types import Bool, Float

FAILED = Stratum(when=Column(name="failed", dtype=Bool()))
LATENCY = Column(name="latency", dtype=Float())
CONTRACT = ShedContract(error=0.1)
SPEC = GateSpec(
    strata=(FAILED,),
    groups=("s",),
    needs=(
        GateNeed(block="b", contract=CONTRACT, window=60_000_000, groups=("s",), value=LATENCY),
        GateNeed(block="b", contract=CONTRACT, window=60_000_000, groups=("s",), reads=(0,), exact=True),
    ),
)
ROOM = 0.01


def profile(seldom: float = 0.01, far: float = 30.0) -> Profile:
    """Fifty groups of one size; those that fail, or that do not, last so many times as long."""
    draw, found = np.random.default_rng(3), Profile()
    failed = draw.random(20_000) < 0.01
    keep = found.take(failed.astype(np.int64), draw.integers(0, 50, 20_000))
    for one, times in ((0, 1.0 if far >= 1 else 1 / far), (1, max(far, 1.0))):
        found.measure(0, one, times * draw.exponential(1.0, 2_000), keep * seldom / 0.01)
    return found


def planned(told: tuple[int, ...], of: Profile | None = None) -> Rates:
    """For an input of which far too much comes, and little is made of each event."""
    known = profile() if of is None else of
    offer = Offer(rate=50_000.0, reading=1e-6, passing=1e-7, spec=SPEC, profile=known, told=told)
    return allocate(ROOM, {"requests": offer})["requests"]


def test_failures_are_kept_of_what_is_dropped_unread() -> None:
    """All of them, in no more room, and with a smaller error than if all were dropped alike."""
    plain, found = planned(()), planned((0,))
    assert plain.hoisted == {}
    assert found.hoisted == {1: pytest.approx(1.0)}
    assert 0.99 * found.unread + 0.01 == pytest.approx(plain.unread, rel=0.05)
    assert found.error is not None
    assert plain.error is not None
    assert found.error < 0.5 * plain.error
    made = admission_of(found, InputLoad(seen=1, kept=1, spec=SPEC))
    assert made.hoisted == {1: WEIGHT_ONE}
    assert made.unread > 5 * WEIGHT_ONE
    assert not made.classes


def test_what_cannot_be_told_passes_no_more_often_than_what_can() -> None:
    """Else all that is told apart would have to be decoded too, to know that it is not of the others."""
    found = planned((0,), profile(far=1 / 30))
    assert all(share >= found.unread for share in found.hoisted.values())


@settings(max_examples=50, deadline=None)
@given(
    share=st.floats(0.001, 0.99),
    parts=st.lists(st.floats(0.001, 1.0), min_size=2, max_size=5),
    data=st.data(),
)
def test_fractions_fit_and_are_no_worse_than_alike(share: float, parts: list[float], data: st.DataObject) -> None:
    """Of all events so much is decoded as there is room for, of no class more than there is."""
    mass = np.array(parts) / sum(parts)
    spread = np.array(data.draw(st.lists(st.floats(0.0, 50.0), min_size=len(parts), max_size=len(parts))))
    apart = data.draw(st.lists(st.booleans(), min_size=len(parts), max_size=len(parts)))

    def error(fractions: np.ndarray) -> float:
        return float((mass * spread**2 * (1 - fractions) / fractions).sum())

    found, least = chosen(share, mass, apart, [spread], error)
    assert float((mass * found).sum()) == pytest.approx(share, rel=1e-6)
    assert (found > 0).all()
    assert (found <= 1 + 1e-9).all()
    assert least <= error(np.full(len(mass), share)) + 1e-9
    others = found[~np.array(apart)]
    assert len(others) == 0 or np.ptp(others) <= 1e-9
