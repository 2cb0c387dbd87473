"""From a file to its tests: those of an SLA document (`spec.tests`), or a file of its own (`kind: Test`)."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Final

from slac.diagnostics import Diagnostic, Position, Severity, Source, Span, in_order, suggest
from slac.language.findings import Findings
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import inner_span
from slac.language.substitute import Variables, substitute
from slac.language.terms import Ref
from slac.language.tests.declarations import TestDecl
from slac.language.tests.schema import check_test_schema
from slac.language.tests.steps import read_test
from slac.language.yaml.compose import compose
from slac.language.yaml.nodes import Items, Mapping, Node, Scalar, Steps

KIND: Final = "Test"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTest:
    """A test as it stands in its file; `parameters` are all that must be set before its text means anything."""

    name: str
    parameters: ReadOnly[str, str]
    node: Node
    steps: Steps
    span: Span

    def read(
        self, *, values: ReadOnly[str, str], environment: ReadOnly[str, str]
    ) -> tuple[TestDecl | None, list[Diagnostic]]:
        """The test with `${…}` filled in: the document's parameters have these `values`."""
        findings = Findings()
        filled = substitute(self.node, Variables(dict(values), environment), findings, self.steps)
        made = read_test(Cursor(filled, self.span, self.steps, findings), self.parameters)
        wrong = any(d.severity is Severity.ERROR for d in findings.diagnostics)
        return None if wrong else made, in_order(findings.diagnostics)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFile:
    """The tests of a file; `document` is the path that a `kind: Test` names, None where the file is the document."""

    __test__ = False

    source: Source
    document: Ref | None
    tests: tuple[WrittenTest, ...]


def read_test_file(source: Source) -> tuple[TestFile | None, list[Diagnostic]]:
    """The tests in `source`, or None where their form is wrong; never raises for a bad file.

    Of an SLA document only `spec.tests` is looked at: the compiler tells what else is wrong.
    """
    root, found = compose(source)
    if root is None:
        return None, list(found)
    findings = Findings(diagnostics=list(found))
    kind = root.get("kind") if isinstance(root, Mapping) else None
    if isinstance(kind, Scalar) and kind.text == "SLA":
        return _of_document(Cursor(root, root.span, (), findings), source), []
    if not isinstance(kind, Scalar) or kind.text != KIND:
        _not_ours(kind, source, findings)
        return None, findings.diagnostics
    check_test_schema(root, findings)
    if any(d.severity is Severity.ERROR for d in findings.diagnostics):
        return None, in_order(findings.diagnostics)
    return _of_sheet(Cursor(root, root.span, (), findings), source), in_order(findings.diagnostics)


def _of_document(root: Cursor, source: Source) -> TestFile:
    spec = root.get("spec")
    tests = spec.get("tests") if spec is not None else None
    return TestFile(source=source, document=None, tests=tuple(_written(tests, {})))


def _of_sheet(root: Cursor, source: Source) -> TestFile:
    document, tests = root.get("document"), root.get("tests")
    ref = None
    if document is not None and document.text is not None:
        ref = Ref(name=document.text, span=inner_span(document), path=document.path)
    return TestFile(source=source, document=ref, tests=tuple(_written(tests, _texts(root.get("parameters")))))


def _written(tests: Cursor | None, outer: ReadOnly[str, str]) -> Iterator[WrittenTest]:
    if tests is None or not isinstance(tests.node, Items):
        return
    for item in tests.items():
        name = item.get("name")
        yield WrittenTest(
            name=(name.text if name is not None else None) or f"test {item.steps[-1]}",
            parameters={**outer, **_texts(item.get("parameters"))},
            node=item.node,
            steps=item.steps,
            span=name.node.span if name is not None else item.key_span,
        )


def _texts(cursor: Cursor | None) -> dict[str, str]:
    return {c.name: c.text or "" for c in cursor.entries()} if cursor is not None else {}


def _not_ours(kind: Node | None, source: Source, findings: Findings) -> None:
    start = Span(source, Position(1, 1), Position(1, 2))
    if isinstance(kind, Scalar):
        hint = suggest(kind.text, ["SLA", KIND]) or f"write kind: {KIND}"
        findings.add(
            "schema/version", f'"{kind.text}" is not one that slac reads', ("kind",), kind.span, suggestion=hint
        )
    else:
        findings.add(
            "schema/missing-key",
            'the key "kind" is missing',
            (),
            start,
            details=f"tests stand in an SLA document (spec.tests), or in a file of kind: {KIND}",
        )
