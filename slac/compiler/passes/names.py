"""Every reference to a block or an event type finds one, of a kind that can stand there.

Before: `from: rums` where the document has a probe `runs`. After: the finding, and the block marked as broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slac.compiler.draft import Draft, Found, breaking, emitted
from slac.compiler.reads import Read, kind_name, kind_of, reads
from slac.compiler.side import SIDE, side_of
from slac.diagnostics import Diagnostic, Related, listed, suggest
from slac.language.document import BlockDecl
from slac.language.terms import Ref


def names(draft: Draft) -> Found:
    """Check what blocks read and emit; blocks with a wrong reference become broken."""
    found = [(b.name, d) for b in draft.document.blocks for d in _of_block(draft, b)]
    return replace(draft, broken=breaking(draft.broken, (n for n, _ in found))), [d for _, d in found]


def _of_block(draft: Draft, block: BlockDecl) -> Iterator[Diagnostic]:
    for read in reads(block):
        yield from _of_read(draft, block, read)
    types = [e.name for e in draft.document.events]
    for ref in emitted(block):
        if ref.name not in types:
            yield _unknown_type(draft, ref, types)


def _unknown_type(draft: Draft, emits: Ref, types: list[str]) -> Diagnostic:
    block = draft.blocks.get(emits.name)
    what = f'"{emits.name}" is {_a(kind_of(block))}, not an event type' if block else f'no event type "{emits.name}"'
    return Diagnostic(
        code="names/unknown-type",
        summary=what,
        span=emits.span,
        path=emits.path,
        suggestion=suggest(emits.name, types),
        details=f"event types of this document: {listed(types)}",
    )


def _of_read(draft: Draft, block: BlockDecl, read: Read) -> Iterator[Diagnostic]:
    ref, target = read.ref, draft.blocks.get(side_of(read.ref.name, draft.blocks) or read.ref.name)
    types = [e.name for e in draft.document.events]
    if target is not None and not isinstance(target, read.kinds):
        yield _wrong_kind(block, read, target)
    elif target is None and ref.name not in types:
        yield _unknown_block(draft, read, types)


def _readable(draft: Draft, read: Read, types: list[str]) -> list[str]:
    return [b.name for b in draft.document.blocks if isinstance(b, read.kinds)] + (types if read.types else [])


def _unknown_block(draft: Draft, read: Read, types: list[str]) -> Diagnostic:
    known = _readable(draft, read, types)
    return Diagnostic(
        code="names/unknown-block",
        summary=f'no block or event type is called "{read.ref.name}"',
        span=read.ref.span,
        path=read.ref.path,
        suggestion=_untold_side(draft, read) or suggest(read.ref.name, known),
        details=f"what can be read here: {listed(known)}",
    )


def _untold_side(draft: Draft, read: Read) -> str:
    """Where the late rows of a block are meant that keeps none."""
    base = read.ref.name.removesuffix(SIDE)
    is_meant = base != read.ref.name and base in draft.blocks
    return f'write `late: side` at "{base}", if it has a window' if is_meant else ""


def _wrong_kind(block: BlockDecl, read: Read, target: BlockDecl) -> Diagnostic:
    kinds = dict.fromkeys(f"{kind_name(k)}s" for k in read.kinds)
    return Diagnostic(
        code="names/wrong-kind",
        summary=f'"{target.name}" is {_a(kind_of(target))}, and {_a(kind_of(block))} cannot read it',
        span=read.ref.span,
        path=read.ref.path,
        details=f"{_a(kind_of(block))} reads {', '.join(kinds)}{' and event types' if read.types else ' here'}",
        related=(Related(target.span, f'"{target.name}" is declared here'),),
    )


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
