"""A cut shares nothing with the runtime that goes on: it is written while rows change what it came from."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.state_growth import KINDS
from benchmarks.state_growth.worker import batches, compiled, fill, keys_of, records
from slac.runtime.core import Core
from slac.runtime.durable.pieces import CutState, Piece, StateInPieces, cut, in_pieces
from slac.testing import Harness
from tests.runtime.random.documents import Drawn, documents
from tests.runtime.random.test_any_document import Event, histories, plan


def written(made: Mapping[str, CutState]) -> dict[str, StateInPieces]:
    """All bytes of a cut."""
    return {name: in_pieces(state, lambda data: Piece("", data)) for name, state in made.items()}


def assert_untouched(early: Mapping[str, StateInPieces], late: Mapping[str, StateInPieces]) -> None:
    """What is written late is what would have been written at once; says what differs."""
    assert [n for n in early if early[n].values != late[n].values] == []
    assert [(n, f) for n, s in early.items() for f in s.frames if s.frames[f] != late[n].frames[f]] == []


@given(documents(), histories(), st.data())
@settings(max_examples=40)
def test_any_document(drawn: Drawn, events: list[Event], data: st.DataObject) -> None:
    """On one node or two, at any moment."""
    harness = Harness(plan(drawn, collapse=data.draw(st.booleans())))
    at = data.draw(st.integers(0, len(events)))
    if at:
        harness.give("m", events[:at])
    cuts = [cut(core.snapshot()) for core in harness.cores.values()]
    early = [written(made) for made in cuts]
    for event in events[at:]:
        harness.give("m", [event])
    harness.end()
    for made, before in zip(cuts, early, strict=True):
        assert_untouched(before, written(made))


@pytest.mark.parametrize("kind", KINDS)
def test_many_keys(kind: str) -> None:
    """States that are only kept by slot where there are many keys."""
    core, keys = Core(compiled(kind), now=0, live=False), keys_of(20_000)
    at = fill(core, keys)
    for instant, chosen, ok in batches(keys, 4, at):
        for block in core.sources:
            core.on_records(block, [records(instant, chosen, ok=ok, block=block)])
    made = cut(core.snapshot())
    early = written(made)
    for instant, chosen, ok in batches(keys.reverse(), 40, at + 4):
        for block in core.sources:
            core.on_records(block, [records(instant, chosen, ok=ok, block=block)])
    assert_untouched(early, written(made))
