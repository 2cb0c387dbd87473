"""A test held to the plan that it is about: blocks, columns, values, instances and runtimes that do not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slac.diagnostics import Diagnostic, Span, in_order, listed, suggest
from slac.language.terms import Ref
from slac.language.tests import (
    GAP,
    CellDecl,
    CrashStep,
    EndStep,
    ExpectDecl,
    ExpectStep,
    FeedStep,
    RestartStep,
    RowDecl,
    SeriesDecl,
    TestDecl,
    WaitStep,
)
from slac.plan.graph import Plan
from slac.plan.nodes import AuditNode, OutputNode
from slac.testing.cases.streams import Stream, streams_of
from slac.testing.cases.values import problem

WIRE = frozenset({"timestamp", "payload", "context"})
"""A given row of an input with one of these keys is in wire form, unless the input has such a field."""


def check_test(test: TestDecl, plan: Plan) -> list[Diagnostic]:
    """Everything that is wrong with a test of this plan, in the order of the text."""
    checker = _Checker(test, plan, streams_of(plan))
    checker.instances()
    for step in test.steps:
        match step:
            case FeedStep():
                checker.feed(step)
            case WaitStep():
                checker.wait(step)
            case RestartStep(runtimes=runtimes):
                for runtime in runtimes:
                    checker.runtime(runtime)
            case CrashStep(runtime=runtime):
                checker.runtime(runtime)
            case ExpectStep(blocks=blocks):
                for each in blocks:
                    checker.expectation(each)
            case EndStep():
                continue
    return in_order(checker.found)


def is_wire(stream: Stream, row: RowDecl) -> bool:
    """Whether a given row is a record as it comes in, not flat fields."""
    return stream.source is not None and any(c.name in WIRE and c.name not in stream.fields for c in row.cells)


def runtimes_of(test: TestDecl, plan: Plan) -> dict[str, list[str]]:
    """The instances of each node in this test."""
    return {p.name: list(test.instances.get(p.name, (p.name,))) for p in plan.data.placements}


@dataclass(slots=True)
class _Checker:
    test: TestDecl
    plan: Plan
    streams: Mapping[str, Stream]
    found: list[Diagnostic] = field(default_factory=list)

    def say(self, code: str, summary: str, span: Span, path: str, *, suggestion: str = "", details: str = "") -> None:
        self.found.append(
            Diagnostic(code=code, summary=summary, span=span, path=path, suggestion=suggestion, details=details)
        )

    def instances(self) -> None:
        nodes = [p.name for p in self.plan.data.placements]
        for name, span in self.test.spans.items():
            if name not in nodes:
                self._unknown("placement/unknown-node", f'there is no node "{name}"', name, nodes, span, self.test.path)

    def feed(self, step: FeedStep) -> None:
        for given in step.given:
            stream = self._stream(given.block)
            for row in given.rows if stream is not None else ():
                self._given(stream, row)
            self._on(step.on, stream)
        for series in step.series:
            stream = self._stream(series.block)
            if stream is not None:
                self._series(stream, series)
                self._on(step.on, stream)

    def wait(self, step: WaitStep) -> None:
        if self.test.to_the_end:
            self.say(
                "schema/bad-value",
                "nothing waits in a test whose inputs end: time is that of the rows alone",
                step.span,
                self.test.path,
                suggestion="leave out `end: true`, or the waiting",
            )

    def runtime(self, ref: Ref) -> None:
        runtimes = runtimes_of(self.test, self.plan)
        names = [n for n, each in runtimes.items() if len(each) == 1]
        names += [f"{n}/{i}" for n, each in runtimes.items() for i in each]
        if ref.name not in names:
            self._unknown(
                "placement/unknown-node", f'there is no runtime "{ref.name}"', ref.name, names, ref.span, ref.path
            )

    def expectation(self, expect: ExpectDecl) -> None:
        stream = self._stream(expect.block)
        if stream is None:
            return
        if expect.refused is not None and stream.source is None:
            self.say(
                "schema/bad-value",
                f'"{stream.block}" is no input: only an input refuses records',
                expect.span,
                expect.block.path,
            )
        for row in expect.rows or ():
            for cell in row.cells:
                self._cell(stream, cell, expected=True)

    def _stream(self, ref: Ref) -> Stream | None:
        if ref.name in self.streams:
            return self.streams[ref.name]
        output = next((n for n in self.plan.nodes if isinstance(n, OutputNode) and n.block == ref.name), None)
        if output is not None:
            what = listed(dict.fromkeys(output.blocks))
            self.say(
                "names/wrong-kind",
                f'"{ref.name}" is an output, and makes no rows',
                ref.span,
                ref.path,
                details=f"name what it publishes: {what}",
            )
            return None
        self._unknown(
            "names/unknown-block", f'there is no block "{ref.name}"', ref.name, self.streams, ref.span, ref.path
        )
        return None

    def _given(self, stream: Stream | None, row: RowDecl) -> None:
        if stream is None or is_wire(stream, row):
            return
        for cell in row.cells:
            self._cell(stream, cell, expected=False)
        self._complete(stream, [c.name for c in row.cells], row.span, row.path)
        if isinstance(stream.node, AuditNode):
            self._no_reports(stream, row.span, row.path)

    def _series(self, stream: Stream, series: SeriesDecl) -> None:
        for cell in series.row:
            self._cell(stream, cell, expected=False)
        for vary in series.vary:
            for value in dict.fromkeys(map(_hashable, vary.values)):
                if value is GAP:
                    continue
                cell = CellDecl(name=vary.name, value=value, span=vary.span, key_span=vary.key_span, path=vary.path)
                if not self._cell(stream, cell, expected=False):
                    break
        names = [c.name for c in series.row] + [v.name for v in series.vary]
        self._complete(stream, names, series.span, series.path)

    def _no_reports(self, stream: Stream, span: Span, path: str) -> None:
        if any(f.dtype.__class__.__name__ == "List" for f in stream.fields.values()):
            self.say("schema/bad-value", f'reports of "{stream.block}" cannot be given', span, path)

    def _complete(self, stream: Stream, names: Iterable[str], span: Span, path: str) -> None:
        missing = [f.name for f in stream.fields.values() if not f.nullable and f.name not in set(names)]
        if missing:
            self.say(
                "schema/missing-key",
                f'a row of "{stream.block}" must have {listed(missing)}',
                span,
                path,
                details=f"its columns: {listed(map(str, stream.fields.values()))}",
            )

    def _cell(self, stream: Stream, cell: CellDecl, *, expected: bool) -> bool:
        known = stream.fields.get(cell.name)
        if known is None:
            self._unknown(
                "names/unknown-column",
                f'"{stream.block}" has no column "{cell.name}"',
                cell.name,
                stream.fields,
                cell.key_span,
                cell.path,
            )
            return False
        wrong = problem(cell.value, known.dtype, expected=expected, start=self.test.start)
        if wrong is None and cell.value is None and not known.nullable and not expected:
            wrong = f"{cell.name} is never NULL"
        if wrong is not None:
            self.say("types/mismatch", f"{cell.name}: {wrong}", cell.span, cell.path)
        return wrong is None

    def _on(self, on: Ref | None, stream: Stream | None) -> None:
        if on is None or stream is None:
            return
        names = runtimes_of(self.test, self.plan)[stream.node.node]
        if on.name not in names:
            summary = f'"{on.name}" is no instance of the node "{stream.node.node}", where "{stream.block}" runs'
            self._unknown("placement/unknown-node", summary, on.name, names, on.span, on.path)

    def _unknown(self, code: str, summary: str, name: str, known: Iterable[str], span: Span, path: str) -> None:
        names = list(known)
        self.say(code, summary, span, path, suggestion=suggest(name, names), details=f"there are: {listed(names)}")


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) or value is None or value is GAP else repr(value)
