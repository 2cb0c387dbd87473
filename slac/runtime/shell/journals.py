"""Records that cannot be read again are on the disk before anybody is told that they were taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.runtime.checkpoint import StateDirectory
from slac.runtime.durable.journal import Journal, position
from slac.runtime.durable.segments import SegmentFiles
from slac.shedding.readings import ResolvedBudget
from slac.stream.ports import Records

LEAST: Final = 256 * 1024 * 1024
"""A journal may become as large as the memory budget, but at least so many bytes."""

log = logging.getLogger("slac.journal")

_FULL: Final = "it is as large as it may become, for no checkpoint has made its records safe"


@dataclass(frozen=True, slots=True)
class _Waiting:
    records: Records
    then: Callable[[Records], None]
    answer: asyncio.Future[bool]


class InputJournal:
    """The journal of input `block`; all that is given while the disk is busy is written with one sync."""

    def __init__(self, block: str, journal: Journal) -> None:
        self.trouble = ""
        self._block = block
        self._journal = journal
        self._waiting: list[_Waiting] = []
        self._safe: int | None = None
        self._task: asyncio.Task[None] | None = None

    def replay(self, after: int) -> Iterator[Records]:
        """What the last run had taken behind record number `after`; before anything else is taken, to its end."""
        return self._journal.replay(after)

    @property
    def last(self) -> int:
        """The number of the last record on the disk."""
        return self._journal.last

    async def take(self, records: Records, then: Callable[[Records], None]) -> bool:
        """Write records; `then` is given each, in order, with its position. False: there is no room for them."""
        waiting = _Waiting(records, then, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._proceed()
        return await waiting.answer

    def forget(self, marks: Mapping[tuple[str, str], int]) -> None:
        """Both generations of checkpoints hold what this input had taken up to its mark, under (`block`, "")."""
        self._safe = marks.get((self._block, ""), 0)
        self._proceed()

    async def close(self) -> None:
        """Finish what is being written."""
        if self._task is not None:
            await self._task

    def _proceed(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name=f"journal {self._block}")

    async def _work(self) -> None:
        while self._waiting or self._safe is not None:
            group, self._waiting = self._waiting, []
            safe, self._safe = self._safe, None
            before = self._journal.last
            taken = await asyncio.to_thread(self._write, group, safe)
            for number, each in enumerate(group, before + 1):
                is_kept = number <= before + taken
                if is_kept:
                    each.then(replace(each.records, position=position(number)))
                if not each.answer.done():
                    each.answer.set_result(is_kept)

    def _write(self, group: list[_Waiting], safe: int | None) -> int:
        try:
            if safe is not None:
                self._journal.forget(safe)
            taken = self._journal.append([w.records for w in group]) if group else 0
        except OSError as error:
            self._tell(str(error.strerror))
            return 0
        if group:
            self._tell(_FULL if taken < len(group) else "")
        return taken

    def _tell(self, trouble: str) -> None:
        if trouble and not self.trouble:
            log.warning("the journal of input %s takes no more (%s): its senders are refused", self._block, trouble)
        elif self.trouble and not trouble:
            log.warning("the journal of input %s takes records again", self._block)
        self.trouble = trouble


def make_journals(part: Plan, directory: StateDirectory | None, budget: ResolvedBudget) -> dict[str, InputJournal]:
    """A journal for each input that cannot be read again; none where no state is kept."""
    if directory is None:
        return {}
    limit, place = max(budget.memory_bytes, LEAST), directory.directory / "journal"
    blocks = (n.block for n in part.nodes if isinstance(n, SourceNode) and n.table is None and not n.can_wait)
    return {block: InputJournal(block, Journal(SegmentFiles(place / block), limit)) for block in blocks}
