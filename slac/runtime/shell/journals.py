"""Records that cannot be read again are on the disk before anybody is told that they were taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from slac.adapters.decoding import count_of
from slac.adapters.discovery import answers
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
    """The journal of input `block`; all that is given while the disk is busy is written with one sync.

    `refuses`: what the disk does not take is refused, for its sender is told. Otherwise nobody could send it again, and
    it goes on in memory; a crash would lose it.
    """

    def __init__(self, block: str, journal: Journal, *, refuses: bool = True) -> None:
        self.trouble = ""
        self._refuses = refuses
        self._next: dict[str, int] = {}
        self._block = block
        self._journal = journal
        self._waiting: list[_Waiting] = []
        self._safe: int | None = None
        self._task: asyncio.Task[None] | None = None

    def replay(self, after: int, following: Mapping[str, int]) -> Iterator[Records]:
        """What the last run had taken behind record number `after`; before anything else is taken, to its end.

        `following`: by source, the sequence number that comes next. What is missing before some is said by its `first`.
        """
        self._next = dict(following)
        for records in self._journal.replay(after):
            expected = self._next.get(records.source, 0)
            begins = max(records.first or 0, expected)
            self._next[records.source] = begins + count_of(records)
            yield replace(records, first=begins if begins > expected else None)

    @property
    def last(self) -> int:
        """The number of the last record on the disk."""
        return self._journal.last

    async def take(self, records: Records, then: Callable[[Records], None]) -> bool:
        """Write records; `then` is given each that is taken, in order, with its position where it is on the disk.

        False: there is no room for them.
        """
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
            taken = await asyncio.to_thread(self._write, self._numbered(group), safe)
            for number, each in enumerate(group, before + 1):
                is_kept = number <= before + taken
                if is_kept or not self._refuses:
                    source = each.records.source
                    self._next[source] = self._next.get(source, 0) + count_of(each.records)
                    each.then(replace(each.records, position=position(number)) if is_kept else each.records)
                if not each.answer.done():
                    each.answer.set_result(is_kept or not self._refuses)

    def _numbered(self, group: list[_Waiting]) -> list[Records]:
        following, numbered = dict(self._next), []
        for records in (w.records for w in group):
            numbered.append(replace(records, first=following.get(records.source, 0)))
            following[records.source] = following.get(records.source, 0) + count_of(records)
        return numbered

    def _write(self, group: list[Records], safe: int | None) -> int:
        try:
            if safe is not None:
                self._journal.forget(safe)
            taken = self._journal.append(group) if group else 0
        except OSError as error:
            self._tell(str(error.strerror))
            return 0
        if group:
            self._tell(_FULL if taken < len(group) else "")
        return taken

    def _tell(self, trouble: str) -> None:
        if trouble and not self.trouble:
            then = "its senders are refused" if self._refuses else "its records go on in memory"
            log.warning("the journal of input %s takes no more (%s): %s", self._block, trouble, then)
        elif self.trouble and not trouble:
            log.warning("the journal of input %s takes records again", self._block)
        self.trouble = trouble


def make_journals(part: Plan, directory: StateDirectory | None, budget: ResolvedBudget) -> dict[str, InputJournal]:
    """A journal for each input that cannot be read again; none where no state is kept."""
    if directory is None:
        return {}
    limit, place = max(budget.memory_bytes, LEAST), directory.directory / "journal"
    nodes = (n for n in part.nodes if isinstance(n, SourceNode) and n.table is None and not n.can_wait)
    return {
        n.block: InputJournal(
            n.block, Journal(SegmentFiles(place / n.block), max(limit, n.gate.disk)), refuses=answers(n.adapter)
        )
        for n in nodes
    }
