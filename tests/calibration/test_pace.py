"""How fast a machine is now, beside when it was calibrated."""

from __future__ import annotations

import pytest

from slac.calibration.pace import paced, share
from slac.calibration.samples import Sample
from slac.shedding.capacity.calibration import Work
from tests.shedding.capacity.plans import CALIBRATION

WORK = Work(batches=10.0, rows=1_000.0)


def test_the_share_of_what_the_prices_say() -> None:
    """Twice what the prices say of it, in all; without samples, as they say."""
    said = CALIBRATION.line("select").seconds(WORK)
    samples = [Sample(of="a", work=(("select", WORK),), seconds=s * said) for s in (1.0, 3.0)]
    assert share(CALIBRATION.kinds, samples) == pytest.approx(2.0)
    assert share(CALIBRATION.kinds, []) == 1.0


def test_a_slower_machine_takes_as_much_more_for_everything() -> None:
    """All prices are multiplied, and nothing else."""
    slow = paced(CALIBRATION, 1.5)
    assert slow.line("select").seconds(WORK) == pytest.approx(1.5 * CALIBRATION.line("select").seconds(WORK))
    assert slow.line("select").error == CALIBRATION.line("select").error
    assert slow.base_memory == CALIBRATION.base_memory
