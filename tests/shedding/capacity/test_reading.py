"""What it costs to decode a record."""

from slac.shedding.capacity.reading import reading_costs
from tests.shedding.capacity.plans import CALIBRATION, LINE, plan


def test_a_record_costs_what_was_measured() -> None:
    """Of each input, in large batches: the price of a row, and hardly anything for its batch."""
    costs = reading_costs(plan(), CALIBRATION)
    assert costs.keys() == {"watchdog"}
    assert LINE.rows <= costs["watchdog"] <= 2 * LINE.rows
