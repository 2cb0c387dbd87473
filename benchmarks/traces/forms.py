"""The forms in which records come: for each its document, its input, and what bare Polars does with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

from benchmarks.inputs import BATCH, CACHE
from benchmarks.traces.calls import calls
from benchmarks.traces.events import events
from benchmarks.traces.theirs import of_events, of_executions

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`made`: so many traces → records; `theirs`: records → traces; both as columns."""

    name: str
    made: Callable[[int], pl.DataFrame]
    theirs: Callable[[pl.DataFrame], pl.DataFrame]

    @property
    def document(self) -> Path:
        """The document that does the same as `theirs`, with classes a second behind it."""
        return HERE / f"{self.name}.yaml"

    def arrow(self, traces: int, directory: Path = CACHE) -> Path:
        """The records as an Arrow IPC file of flat columns, not compressed."""
        path = directory / f"traces-{self.name}-{traces}.arrow"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.made(traces).write_ipc(path, compression="uncompressed", record_batch_size=BATCH)
        return path


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "executions": Form(name="executions", made=calls, theirs=of_executions),
        "events": Form(name="events", made=events, theirs=of_events),
    }
)
