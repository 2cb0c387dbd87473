"""The plan that a test runs on: that of `slac run`, in which the blocks that tests look at keep all their columns.

All tests of a document with the same parameters and placement share one plan, so that few are compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.language.tests import ExpectStep, FeedStep, TestDecl
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTest:
    """A test, the plan to run it on, and the names of its file and of its document."""

    __test__: ClassVar[bool] = False

    test: TestDecl
    plan: Plan
    file: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTest:
    """A test with nothing wrong, its document, the values of that document's parameters, and the name of its file.

    `seen` are the blocks whose columns it needs.
    """

    __test__: ClassVar[bool] = False

    test: TestDecl
    document: Source
    parameters: tuple[tuple[str, str], ...]
    seen: frozenset[str]
    file: str

    @property
    def variant(self) -> tuple[Source, tuple[tuple[str, str], ...], bool]:
        """What the plan depends on, beside the blocks that are looked at."""
        return self.document, self.parameters, self.test.placement == "collapsed"


def runnable(tests: Sequence[CheckedTest], options: CompileOptions) -> Iterator[LoadedTest]:
    """Each test with its plan, in the same order."""
    seen: dict[object, set[str]] = {}
    for each in tests:
        seen.setdefault(each.variant, set()).update(each.seen)
    plans = {variant: _plan(variant, frozenset(seen[variant]), options) for variant in {t.variant: None for t in tests}}
    for each in tests:
        yield LoadedTest(test=each.test, plan=plans[each.variant], file=each.file, document=each.document.name)


def looked_at(test: TestDecl, plan: Plan) -> frozenset[str]:
    """The blocks whose rows a test expects, or gives in their place; what an input takes in has no columns yet."""
    inputs = {n.block for n in plan.nodes if isinstance(n, SourceNode)}
    given: set[str] = set()
    expected: set[str] = set()
    for step in test.steps:
        match step:
            case FeedStep(given=rows, series=series):
                given.update(g.block.name for g in rows)
                given.update(s.block.name for s in series)
            case ExpectStep(blocks=blocks):
                expected.update(b.block.name for b in blocks)
            case _:
                continue
    return frozenset(expected | (given - inputs))


def _plan(
    variant: tuple[Source, tuple[tuple[str, str], ...], bool], seen: frozenset[str], options: CompileOptions
) -> Plan:
    document, parameters, collapse = variant
    made = replace(options, parameters=dict(parameters), collapse=collapse, seen=seen)
    return compile_document(document, made).plan
