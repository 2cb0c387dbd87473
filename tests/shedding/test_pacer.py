"""The pacer: how long reading pauses so that a rate holds."""

from __future__ import annotations

import pytest

from slac.shedding.pacer import LOOK_AGAIN, Pacer
from slac.stream.clock import SECOND


def test_without_a_rate_there_is_no_pause() -> None:
    """None is as fast as can be."""
    pacer = Pacer()
    assert pacer.took(1_000_000, 0) == 0


@pytest.mark.parametrize("batch", [10, 100, 5_000])
def test_the_rate_holds_over_a_while(batch: int) -> None:
    """Whatever the size of the batches, ten seconds let through ten seconds' worth, and one batch."""
    pacer, now, taken = Pacer(), 0, 0
    pacer.set_rate(1_000.0, now)
    while now < 10 * SECOND:
        pause = pacer.pause(now)
        if pause == 0:
            pause = pacer.took(batch, now)
            taken += batch
        now += max(pause, 1)
    assert taken == pytest.approx(10_000, abs=batch + 1_000 * LOOK_AGAIN / SECOND + 1)


def test_zero_stands_still() -> None:
    """A pace of nothing asks to be asked again."""
    pacer = Pacer()
    pacer.set_rate(0.0, 0)
    assert pacer.pause(0) == LOOK_AGAIN


def test_a_new_rate_scales_what_is_owed() -> None:
    """A pause in progress shrinks when the pace rises."""
    pacer = Pacer(burst=0)
    pacer.set_rate(100.0, 0)
    assert pacer.took(50, 0) == SECOND // 2
    pacer.set_rate(1_000.0, 0)
    assert pacer.pause(0) == SECOND // 20


def test_no_pause_is_longer_than_a_second() -> None:
    """So that a new pace is felt soon."""
    pacer = Pacer()
    pacer.set_rate(1.0, 0)
    assert pacer.took(1_000, 0) == SECOND


def test_a_negative_rate_is_an_error() -> None:
    """There is no reading backwards."""
    with pytest.raises(ValueError, match="negative"):
        Pacer().set_rate(-1.0, 0)


def test_who_comes_late_makes_up_for_it() -> None:
    """As far as credit goes; without any, each lateness is lost."""
    lost, made_up = Pacer(), Pacer(credit=SECOND // 4)
    for pacer in (lost, made_up):
        pacer.set_rate(1000.0, 0)
        pacer.took(100, 0)
    # 200 ms late: 200 records more may come.
    assert lost.took(300, 300_000) == 200_000
    assert made_up.took(300, 300_000) == 0
