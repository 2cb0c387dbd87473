"""What an input says of its keys is said of columns that it has, and what passes of blocks that there are.

Before: `rate: {normal: 50/s, keys: {modul: 200}}`. After: a finding that asks whether `module` is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from slac.compiler.draft import Draft, Found, emitted
from slac.diagnostics import Diagnostic, Position, Span, listed, suggest
from slac.language.document import InputDecl

_NEAR: Final = 12
"""Lines below `rate` that are looked at for the place of a name."""


def rates(draft: Draft) -> Found:
    """Check the columns in `keys` and `skew` of every `rate` (of inputs of known types), and the blocks in `passes`."""
    inputs = [b for b in draft.document.inputs if b.name not in draft.broken]
    return draft, [d for b in inputs for d in (*_of(b, draft), *_passes(b, draft))]


def _of(block: InputDecl, draft: Draft) -> Iterator[Diagnostic]:
    types = [draft.events[r.name] for r in emitted(block) if r.name in draft.events]
    if block.rate is None or not types:
        return
    columns = list(dict.fromkeys(name for t in types for name in t.schema.names))
    for key, lists in (("keys", block.rate.keys), ("skew", block.rate.skew)):
        for name in (part.strip() for written in lists for part in written.split(",")):
            if not _is_known(name, columns):
                yield Diagnostic(
                    code="names/unknown-column",
                    summary=f'no column "{name}"' if name else "a column is missing beside a comma",
                    span=_place(block.rate.span, name),
                    path=f"{block.rate.path}.{key}",
                    suggestion=suggest(name, columns),
                    details=f'columns of "{block.name}": {listed(columns)}',
                )


def _passes(block: InputDecl, draft: Draft) -> Iterator[Diagnostic]:
    """What lets rows through is a block of the document."""
    for each in block.rate.passes if block.rate is not None else ():
        if each.stream.name not in draft.blocks:
            yield Diagnostic(
                code="names/unknown-block",
                summary=f'no block is called "{each.stream.name}"',
                span=each.stream.span,
                path=each.stream.path,
                suggestion=suggest(each.stream.name, draft.blocks),
                details=f"blocks of this document: {listed(draft.blocks)}",
            )


def _place(rate: Span, name: str) -> Span:
    """Where the name stands behind the word `rate`: keys are written beside it, or on the lines below."""
    source, first = rate.source, rate.start.line
    for number in range(first, min(first + _NEAR, source.text.count("\n") + 2)):
        begin = rate.end.column if number == first else 0
        found = re.compile(rf"\b{re.escape(name)}\b").search(source.line(number), begin) if name else None
        if found is not None:
            return Span(source, Position(number, found.start() + 1), Position(number, found.end() + 1))
    return rate


def _is_known(name: str, columns: list[str]) -> bool:
    """A column, or a field of one."""
    bare = name.removeprefix("payload.").removeprefix("context.")
    return bare in columns or bare.partition(".")[0] in columns or name == "series"
