"""Blocks whose results go nowhere are named, because a forgotten reader is more likely than a wish to waste work."""

from __future__ import annotations

from slac.compiler.draft import Draft, Found
from slac.compiler.reads import block_graph, kind_of, reads
from slac.compiler.side import SIDE
from slac.diagnostics import Diagnostic, Severity
from slac.language.document import AuditDecl, BlockDecl, ComputationDecl, OutputDecl, ViolationDecl


def unused(draft: Draft) -> Found:
    """Warn of every block without a reader; silent while blocks are broken, whose readers may be misspelt."""
    if draft.broken:
        return draft, []
    graph = block_graph(draft)
    own = (b for b in draft.document.blocks if not isinstance(b, OutputDecl) and "." not in b.name)
    idle = [b for b in own if not graph.out_degree(b.name)]
    names = {read.ref.name for b in draft.document.blocks for read in reads(b)}
    sides = (b for b in draft.document.computations if isinstance(b, ComputationDecl) and b.late == "side")
    unheard = [_unheard(b) for b in sides if f"{b.name}{SIDE}" not in names and "." not in b.name]
    return draft, [*(_finding(b) for b in idle), *unheard]


def _unheard(block: ComputationDecl) -> Diagnostic:
    return Diagnostic(
        code="blocks/unused",
        severity=Severity.WARNING,
        summary=f'nothing reads "{block.name}{SIDE}", the late rows of "{block.name}"',
        span=block.span,
        path=f"{block.path}.late",
        details="they are dropped and counted, as without `late: side`",
    )


def _finding(block: BlockDecl) -> Diagnostic:
    published = isinstance(block, AuditDecl | ViolationDecl)
    return Diagnostic(
        code="blocks/unused",
        severity=Severity.WARNING,
        summary=f'nothing reads the {kind_of(block)} "{block.name}"',
        span=block.span,
        path=block.path,
        details="no output publishes it: add it to the `from` of an output"
        if published
        else "it runs and costs, but no result comes of it",
    )
