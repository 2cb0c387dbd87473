"""From the paths of a command line to tests that can be run: each with the plan of its document."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from slac.compiler import CompileOptions, compile_document
from slac.compiler.sources import FunctionReader
from slac.diagnostics import Diagnostic, DocumentInvalid, Severity, Source, UsageError, in_order
from slac.language import decode, read_document
from slac.language.tests import TestFile, WrittenTest, read_test_file
from slac.plan.graph import Plan
from slac.testing.cases.check import check_test
from slac.testing.cases.runnable import CheckedTest, LoadedTest, looked_at, runnable

TESTS: Final = (".test.yaml", ".test.yml")
_DOCUMENTS: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """All tests in order, and the documents that have none."""

    tests: tuple[LoadedTest, ...]
    untested: tuple[str, ...]


def load_tests(
    paths: Sequence[str],
    *,
    environment: Mapping[str, str],
    parameters: Mapping[str, str],
    functions: FunctionReader | None = None,
) -> Loaded:
    """The tests in documents, beside them, and in folders; `./sla.yaml` where no path is given.

    UsageError where a path leads nowhere, DocumentInvalid with every finding where a file has errors.
    """
    loader = _loaded(paths, _Loader(environment, parameters, functions))
    if any(d.severity is Severity.ERROR for d in loader.found):
        raise DocumentInvalid(in_order(loader.found))
    tests = tuple(runnable(loader.checked, loader.options))
    tested = {t.document for t in tests}
    return Loaded(tests=tests, untested=tuple(d for d in loader.documents if d not in tested))


def check_tests(
    paths: Sequence[str],
    *,
    environment: Mapping[str, str],
    parameters: Mapping[str, str],
    functions: FunctionReader | None = None,
    stdin: bytes | None = None,
) -> list[Diagnostic]:
    """What is wrong with the tests that `load_tests` would find, and with the documents that they are about.

    `stdin` is the document `-`. UsageError where a path leads nowhere.
    """
    return in_order(_loaded(paths, _Loader(environment, parameters, functions, stdin)).found)


def _loaded(paths: Sequence[str], loader: _Loader) -> _Loader:
    for name in dict.fromkeys(f for path in paths or ("sla.yaml",) for f in _files(path)):
        loader.load(name)
    return loader


def _files(path: str) -> Iterator[str]:
    """The files that a path names: a document with its tests beside it, a file of tests, or all in a folder."""
    if Path(path).is_dir():
        found = sorted(str(p) for p in Path(path).rglob("*") if p.suffix in _DOCUMENTS and p.is_file())
        if not found:
            raise UsageError(f'the folder "{path}" holds no *.yaml file')
        yield from found
    elif not Path(path).exists() and has_magic(path):
        found = sorted(glob(path, recursive=True))  # noqa: PTH207  # as the user wrote it
        if not found:
            raise UsageError(f'no file matches "{path}"')
        yield from found
    else:
        yield path
        folder = Path(path).parent
        beside = folder.iterdir() if folder.is_dir() and not path.endswith(TESTS) else ()
        yield from sorted(str(p) for p in beside if stands_beside(p, Path(path)) and p.is_file())


def stands_beside(tests: Path, document: Path) -> bool:
    """Whether a file is named as tests of a document: `X.test.yaml` or `X.generated.test.yaml` beside `X.yaml`.

    What is named after a document of its own (`X.generated.yaml`) belongs to that one.
    """
    same_folder = os.path.abspath(tests.parent) == os.path.abspath(document.parent)  # noqa: PTH100 - links are kept
    if not (same_folder and tests.name.endswith(TESTS) and tests.name.startswith(f"{document.stem}.")):
        return False
    own = tests.name[: -len(TESTS[0])] if tests.name.endswith(TESTS[0]) else tests.name[: -len(TESTS[1])]
    return own == document.stem or not any((tests.parent / f"{own}{end}").exists() for end in _DOCUMENTS)


class _Loader:
    def __init__(
        self,
        environment: Mapping[str, str],
        parameters: Mapping[str, str],
        functions: FunctionReader | None,
        stdin: bytes | None = None,
    ) -> None:
        self.environment = environment
        self.parameters = parameters
        self.options = CompileOptions(environment=environment, functions=functions)
        self.stdin = stdin
        self.checked: list[CheckedTest] = []
        self.documents: list[str] = []
        self.found: list[Diagnostic] = []
        self._plan = cache(self._compiled)

    def load(self, name: str) -> None:
        """Read one file and take over its tests."""
        source = self._source(name)
        if source is None:
            return
        file, found = read_test_file(source)
        self.found += found
        if file is None:
            return
        document = self._document(file)
        if document is not None:
            for written in file.tests:
                self._take(written, file, document)

    def _take(self, written: WrittenTest, file: TestFile, document: Source) -> None:
        given = {**written.parameters, **self.parameters}
        plain = tuple(sorted(given.items()))
        compiled = self._plan(document, plain, collapse=False)
        if compiled is None:
            return
        plan, values = compiled
        test, found = written.read(values=dict(values), environment=self.environment)
        self.found += found
        if test is None:
            return
        if test.placement == "collapsed":
            compiled = self._plan(document, plain, collapse=True)
            plan = compiled[0] if compiled is not None else plan
        wrong = check_test(test, plan)
        self.found += wrong
        if not wrong:
            self.checked.append(
                CheckedTest(
                    test=test,
                    document=document,
                    parameters=plain,
                    seen=looked_at(test, plan),
                    file=file.source.name,
                )
            )

    def _compiled(
        self, document: Source, parameters: tuple[tuple[str, str], ...], *, collapse: bool
    ) -> tuple[Plan, tuple[tuple[str, str], ...]] | None:
        given = dict(parameters)
        # Whatever a test may name is there; it then runs on the plan of a run (`slac.testing.cases.runnable`).
        options = replace(self.options, parameters=given, collapse=collapse, whole=True)
        try:
            plan = compile_document(document, options).plan
        except DocumentInvalid as invalid:
            self.found += invalid.diagnostics
            return None
        read, _ = read_document(document, environment=self.environment, parameters=given, loader=options.loader)
        return plan, tuple((p.name, p.value) for p in read.parameters) if read is not None else ()

    def _document(self, file: TestFile) -> Source | None:
        """The document that the tests of a file are about."""
        if file.document is None:
            self.documents.append(file.source.name)
            if not file.tests:
                return None
            return file.source
        name = os.path.normpath(Path(file.source.name).parent / file.document.name)
        if Path(name).is_file():
            return self._source(name)
        self.found.append(
            Diagnostic(
                code="environment/missing",
                summary=f'there is no document "{name}"',
                span=file.document.span,
                path=file.document.path,
                suggestion="write its path from the folder of this file",
            )
        )
        return None

    def _source(self, name: str) -> Source | None:
        try:
            data = self.stdin if name == "-" and self.stdin is not None else Path(name).read_bytes()
        except FileNotFoundError:
            raise UsageError(f'there is no file "{name}"') from None
        except OSError as error:
            raise UsageError(f'"{name}" cannot be read: {error.strerror}') from error
        source, found = decode(name, data)
        self.found += found
        return source
