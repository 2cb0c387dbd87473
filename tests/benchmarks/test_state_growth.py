"""The benchmark of growing state: every kind runs, and its batches touch as many keys as it says."""

import pytest

from benchmarks.state_growth import KINDS
from benchmarks.state_growth.worker import ROWS, batches, compiled, fill, keys_of, records
from slac.runtime.core import Core
from slac.runtime.instructions import Publish


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_takes_its_batches(kind: str) -> None:
    """What is given comes out, by the end at the latest: nothing is dropped as late, nothing is measured idle."""
    core, keys = Core(compiled(kind), now=0, live=False), keys_of(3 * ROWS)
    at = fill(core, keys)
    out = []
    for instant, chosen, ok in batches(keys, 4, at):
        assert chosen.n_unique() == ROWS
        for block in core.sources:
            out += core.on_records(block, [records(instant, chosen, ok=ok, block=block)])
    for block in core.sources:
        out += core.on_input_ended(block)
    assert all(source.late == 0 for source in core.sources.values())
    assert sum(i.frame.height for i in out if isinstance(i, Publish)) >= 2 * ROWS
