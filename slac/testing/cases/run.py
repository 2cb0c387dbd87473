"""Runs one test: the harness under a manual clock that goes along with the rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import polars as pl

from slac.diagnostics import Span
from slac.language.tests import (
    CrashStep,
    EndStep,
    ExpectDecl,
    ExpectStep,
    FeedStep,
    RestartStep,
    StepDecl,
    TestDecl,
    WaitStep,
)
from slac.plan.graph import Plan
from slac.stream.batch import ID
from slac.testing.cases.compare import Comparison, Row
from slac.testing.cases.feed import Arrival, arrivals, ends_of, frame_of, record_of, table_row
from slac.testing.cases.results import Failure, TestResult
from slac.testing.cases.streams import Stream, streams_of
from slac.testing.harness import Harness

TICK: Final = 30_000_000
"""While nothing comes, every runtime ticks at least so often (µs)."""


def run_test(plan: Plan, test: TestDecl) -> TestResult:
    """Run a test that `check_test` has nothing to say about, on a plan compiled with `whole` columns."""
    crashes = any(isinstance(step, CrashStep) for step in test.steps)
    live = not test.to_the_end
    run = _Run(test, Harness(plan, instances=test.instances, live=live, start=test.start, journal=crashes))
    for step in test.steps:
        run.step(step)
    run.refusals()
    return TestResult(test=test, failures=tuple(run.failures), expectations=run.asked)


@dataclass(slots=True)
class _Run:
    test: TestDecl
    harness: Harness
    streams: dict[str, Stream] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    asked: int = 0
    given: int = 0
    crashed: bool = False
    ticked: int = 0
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    batches: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    known: dict[str, dict[int, list[Row]]] = field(default_factory=lambda: defaultdict(dict))
    places: dict[str, Span] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.streams = streams_of(self.harness.plan)
        self.ticked = self.test.start

    def step(self, step: StepDecl) -> None:
        match step:
            case FeedStep():
                self._feed(step)
            case WaitStep(length=length, silence=silence):
                self.harness.advance(length + (self._promise_after() if silence else 0), step=TICK)
                self.ticked = self.harness.clock.now()
            case RestartStep(runtimes=runtimes):
                for runtime in runtimes:
                    self.harness.restart(*_runtime(runtime.name))
            case CrashStep(runtime=runtime, lost=lost):
                self.crashed = True
                self.harness.crash(*_runtime(runtime.name), lost=lost)
            case EndStep():
                self.harness.end()
            case ExpectStep(blocks=blocks):
                for each in blocks:
                    self._expect(each)

    def refusals(self) -> None:
        """Records that were refused and that nobody expected to be."""
        counts: dict[str, list[str]] = defaultdict(list)
        for each in self.harness.refused:
            counts[each.input].append(each.reason)
        for block, reasons in counts.items():
            unexpected = reasons[self.refused[block] :]
            if unexpected:
                summary = f'"{block}" put {len(unexpected)} record(s) aside: {unexpected[0]}'
                self.failures.append(Failure(summary=summary, span=self.places.get(block, self.test.span)))

    def _promise_after(self) -> int:
        """How long (µs) after the clock event time follows where nothing comes."""
        sources = [s for core in self.harness.cores.values() for s in core.sources.values()]
        return max((s.node.idle + s.node.lateness for s in sources), default=0)

    def _feed(self, step: FeedStep) -> None:
        on = step.on.name if step.on is not None else None
        now = self.harness.clock.now()
        rows = sorted(arrivals(step, self.streams, now), key=lambda a: (a.at, not _is_table(a.stream)))
        for (at, block), group in groupby(rows, key=lambda a: (a.at, a.stream.block)):
            self._until(at)
            self._give(block, list(group), on)
        self._until(ends_of(step, now))

    def _until(self, at: int) -> None:
        """Let the clock go on to an instant; ticks are needed no more often than `TICK`, and slow."""
        ahead = at - self.harness.clock.now()
        if ahead <= 0:
            return
        if self.test.to_the_end or at - self.ticked < TICK:
            self.harness.clock.advance(ahead)
        else:
            self.harness.advance(ahead, step=TICK)
            self.ticked = at

    def _give(self, block: str, rows: list[Arrival], on: str | None) -> None:
        source = self.streams[block].source
        self.places[block] = rows[0].row.span
        if source is not None and source.table is not None:
            self.harness.table(block, [table_row(a, source, self.test.start) for a in rows])
        elif source is not None:
            self.harness.give(block, [record_of(a, source, self.test.start) for a in rows], instance=on)
        else:
            self.harness.inject(block, frame_of(rows, self.given, self.test.start), instance=on)
        self.given += len(rows)

    def _expect(self, expect: ExpectDecl) -> None:
        self.asked += 1
        block = expect.block.name
        if expect.refused is not None:
            self._expect_refused(block, expect)
        got = self._made_since(block, expect.span)
        if expect.count is not None and expect.count != len(got):
            self._fail(expect, f'"{block}" made {_rows(len(got))}, and {expect.count} were expected')
        if expect.rows is not None:
            compare = Comparison(self.streams[block], self.test.start)
            diff = compare.among(expect.rows, got) if expect.contains else compare.exact(expect.rows, got)
            if diff is not None:
                what = "some rows are not among what" if expect.contains else "this is not what"
                wanted = "some" if expect.contains else _rows(len(expect.rows))
                summary = f'{what} "{block}" made: expected {wanted}, got {_rows(len(got))}'
                self.failures.append(Failure(summary=summary, span=expect.span, diff=diff))

    def _expect_refused(self, block: str, expect: ExpectDecl) -> None:
        total = sum(r.input == block for r in self.harness.refused)
        new, self.refused[block] = total - self.refused[block], total
        if new != expect.refused:
            self._fail(expect, f'"{block}" refused {new} record(s), and {expect.refused} were expected')

    def _fail(self, expect: ExpectDecl, summary: str) -> None:
        self.failures.append(Failure(summary=summary, span=expect.span))

    def _made_since(self, block: str, span: Span) -> list[Row]:
        """The rows since the block was last asked; what a runtime made again after a crash is not new."""
        frame = self.harness.made(block, self.batches[block])
        self.batches[block] = self.harness.batches(block)
        return [row for row in _dicts(frame) if self._is_new(block, row, span)]

    def _is_new(self, block: str, row: Row, span: Span) -> bool:
        same_id = self.known[block].setdefault(row[ID], [])
        if not self.crashed:
            same_id.append(row)
            return True
        if row in same_id:
            return False
        same_id.append(row)
        return True


def _dicts(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dicts() if frame.height else []


def _runtime(name: str) -> tuple[str, str | None]:
    node, _, instance = name.partition("/")
    return node, instance or None


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}" if count else "none"


def _is_table(stream: Stream) -> bool:
    return stream.source is not None and stream.source.table is not None
