"""Rows that wait until they matter: outside nobody can tell, at any moment."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime import inbox
from slac.testing import Harness
from tests.runtime.random.documents import Drawn, documents
from tests.runtime.random.test_any_document import Event, Rows, assert_same, histories, plan, sizes, turns


def said(harness: Harness, drawn: Drawn) -> Rows:
    """All that was published so far."""
    return {block: harness.published(block) for block in drawn.blocks}


def settle(harness: Harness) -> None:
    """Let nothing wait."""
    for core in harness.cores.values():
        core.flow.settle()


@given(
    drawn=documents(),
    events=histories(),
    cut=sizes,
    restarts=turns,
    most=st.sampled_from([1, 5, 1000]),
    eve=st.sampled_from([1, 3, 500]),
    collapse=st.booleans(),
)
@settings(max_examples=25)
def test_patient_as_eager(
    drawn: Drawn, events: list[Event], cut: list[int], restarts: set[int], most: int, eve: int, *, collapse: bool
) -> None:
    """After each slice what waits, or is done beforehand, has published what does not, restarted or not."""
    patient, eager = (Harness(plan(drawn, collapse=collapse)) for _ in range(2))
    nodes = {node for node, _ in patient.cores}
    rest, turn = events, 0
    with patch.object(inbox, "MOST_ROWS", most), patch.object(inbox, "EVE_ROWS", eve):
        while rest:
            size = cut[turn % len(cut)]
            for harness in (patient, eager):
                harness.give("m", rest[:size])
            settle(eager)
            assert_same(said(patient, drawn), said(eager, drawn))
            if turn in restarts:
                for node in nodes:
                    patient.restart(node)
            rest, turn = rest[size:], turn + 1
        for harness in (patient, eager):
            harness.end()
        assert_same(said(patient, drawn), said(eager, drawn))
