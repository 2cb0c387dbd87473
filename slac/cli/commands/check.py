"""`slac check`: everything that can be said of documents before they run."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import normpath

import click

from slac.cli.console import put, say
from slac.cli.documents import compile_quietly, functions_reader, parameters, read_stdin, takes_documents
from slac.cli.environment import look_for_strangers, look_outside
from slac.cli.errors import counted, rendered
from slac.compiler import Compiled
from slac.diagnostics import Diagnostic, DocumentInvalid, Severity, in_order, render_json
from slac.testing.cases.load import TESTS, check_tests


@click.command()
@takes_documents
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--environment", "outside", is_flag=True, help="Also look outside: files, addresses that are called, free ports."
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="The least finding that makes the exit code 1.",
)
def check(paths: tuple[str, ...], assignments: tuple[str, ...], form: str, fail_on: str, *, outside: bool) -> int:
    """Check documents and their tests: form, names, types, states, windows, bounds, placement; 1 when there are errors.

    DOCUMENT is a file, a folder, a pattern, or - for standard input; ./sla.yaml where none is named. Without
    --environment nothing outside the documents is touched. Findings go to standard output. A comment
    `# slac disable CODE` silences a warning on its line, `# slac disable-file CODE` in the whole document.
    """
    compiled, found = _checked(paths, assignments)
    found = _with_tests(found, paths, assignments)
    if outside:
        found = [*found, *_outside(compiled)]
    environment = click.get_current_context().find_root().obj or {}
    put(render_json(found) if form == "json" else rendered(found, environment))
    if form == "text":
        say(_verdict(compiled, found))
    failing = {Severity.ERROR} if fail_on == "error" else {Severity.ERROR, Severity.WARNING}
    return int(any(d.severity in failing for d in found))


def _checked(paths: Sequence[str], assignments: Sequence[str]) -> tuple[tuple[Compiled, ...], list[Diagnostic]]:
    """The plans, none where a document has errors, and all findings."""
    documents = [p for p in paths if not p.endswith(TESTS)]
    if paths and not documents:
        return (), []
    try:
        compiled = compile_quietly(documents, assignments)
    except DocumentInvalid as invalid:
        return (), list(invalid.diagnostics)
    return compiled, in_order(d for c in compiled for d in (*c.diagnostics, *look_for_strangers(c)))


def _with_tests(found: list[Diagnostic], paths: Sequence[str], assignments: Sequence[str]) -> list[Diagnostic]:
    """The findings of the tests in documents and beside them too; what both tell of a document is told once."""
    more = check_tests(
        paths,
        environment=click.get_current_context().find_root().obj or {},
        parameters=parameters(assignments),
        functions=functions_reader(),
        stdin=read_stdin(paths),
    )
    told = {_told(d) for d in found}
    return in_order([*found, *(d for d in more if _told(d) not in told)])


def _told(finding: Diagnostic) -> tuple[str, str, str, object]:
    span = finding.span
    return finding.code, finding.summary, "" if span is None else normpath(span.source.name), span and span.start


def _outside(compiled: Sequence[Compiled]) -> list[Diagnostic]:
    return [d for c in compiled for d in look_outside(c)]


def _verdict(compiled: Sequence[Compiled], found: Sequence[Diagnostic]) -> str:
    if not found and not compiled:
        return "tests checked: nothing to say"
    if not found:
        return f"{len(compiled)} document{'' if len(compiled) == 1 else 's'} checked: nothing to say"
    return counted(found)
