"""What a document says of where it runs: nodes, their shares, how much evidence is kept, what is filled in there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from slac.diagnostics import Span
from slac.language.terms import Ref

LogMode = Literal["off", "evidence", "full"]
ParameterType: TypeAlias = Literal["duration", "string", "int", "float", "size", "rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingDecl:
    """How much is logged; `max_size` in bytes. `blocks`: what blocks say of themselves."""

    mode: LogMode
    directory: str
    max_size: int
    blocks: Mapping[str, LogMode] = field(default_factory=dict, kw_only=True)
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a machine: a fraction of the whole (0.3), or an amount in cores or bytes."""

    amount: float
    unit: Literal["fraction", "cores", "bytes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetDecl:
    """What a runtime may use: CPU (fraction or cores), memory (fraction or bytes), network in bit/s (None: any).

    `places`: where the document states which of them.
    """

    cpu: Share
    memory: Share
    network: float | None
    span: Span
    path: str = ""
    places: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementDecl:
    """A node: its blocks (`*` is all that is not placed elsewhere), how it is reached, and its budget.

    `disk`: bytes that may wait on disk for the node that it connects to; 0 where it connects to none.
    `places`: where `listen` and `address` stand. `instances` runtimes share its keys, divided by the column `by`.
    """

    name: str
    blocks: tuple[Ref, ...]
    connect: Ref | None
    listen: str | None
    address: str | None
    budget: BudgetDecl
    hold_us: int
    disk: int
    span: Span
    instances: int = 1
    by: Ref | None = None
    path: str = ""
    places: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreDecl:
    """How long the store keeps what was said, and how many bytes it may take."""

    retain_us: int
    max_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeDecl:
    """What holds for every runtime of the document; `budget` also serves nodes that state none, and the only node."""

    checkpoint_us: int
    store: StoreDecl
    budget: BudgetDecl
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterDecl:
    """A value that the document leaves open, used as `${name}`; `value` is the one that holds, as text."""

    name: str
    type: ParameterType
    default: str | None
    value: str
    description: str
    span: Span
    path: str = ""
