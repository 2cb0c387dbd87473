"""Our side of a case as a process that waits for commands, like its peers.

`python -m benchmarks.engine.subject CASE EVENTS` reads the inputs and compiles the document, then answers each line of
its input: `results PATH` writes the rows as an Arrow file, `run` says the CPU seconds of one pass through a new core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl

from benchmarks.engine.cases import BY_NAME, Case
from benchmarks.engine.events import input_file
from benchmarks.engine.reading import blocks
from benchmarks.engine.runtime import HERE
from benchmarks.inputs import BATCH
from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction, Publish
from slac.stream.ports import Records

Wave = list[tuple[str, Records]]
"""What has come in when the runtime looks: of each input what belongs to one stretch of time."""


class Subject:
    """A case with everything made before it is timed: the plan, and the waves of records in the order of time."""

    def __init__(self, case: Case, events: int) -> None:
        """Makes the input files that are not there yet."""
        self.case = case
        self.files = {block: input_file(name, events, case.form) for block, name in case.reads.items()}
        self.plan = _compiled(case, self.files)
        self.fed = list(_waves(case, self.files))

    def published(self) -> list[pl.DataFrame]:
        """One pass: what the plan publishes, through a core of its own."""
        core = Core(self.plan, now=0, live=False)
        out: list[Instruction] = []
        for wave in self.fed:
            for block, records in wave:
                core.enter_records(block, [records])
            out += core.carry(0)
        for block in self.files:
            out += core.on_input_ended(block)
        return [i.frame for i in out if isinstance(i, Publish)]

    def rows(self) -> pl.DataFrame:
        """The rows of one pass in the form of the peers."""
        frame = pl.concat(self.published(), how="vertical_relaxed")
        if self.case.explode is not None:
            frame = frame.explode(self.case.explode)
        return frame.select(self.case.rows)

    def seconds(self) -> float:
        """CPU seconds of one pass, of all threads."""
        began = time.process_time()
        self.published()
        return time.process_time() - began


def _compiled(case: Case, files: dict[str, Path]) -> Plan:
    path = HERE / f"{case.document}.yaml"
    names = {"steps": "input"}
    parameters = {names.get(block, block): str(file) for block, file in files.items()}
    return compile_paths([str(path)], CompileOptions(parameters=parameters, collapse=True))[0].plan


def _waves(case: Case, files: dict[str, Path]) -> Iterator[Wave]:
    if case.form == "ndjson":
        ((block, path),) = files.items()
        for read in blocks(path):
            records = Records(source=path.name, arrival=0, ndjson=read.ndjson, position=dict(read.position))
            yield [(block, records)]
        return
    frames = {block: pl.read_ipc(path) for block, path in files.items()}
    (first, counted), *others = frames.items()
    taken = dict.fromkeys(frames, 0)
    for begin in range(0, counted.height, BATCH):
        part = counted.slice(begin, BATCH)
        upto = part["timestamp"][-1]
        wave = []
        for block, frame in others:
            end = int(frame["timestamp"].search_sorted(upto, side="right"))
            wave.append((block, _of(block, frame.slice(taken[block], end - taken[block]), end)))
            taken[block] = end
        yield [*wave, (first, _of(first, part, begin + part.height))]


def _of(block: str, frame: pl.DataFrame, position: int) -> Records:
    return Records(source=block, arrival=0, frame=frame.rechunk(), position={"offset": position})


def main(case: str, events: int) -> None:
    """Answer commands until there are no more."""
    subject = Subject(BY_NAME[case], events)
    for line in sys.stdin:
        word, _, path = line.strip().partition(" ")
        if word == "results":
            subject.rows().write_ipc(path)
        answer = "done" if word == "results" else subject.seconds()
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
