"""`slac fmt`: documents in the one form that all have."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from slac.cli.console import put, say
from slac.cli.documents import read_stdin
from slac.cli.errors import show
from slac.diagnostics import Diagnostic, Source, UsageError


@dataclass(frozen=True, slots=True)
class _File:
    """A document before and after; `after` is None for one that is left alone."""

    source: Source
    after: str | None
    found: tuple[Diagnostic, ...]

    @property
    def changes(self) -> bool:
        """Whether it is not in its form."""
        return self.after is not None and self.after != self.source.text


@click.command()
@click.argument("paths", nargs=-1, metavar="[DOCUMENT]...", type=click.Path())
@click.option("--check", "only_check", is_flag=True, help="Write nothing; list what would change, exit code 1 if any.")
@click.option("--diff", "as_diff", is_flag=True, help="Write nothing; print what would change.")
def fmt(paths: tuple[str, ...], *, only_check: bool, as_diff: bool) -> int:
    """Write documents in their one form: two blanks a level, one blank line at most, keys in their order of effect.

    DOCUMENT is a file, a folder, a pattern, or - for standard input, whose form goes to standard output; ./sla.yaml
    where none is named. Comments, quotes and flow style stay. A document that is not YAML is left alone, and what is
    wrong with it is shown (exit code 1).
    """
    files = [*_formatted(paths)]
    show((d for f in files for d in f.found), click.get_current_context().find_root().obj or {})
    for file in files:
        _deliver(file, only_check=only_check, as_diff=as_diff)
    changed = sum(f.changes for f in files)
    say(f"{len(files)} looked at, {changed} {'would change' if only_check or as_diff else 'changed'}")
    return int(any(f.after is None for f in files) or (only_check and changed > 0))


def _formatted(paths: Sequence[str]) -> Iterator[_File]:
    from slac.compiler.sources import read_sources
    from slac.language.formatting import format_document
    from slac.language.source import decode

    for name, data in read_sources(paths, stdin=read_stdin(paths)):
        source, unreadable = decode(name, data)
        if source is None:
            yield _File(Source(name, ""), None, tuple(unreadable))
        else:
            after, found = format_document(source)
            yield _File(source, after, tuple(found) if after is None else ())


def _deliver(file: _File, *, only_check: bool, as_diff: bool) -> None:
    name = file.source.name
    if as_diff:
        put(_difference(file))
    elif only_check:
        put(f"{name}\n" if file.changes else "")
    elif name == "-":
        put(file.source.text if file.after is None else file.after)
    elif file.changes and file.after is not None:
        _write(Path(name), file.after)
        say(f"formatted {name}")


def _difference(file: _File) -> str:
    if not file.changes or file.after is None:
        return ""
    before, after = (text.splitlines(keepends=True) for text in (file.source.text, file.after))
    lines = difflib.unified_diff(before, after, file.source.name, f"{file.source.name} (formatted)")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _write(path: Path, text: str) -> None:
    """All of it or nothing: a full disk or a signal never leaves half a document."""
    target = path.resolve()
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(temporary).chmod(target.stat().st_mode)
        Path(temporary).replace(target)
    except OSError as error:
        raise UsageError(f'"{path}" cannot be written: {error.strerror}') from error
