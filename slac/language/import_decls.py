"""What a document says of others that it imports, and what was brought in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slac.diagnostics import Source, Span
from slac.language.terms import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDecl:
    """Another document that is brought in under an alias; `span` is where its path stands.

    `inputs` are what takes the place of inputs of that document, by their names there.
    """

    alias: str
    document: str
    parameters: Mapping[str, str]
    span: Span
    inputs: Mapping[str, Ref] = field(default_factory=dict)
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A document that was brought in: what all its names begin with (`kube.`), and the values of its parameters.

    `functions` is the path of its module of functions, from its own folder.
    """

    prefix: str
    source: Source
    parameters: Mapping[str, str]
    functions: Ref | None = None
