"""Passwords that stand inside addresses, such as `postgresql://slac:secret@db`: they can be read in every plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from slac.diagnostics import Diagnostic, Severity
from slac.language import DocumentDecl
from slac.language.document import InputDecl, OutputDecl
from slac.language.table_decls import TableDecl
from slac.language.terms import Setting, Step

_IN_ADDRESS: Final = re.compile(r"^\s*[A-Za-z][A-Za-z0-9+.-]*://[^:/?#@\s]*:(?!\d+(?:[/?#]|$))[^@\s]+@")
"""A password may hold any sign that databases allow; a number before a path is a port."""
_IN_QUERY: Final = re.compile(r"^\s*[A-Za-z][A-Za-z0-9+.-]*://[^\s]*[?&](?:password|passwd|pwd)=[^&#\s]", re.IGNORECASE)

_TABLE: Final = "leave it out here and write password: {env: NAME}, which is read when it runs"
_OTHER: Final = "write the whole address as {env: NAME}, which is read when it runs"


def readable_passwords(document: DocumentDecl) -> Iterator[Diagnostic]:
    """A warning for every address of an input, table or output that holds a password."""
    blocks: tuple[InputDecl | TableDecl | OutputDecl, ...] = (*document.inputs, *document.tables, *document.outputs)
    for block in blocks:
        advice = _TABLE if isinstance(block, TableDecl) else _OTHER
        for name, setting in block.settings.items():
            for steps in _with_password(setting.value):
                yield _warning(".".join([block.path, name, *map(str, steps)]), name, setting, steps, advice)


def _warning(path: str, name: str, setting: Setting, steps: tuple[Step, ...], advice: str) -> Diagnostic:
    return Diagnostic(
        code="adapters/secret",
        severity=Severity.WARNING,
        summary=f'"{(name, *steps)[-1]}" holds a password, which can be read in every plan',
        span=setting.span_at(*steps),
        path=path,
        suggestion=advice,
    )


def _with_password(value: Any, way: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The ways to the texts within a setting that are such addresses."""
    match value:
        case str() if _IN_ADDRESS.match(value) or _IN_QUERY.match(value):
            yield way
        case dict():
            for key, inner in value.items():
                yield from _with_password(inner, (*way, key))
        case list():
            for number, inner in enumerate(value):
                yield from _with_password(inner, (*way, number))
