"""What inputs did between their records is on the disk before anything that it caused leaves the runtime."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from slac.runtime.checkpoint import StateDirectory
from slac.runtime.durable.deeds import DeedFiles
from slac.runtime.instructions import Instruction, Publish, Send
from slac.runtime.repeating import Deed
from slac.runtime.source import Source

log = logging.getLogger("slac.journal")


class Ledger:
    """The deeds of all inputs of a runtime; nothing happens without a `directory`, or where time is that of files.

    `trouble`: why the disk does not take them; empty where it does.
    """

    def __init__(self, sources: Mapping[str, Source], directory: StateDirectory | None) -> None:
        self.trouble = ""
        self._cut = 0
        live = directory is not None and any(s.live for s in sources.values())
        self._files = DeedFiles(directory.directory / "deeds") if directory is not None and live else None
        self._sources = {n: s for n, s in sources.items() if s.node.table is None and s.live}
        for source in self._sources.values():
            source.deeds.keeps = self._files is not None
            source.deeds.marks = source.node.can_wait

    def restore(self, number: int) -> None:
        """Do again what was done behind checkpoint `number`, which the inputs have been brought to."""
        if self._files is None:
            return
        deeds: dict[str, list[Deed]] = {}
        for deed in self._files.read(number):
            deeds.setdefault(deed.input, []).append(deed)
        for name, source in self._sources.items():
            source.deeds.await_all(deeds.get(name, ()), source.positions)

    def keep(self, instructions: Iterable[Instruction]) -> None:
        """Write what has been done, and sync it, if any of these tells somebody else of what it led to."""
        if self._files is None or not any(isinstance(i, Publish | Send) for i in instructions):
            return
        marks = [m for s in self._sources.values() if (m := s.deeds.mark(s.positions)) is not None]
        self._write(self._files, marks)

    def cut(self, number: int) -> None:
        """Checkpoint `number` is cut here: what comes stands behind it."""
        if self._files is not None:
            self._write(self._files, ())
            self._cut = number
            self._files.number = max(self._files.number, number)

    def forget(self) -> None:
        """The checkpoint that was cut last is written, and the one before it is kept."""
        if self._files is not None:
            try:
                self._files.forget(self._cut - 1)
            except OSError as error:
                log.warning("what inputs did before the last checkpoints is not removed: %s", error.strerror)

    def _write(self, files: DeedFiles, marks: Iterable[Deed]) -> None:
        made = [d for s in self._sources.values() for d in s.deeds.made]
        if not (deeds := [*made, *marks]):
            return
        try:
            # A mark only keeps new decisions out of what was read: not worth waiting for the disk.
            files.append(deeds, sync=bool(made))
        except OSError as error:
            self._tell(str(error.strerror or error))
            return
        self._tell("")
        for source in self._sources.values():
            source.deeds.made.clear()

    def _tell(self, trouble: str) -> None:
        if trouble and not self.trouble:
            log.warning("what inputs promise and gates decide is not recorded: %s", trouble)
        elif self.trouble and not trouble:
            log.warning("what inputs promise and gates decide is recorded again")
        self.trouble = trouble
