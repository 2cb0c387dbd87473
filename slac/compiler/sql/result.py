"""What a translation gives back."""

from __future__ import annotations

from dataclasses import dataclass

from slac.diagnostics import Diagnostic
from slac.plan.expressions import AggregateCall, AnyExpr

__all__ = ["Translated", "TranslatedAggregate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """The typed expression, or None and what is wrong."""

    expr: AnyExpr | None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedAggregate:
    """The typed expression over keys and aggregate columns, and the aggregates that fill these; or what is wrong."""

    expr: AnyExpr | None
    aggregates: tuple[AggregateCall, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
