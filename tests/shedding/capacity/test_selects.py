"""What a select is priced as: queries, and the columns that are cut to what passes."""

from __future__ import annotations

from dataclasses import replace as with_fields

import msgspec
import pytest

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
    cut = dict(load_of(some, [before], scene).work)["select.cut"]
    assert (cut.batches, cut.exprs) == pytest.approx((2.0, 6.0))
    cut = dict(load_of(every, [before], Scene()).work)["select.cut"]
    assert (cut.batches, cut.exprs) == (0.0, 0.0)


def test_what_passes_whole_is_not_cut() -> None:
    """Where all rows pass, batches are passed on as they are."""
    before = with_fields(walk(plan(), CALIBRATION, Scene()).loads["watchdog"].flow, batches=10.0, rate=100.0, fields=3)
    every = next(n for n in nodes(source()) if isinstance(n, SelectNode))
    work = dict(load_of(msgspec.structs.replace(every, where=TRUE), [before], Scene()).work)
    assert (work["select.cut"].batches, work["select"].texts) == (0.0, 0.0)


def test_more_passes_than_comes_where_rows_had_waited() -> None:
    """A measured minute may have more rows behind a select than before it: no batch of them is cut."""
    before = with_fields(walk(plan(), CALIBRATION, Scene()).loads["watchdog"].flow, batches=0.1, rate=1000.0, fields=3)
    every = next(n for n in nodes(source()) if isinstance(n, SelectNode))
    load = load_of(msgspec.structs.replace(every, where=TRUE), [before], Scene(facts=Facts(passes={"runs": 3.0})))
    assert (dict(load.work)["select.cut"].batches, load.flow.rate) == (0.0, 3_000.0)
