"""`slac test`: the tests of documents, under a virtual clock."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from slac.cli.console import put, say, wants_color
from slac.cli.documents import functions_reader, parameters, takes_documents
from slac.diagnostics import UsageError
from slac.stream.clock import SystemClock
from slac.testing.cases import LoadedTest, TestResult, load_tests, run_test

Timed = tuple[str, TestResult, float]
"""The file of a test, what became of it, and how many seconds it took."""


@click.command()
@takes_documents
@click.option("--run", "wanted", metavar="REGEX", help="Only tests whose name the pattern is found in.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Write the results to this file as JUnit XML.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def test(paths: tuple[str, ...], assignments: tuple[str, ...], wanted: str | None, junit: str | None, form: str) -> int:
    """Run the tests of documents: those inside (spec.tests) and those beside (X.test.yaml).

    DOCUMENT is a document, a file of tests, a folder or a pattern; ./sla.yaml where none is named. Time is virtual, so
    that hours pass in no time. Exit code 1 when a test fails, when there is none, or when a file has errors.
    """
    environment = click.get_current_context().find_root().obj or {}
    loaded = load_tests(
        paths, environment=environment, parameters=parameters(assignments), functions=functions_reader()
    )
    chosen = [t for t in loaded.tests if wanted is None or _pattern(wanted).search(t.test.name)]
    color = wants_color(environment, sys.stdout) and form == "text"
    results = [_run(each, form, color=color) for each in chosen]
    if form == "json":
        from slac.cli.outcomes import results_json

        put(results_json(results))
    if junit is not None:
        _write_junit(junit, results)
    for document in loaded.untested:
        say(f"no tests: {document}")
    return _verdict(results, len(loaded.tests))


def _pattern(wanted: str) -> re.Pattern[str]:
    try:
        return re.compile(wanted)
    except re.error as error:
        raise UsageError(f'--run takes a regular expression, and "{wanted}" is none: {error}') from None


def _run(loaded: LoadedTest, form: str, *, color: bool) -> Timed:
    from slac.cli.outcomes import failure_text, result_line

    clock = SystemClock()
    began = clock.now()
    result = run_test(loaded.plan, loaded.test)
    seconds = (clock.now() - began) / 1_000_000
    if form == "text":
        put(result_line(result) + "\n")
        for failure in result.failures:
            put(failure_text(failure, color=color) + "\n\n")
    return loaded.file, result, seconds


def _write_junit(path: str, results: Sequence[Timed]) -> None:
    from slac.cli.outcomes import failure_text
    from slac.testing.cases.junit import junit_xml

    try:
        Path(path).write_text(junit_xml(results, failure_text), encoding="utf-8")
    except OSError as error:
        raise UsageError(f'"{path}" cannot be written: {error.strerror}') from error


def _verdict(results: Sequence[Timed], known: int) -> int:
    failed = sum(not r.passed for _, r, _ in results)
    if not results:
        say("no tests were found" if not known else f"none of {known} tests has such a name")
        return 1
    say(f"{len(results)} test{'' if len(results) == 1 else 's'}, {failed} failed")
    return int(failed > 0)
