"""What was measured stands above what is declared, and how far the model is off."""

from __future__ import annotations

import pytest

from slac.diagnostics import UsageError
from slac.shedding.capacity.compare import compare
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.measured import (
    Measured,
    NodeMeasured,
    drift_of,
    facts_of,
    measured_walk,
    read_measured,
    seen_facts,
)
from slac.shedding.capacity.walk import walk
from tests.shedding.capacity.plans import CALIBRATION, plan


def _node(rows_in: float, rows_out: float, cores: float) -> NodeMeasured:
    return NodeMeasured(calls=5.0, rows_in=rows_in, rows_out=rows_out, cores=cores, call=cores / 5.0, row=0.0)


def _measured(cores: float) -> Measured:
    nodes = {
        "watchdog": _node(50.0, 50.0, cores),
        "runs": _node(50.0, 10.0, 0.001),
        "case_results.partial": _node(10.0, 0.05, 0.001),
    }
    return Measured(
        document="watchdog",
        meaning="",
        node="edge",
        instance="a",
        now=0,
        seconds=60.0,
        rates={"watchdog": 50.0},
        nodes=nodes,
    )


def test_shares_and_groups_as_they_were_seen() -> None:
    """A fifth passes; 0.05 rows a second of ten-minute windows are thirty groups."""
    facts = facts_of(plan(), _measured(0.01))
    assert facts.passes == {"runs": 0.2}
    assert facts.groups["case_results.partial"] == pytest.approx(30.0)
    loads = walk(plan(), CALIBRATION, Scene(rates={"watchdog": 50.0}, facts=facts)).loads
    assert loads["runs"].flow.rate == pytest.approx(10.0)
    assert loads["case_results.partial"].flow.rate == pytest.approx(0.05)


def test_a_part_that_hears_of_others_takes_what_it_received() -> None:
    """Central alone does not know what edges send, but has counted it."""
    part = plan().part("central")
    facts = seen_facts(part, {"case_results.in.edge": 12.0}, {})
    loads = walk(part, CALIBRATION, Scene(facts=facts)).loads
    assert loads["case_results.in.edge"].flow.rate == 12.0


def test_drift_names_the_block() -> None:
    """Ten times what the model says, in the input; within bounds nothing is said."""
    part = plan().part("edge")
    predicted = measured_walk(part, _measured(0.0), CALIBRATION).uses["watchdog"].cores
    assert drift_of(part, _measured(predicted), CALIBRATION) is None
    found = drift_of(part, _measured(predicted + 0.5), CALIBRATION)
    assert found is not None
    assert found.block == "watchdog"
    assert found.measured > 2 * found.predicted


def test_blocks_side_by_side() -> None:
    """All of the runtime's blocks, with the share that passed, and the sums of both sides."""
    found = compare(plan().part("edge"), _measured(0.01), CALIBRATION)
    assert [b.block for b in found.blocks] == ["watchdog", "runs", "case_results"]
    assert found.blocks[1].passes == pytest.approx(0.2)
    assert found.measured == pytest.approx(0.012)
    assert found.declared == {"watchdog": 100.0}


@pytest.mark.parametrize(
    ("text", "said"), [(b"{}", "no measurements"), (b'{"version": 9, "document": "d"}', "no measurements")]
)
def test_files_that_are_none(text: bytes, said: str) -> None:
    """What is not such a file is refused by its name."""
    with pytest.raises(UsageError, match=said):
        read_measured(text, "measured.json")
