"""What a document says of others that it imports, and what was brought in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slac.diagnostics import Source, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDecl:
    """Another document that is brought in under an alias; `span` is where its path stands."""

    alias: str
    document: str
    parameters: Mapping[str, str]
    span: Span
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A document that was brought in: what all its names begin with (`kube.`), and the values of its parameters."""

    prefix: str
    source: Source
    parameters: Mapping[str, str]
