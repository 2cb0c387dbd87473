"""Statuses as tables: what a person reads of an instance."""

import pytest

from slac.cli.runtimes_table import presence, saved, turned_away
from slac.runtime.inspection.status import PeerStatus


@pytest.mark.parametrize(
    ("peer", "word"),
    [
        (PeerStatus(connected=True, heard=0, watermarks={}, silent=1), "connected"),
        (PeerStatus(connected=False, heard=0, watermarks={}), "away"),
        (PeerStatus(connected=False, heard=0, watermarks={}, left=True), "left"),
        (PeerStatus(connected=False, heard=0, watermarks={}, silent=1), "silent"),
        (PeerStatus(connected=False, heard=0, watermarks={}, silent=1, forgotten=True), "forgotten"),
    ],
)
def test_an_instance_is_there_or_not(peer: PeerStatus, word: str) -> None:
    """In one word."""
    assert presence(peer) == word


def test_what_was_refused_is_not_called_dropped() -> None:
    """A sender that was told to come again counts apart: what was dropped is never more than what was seen."""
    assert turned_away({"cpu": 3, "memory": 1, "refused": 50}) == (4, 50)
    assert turned_away({}) == (0, 0)


@pytest.mark.parametrize(
    ("number", "taken", "keeps", "words"),
    [
        (4, 6_000_000, True, "checkpoint 4, 2.0 s ago"),
        (0, None, True, "no checkpoint yet"),
        (0, None, False, "no state is kept"),
    ],
)
def test_what_a_crash_would_leave(number: int, taken: int | None, keeps: bool, words: str) -> None:  # noqa: FBT001 - a case
    """Before its first checkpoint a runtime with `--state` is not called one that keeps nothing."""
    assert saved(number, taken, 8_000_000, keeps=keeps) == words
