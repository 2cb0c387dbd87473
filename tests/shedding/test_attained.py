"""What is aimed at where the machine gives less than the budget."""

from __future__ import annotations

import pytest

from slac.shedding.attained import Attained
from slac.shedding.depths import Depths
from slac.shedding.offers import InputLoad
from slac.stream.clock import SECOND


def test_what_is_used_is_what_there_is() -> None:
    """At once, then as a faded mean; afterwards a tenth more a second, up to the budget."""
    attained = Attained()
    assert attained.step(0.1, 0.5, 0.25, starved=False) == 0.5
    assert attained.step(0.1, 0.5, 0.25, starved=True) == pytest.approx(0.1)
    assert attained.step(0.2, 0.5, 0.25, starved=True) == pytest.approx(0.125)
    assert attained.step(0.1, 0.5, 1.0, starved=False) == pytest.approx(0.138, abs=0.001)
    for _ in range(20):
        attained.step(0.1, 0.5, 1.0, starved=False)
    assert attained.cores is None


def test_a_pace_that_is_met_is_no_sign() -> None:
    """A queue stands behind it because it is to; where not even half of the pace is met, the machine gives no more."""
    depths = Depths()
    for n in range(20):
        depths.look(n * SECOND // 4, {"a": InputLoad(seen=n * 250, kept=0, waiting=900.0)})
    assert depths.starves("a", 19 * SECOND // 4, None)
    assert depths.starves("a", 19 * SECOND // 4, 2_100.0)
    assert not depths.starves("a", 19 * SECOND // 4, 1_100.0)
