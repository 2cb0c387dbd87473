"""When records were dropped unread, by event time."""

import numpy as np
import numpy.typing as npt

from slac.plan.nodes import SourceNode
from slac.runtime.gates.sieve import Sieve
from slac.runtime.gates.unread import Unread
from slac.shedding.admission import Admission
from slac.shedding.gate import Gate
from slac.stream.batch import WEIGHT_ONE
from tests.runtime.gates.documents import START, plan_of


def _times(*times: int) -> npt.NDArray[np.int64]:
    return np.array(times, np.int64)


def test_a_time_in_which_nothing_passed_is_known() -> None:
    """All of it was dropped under a weight that came and went between two rows."""
    unread = Unread(lateness=0)
    unread.see(_times(1, 2), WEIGHT_ONE)
    unread.note(8 * WEIGHT_ONE)
    unread.see(_times(100), WEIGHT_ONE)

    assert unread
    assert unread.highest(_times(10), _times(50), WEIGHT_ONE).tolist() == [8 * WEIGHT_ONE]
    assert unread.highest(_times(101), _times(150), WEIGHT_ONE).tolist() == [WEIGHT_ONE]


def test_a_decision_that_no_row_outlived_is_remembered_also_over_a_restart() -> None:
    """What a gate decided, and decided again, before any row passed."""
    node = plan_of()["requests"]
    assert isinstance(node, SourceNode)
    gate = Gate("requests", salt=1)
    sieve = Sieve(node, gate)
    gate.set_admission(0.1, "cpu", {}, admission=Admission(unread=10 * WEIGHT_ONE))
    gate.set_admission(1.0, "recovered", {})
    again = Sieve(node, restored := Gate("requests", salt=1))
    state = sieve.snapshot()
    restored.restore(gate.snapshot())
    again.restore(state)

    for one in (sieve, again):
        assert one.has_dropped
        assert one.unread_between(_times(START), _times(START + 1)).tolist() == [10 * WEIGHT_ONE]
