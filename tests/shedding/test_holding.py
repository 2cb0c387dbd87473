"""Whether senders that can wait are made to, or gates drop."""

from __future__ import annotations

import pytest

from slac.shedding.holding import Holding

SHARE = 0.06


@pytest.mark.parametrize(("cores", "holds"), [(1e-6, True), (2e-6, True), (5e-6, False), (1e-4, False)])
def test_cheap_work_is_kept_whole(cores: float, holds: bool) -> None:  # noqa: FBT001 - drawn
    """Of work that is not much dearer than a look, a gate lets hardly more come than can be kept."""
    assert Holding().look(touch=1.5e-7, factor=1.0, cores=cores, share=SHARE) == holds


def test_what_it_cost_before_anything_was_dropped_is_remembered() -> None:
    """What was chosen is dearer: as dear as that work is not what came whole, and the sender waits again."""
    holding = Holding()
    for _ in range(8):
        holding.learn(1.0, 0.25, dropping=False)
    for _ in range(8):
        holding.learn(9.0, 0.25, dropping=True)
    assert holding.factor == 1.0
    assert holding.look(touch=1.5e-7, factor=9.0, cores=1e-6, share=SHARE)
    assert not Holding().look(touch=1.5e-7, factor=9.0, cores=1e-6, share=SHARE)


def test_a_mean_of_before_is_not_that_of_an_open_gate() -> None:
    """Readings are means of the last second, so the first ones behind drops say nothing yet."""
    holding = Holding()
    holding.learn(2.0, 1.0, dropping=False)
    assert holding.factor is None
    holding.learn(1.0, 1.0, dropping=False)
    assert holding.factor == 1.0


def test_it_does_not_go_to_and_fro() -> None:
    """Who waits goes on waiting where prices move by less than half."""
    holding, found = Holding(), list[bool]()
    for touch in (1.5e-7, 1.1e-7, 1.5e-7, 1.1e-7, 0.5e-7, 1.1e-7):
        found.append(holding.look(touch=touch, factor=1.0, cores=2.2e-6, share=SHARE))
    assert found == [True, True, True, True, False, False]


def test_a_price_that_drifts_away_opens_no_way_to_drop() -> None:
    """Cheap work of senders that wait stays whole, although a look seems to cost nothing."""
    holding = Holding()
    assert holding.look(touch=1.5e-7, factor=1.0, cores=1.2e-6, share=SHARE)
    assert holding.look(touch=0.0, factor=1.0, cores=1.2e-6, share=SHARE)
