"""What a log in mode `evidence` holds back: the rows of a while, of which those behind verdicts are kept."""

from __future__ import annotations

from collections.abc import Mapping

from slac.evidence.log.segment import Content
from slac.plan.graph import Plan
from slac.runtime.recorder import LogMode


class History:
    """A stage of the writing thread: rows of nodes in mode `full` pass, those in mode `evidence` wait here."""

    def __init__(self, part: Plan, modes: Mapping[str, LogMode], *, limit: int) -> None:
        self._full = frozenset(node for node, mode in modes.items() if mode == "full")
        self._is_full = len(self._full) == len(modes)

    def take(self, content: Content) -> Content:
        """What is to be written now."""
        return content
