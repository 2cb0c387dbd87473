"""What the passes hand on: a document with all that is known of it so far.

A pass never changes a draft; it returns a new one. What a pass could not make sense of is marked as broken, so that
later passes stay silent about it and about everything that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from slac.diagnostics import Diagnostic
from slac.language.document import BlockDecl, DocumentDecl
from slac.plan.graph import Default, Placement
from slac.plan.nodes import AnyNode
from slac.stream.types import Schema

Found = tuple["Draft", list[Diagnostic]]
"""What every pass returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileOptions:
    """How a document is compiled.

    `environment` and `parameters` fill `${…}`; `collapse` puts every block on one node called `all`, whatever the
    placement says (it is checked all the same).
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    collapse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """An event type with everything it inherits; `ancestors` includes the type itself."""

    name: str
    payload: Schema
    context: Schema
    ancestors: frozenset[str]

    @property
    def schema(self) -> Schema:
        """Payload, then context, by bare names: the columns of a stream of this type."""
        return Schema(self.payload.fields + self.context.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document between two passes.

    `order`: the sound blocks, each after those it reads. `nodes`: the dataflow, each node after its inputs; a block's
    stream is the node of its name. `homes`: block -> placement. `defaults`: what passes filled in, beside the reader.
    """

    document: DocumentDecl
    options: CompileOptions
    broken: frozenset[str] = frozenset()
    events: Mapping[str, EventType] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    nodes: tuple[AnyNode, ...] = ()
    homes: Mapping[str, str] = field(default_factory=dict)
    placements: tuple[Placement, ...] = ()
    defaults: tuple[Default, ...] = ()

    @property
    def blocks(self) -> dict[str, BlockDecl]:
        """All blocks of the document by name, broken ones too, in the document's order of kinds."""
        return {b.name: b for b in self.document.blocks}

    @property
    def by_id(self) -> dict[str, AnyNode]:
        """The nodes by id."""
        return {n.id: n for n in self.nodes}

    def emitters(self, event: str) -> tuple[str, ...]:
        """The blocks whose `emits` is the type `event` or one below it, in document order."""
        return tuple(b.name for b in self.document.blocks if self._emits(b, event))

    def feeders(self, name: str) -> tuple[str, ...]:
        """The blocks that reading `name` means: the block itself, or all that emit the type of that name."""
        return (name,) if name in self.blocks else self.emitters(name)

    def _emits(self, block: BlockDecl, event: str) -> bool:
        emits = getattr(block, "emits", None)
        return emits is not None and emits.name in self.events and event in self.events[emits.name].ancestors


def breaking(broken: frozenset[str], more: Iterable[str]) -> frozenset[str]:
    """The broken blocks and some more."""
    return broken | frozenset(more)
