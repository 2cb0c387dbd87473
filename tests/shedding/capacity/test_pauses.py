"""How long is paused between waves of which some are dear."""

from __future__ import annotations

import pytest

from slac.plan.waiting import BUSY_SHARE
from slac.shedding.capacity.facts import observed
from slac.shedding.capacity.flow import Facts, NodeLoad, Scene
from slac.shedding.capacity.pauses import Rare, rare_calls, turns
from slac.shedding.capacity.walk import walk
from tests.shedding.capacity.plans import CALIBRATION, plan


def test_behind_a_dear_wave_the_pause_is_longer() -> None:
    """Ten waves a second of 3 ms, one of which takes 15 ms more: nine short pauses, one as long as may be."""
    usual, dear = turns([Rare(rate=1.0, cost=0.015)], waves=10.0, busy=0.045, longest=0.2)
    assert usual.share == pytest.approx(0.9)
    assert usual.pause == pytest.approx(BUSY_SHARE * 0.003)
    assert dear.share == pytest.approx(0.1)
    assert dear.cost == pytest.approx(0.018)
    assert dear.pause == 0.2


def test_where_all_waves_are_alike_there_is_one_sort() -> None:
    """What every wave does is no reason to pause longer behind some."""
    (only,) = turns([], waves=5.0, busy=0.05, longest=0.2)
    assert only.share == 1.0
    assert only.pause == pytest.approx(0.2)


def test_what_is_seldom_called_and_dear_is_rare() -> None:
    """Windows end rarely; what each wave does, and what costs next to nothing, is left out."""
    nodes = [n for n in plan().nodes if n.node == "central"]
    walked = walk(plan(), CALIBRATION, Scene())
    cores = {n.id: 1e-3 for n in nodes}
    found = rare_calls(nodes, walked.loads, cores, waves=1_000.0, busy=0.01)
    assert found
    assert [r.cost for r in found] == sorted((r.cost for r in found), reverse=True)
    assert not rare_calls(nodes, walked.loads, dict.fromkeys(cores, 0.0), waves=1_000.0, busy=0.01)


def test_batches_behind_a_node_go_by_its_calls() -> None:
    """What was seen to pass says how many of its calls say a row, whatever the model took it to pass."""
    node = next(n for n in plan().nodes if n.inputs)
    load = walk(plan(), CALIBRATION, Scene()).loads[node.id]
    every = observed(node, load, Scene(facts=Facts(passes={node.id: 1.0})))
    few = observed(node, load, Scene(facts=Facts(passes={node.id: 0.01})))
    assert isinstance(every, NodeLoad)
    assert every.flow.batches == pytest.approx(min(load.work[0][1].batches, load.rows_in))
    assert few.flow.batches < every.flow.batches
