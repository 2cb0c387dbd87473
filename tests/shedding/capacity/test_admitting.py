"""What gates let pass of a load that does not fit."""

from __future__ import annotations

import pytest

from slac.plan.shedding import GateNeed, GateSpec, ShedContract
from slac.shedding.capacity.admitting import admitted_share
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.walk import walk
from tests.shedding.capacity.plans import CALIBRATION, plan, source


def _cores(look: float, weighted: float) -> object:
    """A runtime in which a load of 1 takes one core; `look` of it for each record that comes to a gate that drops."""
    return lambda factor, kept: factor if kept == 1.0 else factor * (look + kept * weighted)


@pytest.mark.parametrize(
    ("load", "look", "weighted", "waits", "share"),
    [
        (2.0, 0.1, 1.0, False, 0.9 / 1.1 / 2.0),
        (2.0, 0.1, 2.0, False, 0.9 / 2.1 / 2.0),
        (1.2, 0.1, 0.9, False, (1.0 / 1.2 - 0.1) / 0.9),
        (50.0, 0.1, 1.0, False, 0.9 / 1.1 / 50.0),
        (2.0, 0.5, 1.0, True, 0.5),
    ],
)
def test_looking_and_weights_take_of_what_fits(
    load: float, look: float, weighted: float, share: float, *, waits: bool
) -> None:
    """Of what could all be looked at and kept, nine tenths are kept, where the load is more."""
    admitted, waiting = admitted_share(_cores(look, weighted), 1.0, load, 1.0, waits=waits)  # type: ignore[arg-type]
    assert admitted == pytest.approx(share, rel=0.03)
    assert waiting is waits


def test_a_gate_that_drops_has_a_price_and_makes_windows_dearer() -> None:
    """A wave in which half of the rows are kept takes more than one into which only half come."""
    need = GateNeed(block="sums", contract=ShedContract(error=0.02))
    assert source().gate.contract.mode == GateSpec(contract=need.contract, needs=(need,)).contract.mode == "approximate"
    the_plan, block = plan(), source().block
    open_, thinned, half = (
        walk(the_plan, CALIBRATION, Scene(rates={block: rate}, hurried=True, kept=kept))
        for rate, kept in ((4_000.0, {}), (4_000.0, {block: 0.5}), (2_000.0, {}))
    )
    kinds = {kind for load in thinned.loads.values() for kind, _ in load.work}
    assert {"gate.ndjson", "window.weighted"} <= kinds
    assert half.busy["edge"] / half.waves["edge"] < thinned.busy["edge"] / thinned.waves["edge"]
    assert thinned.loads[source().id].flow.rate == pytest.approx(2_000.0)
    assert open_.loads[source().id].flow.rate == pytest.approx(4_000.0)
