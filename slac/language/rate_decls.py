"""What a document says of the load of an input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slac.diagnostics import Span
from slac.language.terms import Ref

__all__ = ["PassDecl", "RateDecl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassDecl:
    """The share of its rows that a block lets through."""

    stream: Ref
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDecl:
    """What capacity reads: events per second, the burst and its length, and how many keys (`module, test_case`).

    `skew`: Zipf's exponent by column list; `passes`: what blocks let through.
    """

    normal: float
    burst: float | None
    burst_for: int | None
    keys: Mapping[str, int]
    skew: Mapping[str, float] = field(default_factory=dict)
    passes: tuple[PassDecl, ...] = ()
    span: Span
    path: str = ""
