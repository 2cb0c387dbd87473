"""What a select is priced as: queries, and the columns that are cut to what passes."""

from __future__ import annotations

from dataclasses import replace as with_fields

import msgspec

from slac.plan.nodes import SelectNode
from slac.shedding.capacity.flow import Facts, Scene
from slac.shedding.capacity.model import load_of
from slac.shedding.capacity.walk import walk
from tests.shedding.capacity.plans import CALIBRATION, TRUE, nodes, plan, source


def test_columns_are_cut_where_something_passes() -> None:
    """Of ten batches a second two hold a row that passes: all columns that came are cut twice a second."""
    before = with_fields(walk(plan(), CALIBRATION, Scene()).loads["watchdog"].flow, batches=10.0, rate=100.0, fields=3)
    every = next(n for n in nodes(source()) if isinstance(n, SelectNode))
    some = msgspec.structs.replace(every, where=TRUE)
    scene = Scene(facts=Facts(passes={"runs": 0.02}))
    ((_, work), *_) = load_of(some, [before], scene).work
    assert (work.groups, work.slots) == (2.0, 6.0)
    ((_, work), *_) = load_of(every, [before], Scene()).work
    assert (work.groups, work.slots) == (0.0, 0.0)
