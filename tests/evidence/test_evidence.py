"""From nothing but its evidence every verdict is made again: the same row, with the same id."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from slac.evidence.lineage import LogRows, Sight, closure
from slac.evidence.lineage.sight import NOTHING
from slac.evidence.log import LogDirectory, LogWriter
from slac.evidence.log.layout import place_of
from slac.evidence.log.nodes import modes_of, verdict_nodes
from slac.evidence.log.writer import RunHead
from slac.evidence.recorder.collector import Collector
from slac.evidence.recorder.history import QUIET, History
from slac.evidence.replay.again import said_again
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, SourceNode
from slac.runtime.core import Core
from slac.runtime.links.protocol import Named
from slac.stream.batch import ID, REVISION, TIME
from slac.testing import Harness
from slac.testing.cases import run
from slac.testing.cases.load import load_tests
from tests.runtime.random.documents import Drawn, documents
from tests.runtime.random.test_any_document import Event, histories, plan

ROOT = Path(__file__).parents[2]
WHOLE = 1 << 40
MOST = None if "SLAC_THOROUGH" in os.environ else 2
"""So many tests of each file are run, unless all are asked for: the scenarios have many, and take long."""


class Runtime:
    """One core with its log in mode `evidence`, written as it goes."""

    def __init__(self, core: Core, plan: Plan, node: str, name: str, directory: Path) -> None:
        part = plan.part(node)
        modes = modes_of(part, "evidence", plan.data.logging)
        head = RunHead(node=node, instance=name, mode="evidence", live=core.live, start=None)
        self.writer = LogWriter(place_of(directory, plan.document, node, name), plan, head, max_size=WHOLE, now=0)
        self.history = History(part, modes, limit=WHOLE)
        rim = frozenset(n.id for n in part.nodes if isinstance(n, SourceNode | LinkInNode))
        self.collector = Collector(self.writer.next_seq, rim=rim, precious=verdict_nodes(part), pressure=lambda: 0.0)
        self.collector.nodes = frozenset(modes)
        core.flow.record(self.collector)

    def look(self) -> list[Named]:
        """As a shell does after each call; what those who sent rows are to be told."""
        content, size = self.collector.taken()
        self.writer.write(self.history.take(content, size), 0)
        return self.history.take_named()

    def keep(self, named: Named) -> list[Named]:
        """A receiver's verdict was made of these rows."""
        self.writer.write(self.history.cut(named), 0)
        return self.history.take_named()


class Logged(Harness):
    """A harness whose runtimes log."""

    directory: Path
    runtimes: list[Runtime]
    forgotten = False

    def __init__(self, plan: Plan, **settings: Any) -> None:
        self.runtimes = []
        super().__init__(plan, **settings)

    def _core(self, node: str, name: str) -> Core:
        core = super()._core(node, name)
        for runtime in list(self.runtimes):
            if (runtime.writer.head.node, runtime.writer.head.instance) == (node, name):
                runtime.look()
                runtime.writer.close()
                self.runtimes.remove(runtime)
                # What is held to be evidence some day does not outlive a process.
                self.forgotten = True
        self.runtimes.append(Runtime(core, self.plan, node, name, self.directory))
        return core

    def look(self) -> None:
        """All of them, and what one names reaches the others."""
        named = [n for runtime in self.runtimes for n in runtime.look()]
        while named:
            named = [further for n in named for runtime in self.runtimes for further in runtime.keep(n)]

    def close(self) -> None:
        """All that is left."""
        self._settle()
        self.look()
        for runtime in self.runtimes:
            runtime.writer.close()


class InMemory:
    """Rows that are read from their files once."""

    def __init__(self, source: LogRows) -> None:
        self.nodes = source.nodes
        self._rows = {node: source.rows(node) for node in source.nodes}
        self._edges = {node: source.edges(node) for node in source.nodes}

    def rows(self, node: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """As `RowSource.rows`."""
        rows = self._rows.get(node, NOTHING)
        time = pl.col(TIME).cast(pl.Int64)
        return rows.filter(time >= (-(1 << 62) if low is None else low), time <= (1 << 62 if high is None else high))

    def edges(self, node: str) -> pl.DataFrame:
        """As `RowSource.edges`."""
        return self._edges[node]


@contextmanager
def logging_to(directory: Path) -> Iterator[list[Logged]]:
    """Tests of documents run with logs."""
    made: list[Logged] = []

    class Here(Logged):
        def __init__(self, plan: Plan, **settings: Any) -> None:
            self.directory = directory / str(len(made))
            super().__init__(plan, **settings)
            made.append(self)

    with patch.object(run, "Harness", Here):
        yield made


def check(harness: Logged) -> int:
    """All verdicts of which evidence must be there; returns how many there were."""
    harness.close()
    places = sorted(p for p in harness.directory.iterdir() if p.is_dir())
    sight = Sight(harness.plan, InMemory(LogRows([LogDirectory(place) for place in places])))
    count = 0
    for node in verdict_nodes(harness.plan):
        said = harness.made(node)
        if not said.height:
            continue
        said = said.filter(~pl.col("kind").is_in(QUIET))
        rows = sight.rows(node)
        assert set(said[ID]) <= set(rows[ID]), f"verdicts of {node} are not in the evidence"
        for row in rows.filter(pl.col(ID).is_in(said[ID].to_list())).iter_slices(1):
            if row[REVISION].null_count() == 0:
                continue
            again = said_again(sight, node, row)
            assert again.height, f"{node} does not say {row.to_dicts()} again"
            made = closure(sight, {node: row})
            for link in (n for n in harness.plan.nodes if isinstance(n, LinkInNode)):
                for crossed in made.consumed.get(link.id, ()):
                    assert harness.forgotten or crossed.edges.height >= made.followed[link.id].height
            told = [c for c in ("kind", "state", "verdict", "previous", "violation", "message") if c in row.columns]
            assert again.select(told).to_dicts()[0] == row.select(told).to_dicts()[0]
            count += 1
    return count


FILES = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "sla_docs").rglob("*.test.yaml"))


@pytest.mark.parametrize("file", FILES)
def test_evidence_is_enough_for_what_is_shipped(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every violation and every change of state in the tests of the scenarios and the rule sets."""
    monkeypatch.chdir(ROOT)
    with logging_to(tmp_path) as harnesses:
        for test in load_tests([file], environment={}, parameters={}).tests[:MOST]:
            run.run_test(test.plan, test.test)
    for harness in harnesses:
        check(harness)


@given(documents(), histories(), st.integers(1, 20), st.integers(1, 2))
@settings(max_examples=6, phases=[Phase.generate])
def test_evidence_is_enough_for_any_document(
    tmp_path_factory: pytest.TempPathFactory, drawn: Drawn, events: list[Event], size: int, nodes: int
) -> None:
    """On one node or two, in waves of any size."""

    class Here(Logged):
        directory = tmp_path_factory.mktemp("log")

    harness = Here(plan(drawn, collapse=nodes == 1))
    for start in range(0, len(events), size):
        harness.give("m", events[start : start + size])
        harness.look()
    harness.end()
    check(harness)
