"""Which streams a block reads, and what kinds of blocks it may read them from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import networkx as nx

from slac.compiler.draft import Draft
from slac.language.document import (
    AuditDecl,
    BlockDecl,
    ComputationDecl,
    InputDecl,
    OutputDecl,
    ProbeDecl,
    ViolationDecl,
)
from slac.language.join_decls import JoinDecl
from slac.language.pattern_decls import PatternDecl
from slac.language.table_decls import TableDecl
from slac.language.terms import Ref
from slac.language.trace_decls import TracesDecl

STREAMS: tuple[type, ...] = (InputDecl, ProbeDecl, ComputationDecl, PatternDecl, TracesDecl, AuditDecl, ViolationDecl)
"""The kinds of blocks that make a stream which computations and audits can read; reports are rows like any other."""

PUBLISHED: tuple[type, ...] = STREAMS
"""The kinds of blocks that an output can publish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One place where a block reads a stream; `types` says whether an event type may stand there."""

    ref: Ref
    kinds: tuple[type, ...] = STREAMS
    types: bool = True


def kind_of(block: BlockDecl) -> str:
    """What a block is called in messages: input, probe, computation, audit, violation or output."""
    return kind_name(type(block))


def kind_name(kind: type) -> str:
    """What blocks of a kind of declaration are called; one that matches a pattern is a computation."""
    return "computation" if kind in (PatternDecl, TracesDecl) else kind.__name__.removesuffix("Decl").lower()


@singledispatch
def reads(block: BlockDecl) -> tuple[Read, ...]:
    """The streams that `block` reads, in the order of its plan node's ports."""
    raise NotImplementedError(type(block).__name__)


@reads.register(InputDecl)
@reads.register(TableDecl)
def _(block: InputDecl | TableDecl) -> tuple[Read, ...]:
    return ()


@reads.register
def _(block: ProbeDecl) -> tuple[Read, ...]:
    return (Read(ref=block.from_),)


@reads.register
def _(block: TracesDecl) -> tuple[Read, ...]:
    return (Read(ref=block.from_),)


@reads.register
def _(block: ComputationDecl) -> tuple[Read, ...]:
    return (Read(ref=block.from_), *(_of_join(j) for j in block.join))


@reads.register
def _(block: PatternDecl) -> tuple[Read, ...]:
    first = {atom.stream.name: atom.stream for atom in reversed(block.atoms)}
    named = dict.fromkeys(atom.stream.name for atom in block.atoms)
    return tuple(Read(ref=first[name]) for name in named)


@reads.register
def _(block: AuditDecl) -> tuple[Read, ...]:
    silencer = () if block.inhibit is None else (Read(ref=block.inhibit, kinds=(AuditDecl,), types=False),)
    return (Read(ref=block.from_), *(Read(ref=b.from_) for b in block.report), *silencer)


@reads.register
def _(block: ViolationDecl) -> tuple[Read, ...]:
    return tuple(Read(ref=r) for r in (block.absent, block.from_) if r is not None)


@reads.register
def _(block: OutputDecl) -> tuple[Read, ...]:
    return tuple(Read(ref=r, kinds=PUBLISHED) for r in block.from_)


def _of_join(join: JoinDecl) -> Read:
    return Read(ref=join.stream, kinds=(TableDecl,), types=False) if join.kind == "table" else Read(ref=join.stream)


def block_graph(draft: Draft) -> nx.DiGraph[str]:
    """Block names with an edge from each block to its readers; references that name nothing readable are left out."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(draft.blocks)
    for block in draft.document.blocks:
        for read in reads(block):
            sound = (f for f in draft.feeders(read.ref.name) if isinstance(draft.blocks[f], read.kinds))
            graph.add_edges_from((f, block.name) for f in sound)
    return graph
