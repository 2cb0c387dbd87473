"""Every adapter exists, and its settings are those that it takes.

Before: `adapter: smpt`. After: a finding that lists the installed adapters and asks whether `smtp` is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slac.adapters.discovery import AdapterModule, Kind, check_settings, input_adapter, names, output_adapter
from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Diagnostic, Span, listed, suggest
from slac.language.document import InputDecl, OutputDecl


def adapters(draft: Draft) -> Found:
    """Check the adapters of inputs and outputs; a block whose adapter is unknown is broken."""
    unknown = {b.name for b in _rims(draft) if b.adapter.name not in names(_kind(b))}
    found = [d for b in _rims(draft) for d in (_unknown(b) if b.name in unknown else _settings(b))]
    return replace(draft, broken=breaking(draft.broken, unknown)), found


def _rims(draft: Draft) -> tuple[InputDecl | OutputDecl, ...]:
    return (*draft.document.inputs, *draft.document.outputs)


def _kind(block: InputDecl | OutputDecl) -> Kind:
    return "inputs" if isinstance(block, InputDecl) else "outputs"


def _unknown(block: InputDecl | OutputDecl) -> Iterator[Diagnostic]:
    known = names(_kind(block))
    yield Diagnostic(
        code="adapters/unknown",
        summary=f'there is no {_kind(block)[:-1]} adapter "{block.adapter.name}"',
        span=block.adapter.span,
        path=block.adapter.path,
        suggestion=suggest(block.adapter.name, known),
        details=f"adapters for {_kind(block)}: {listed(known)}",
    )


def _settings(block: InputDecl | OutputDecl) -> Iterator[Diagnostic]:
    values = {name: setting.value for name, setting in block.settings.items()}
    for path, sentence in check_settings(_module(block), values):
        setting = block.settings.get(str(path[0])) if path else None
        where = ".".join([block.path, *map(str, path)])
        if setting is None:
            span = block.adapter.span
        else:
            span = setting.span_at(*path[1:]) if len(path) > 1 else _place(sentence, setting.key_span, setting.span)
        yield Diagnostic(
            code="adapters/setting",
            summary=f"{block.adapter.name}: {sentence}",
            span=span,
            path=where,
        )


def _place(sentence: str, key: Span, value: Span) -> Span:
    """An unknown setting is shown at its name, a wrong one at its value."""
    return key if sentence.startswith("unknown setting") else value


def _module(block: InputDecl | OutputDecl) -> AdapterModule:
    if isinstance(block, InputDecl):
        return input_adapter(block.adapter.name)
    return output_adapter(block.adapter.name)
