"""Every adapter exists, and its settings are those that it takes.

Before: `adapter: smpt`. After: a finding that lists the installed adapters and asks whether `smtp` is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from slac.adapters import tables
from slac.adapters.discovery import AdapterModule, Kind, input_adapter, names, output_adapter
from slac.adapters.secrets import checked, is_sensitive
from slac.compiler.draft import Draft, Found, breaking
from slac.diagnostics import Diagnostic, Severity, Span, listed, suggest
from slac.language.document import InputDecl, OutputDecl
from slac.language.schema import schema
from slac.language.table_decls import TableDecl

_Rim: TypeAlias = InputDecl | TableDecl | OutputDecl
_VARIABLE: Final = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)")


def adapters(draft: Draft) -> Found:
    """Check the adapters of inputs and outputs; a block whose adapter is unknown is broken."""
    unknown = {b.name for b in _rims(draft) if not isinstance(b, TableDecl) and b.adapter.name not in names(_kind(b))}
    found = [d for b in _rims(draft) for d in (_unknown(b) if b.name in unknown else _settings(b))]
    return replace(draft, broken=breaking(draft.broken, unknown)), found


def _rims(draft: Draft) -> tuple[_Rim, ...]:
    return (*draft.document.inputs, *draft.document.tables, *draft.document.outputs)


def _kind(block: _Rim) -> Kind:
    return "inputs" if isinstance(block, InputDecl) else "outputs"


def _unknown(block: _Rim) -> Iterator[Diagnostic]:
    known = names(_kind(block))
    yield Diagnostic(
        code="adapters/unknown",
        summary=f'there is no {_kind(block)[:-1]} adapter "{block.adapter.name}"',
        span=block.adapter.span,
        path=block.adapter.path,
        suggestion=suggest(block.adapter.name, known),
        details=f"adapters for {_kind(block)}: {listed(known)}",
    )


def _settings(block: _Rim) -> Iterator[Diagnostic]:
    values = {name: setting.value for name, setting in block.settings.items()}
    module = _module(block)
    yield from _readable_by_all(block, module)
    for path, sentence in checked(module, values)[1]:
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
            suggestion=_common(block, str(path[-1]))
            if sentence.startswith("unknown setting") and len(path) == 1
            else "",
        )


def _common(block: _Rim, key: str) -> str:
    """A word of all inputs, tables or outputs that a misspelt setting may mean."""
    definition = "input" if isinstance(block, InputDecl) else "table" if isinstance(block, TableDecl) else "output"
    words = schema()["definitions"][definition]["properties"]
    return suggest(key, (word for word, rules in words.items() if "x-not-built" not in rules))


def _readable_by_all(block: _Rim, module: AdapterModule) -> Iterator[Diagnostic]:
    """A warning for what nobody should read, but stands in the plan, because `${…}` was filled in."""
    for name, setting in block.settings.items():
        for steps, span in {(): setting.span, **setting.spans}.items():
            variable = _VARIABLE.search(_written(span))
            if variable is not None and is_sensitive(module, (name, *steps)):
                yield Diagnostic(
                    code="adapters/secret",
                    severity=Severity.WARNING,
                    summary=f'"{(name, *steps)[-1]}" is filled in here, and can be read in every plan',
                    span=span,
                    path=".".join([block.path, name, *map(str, steps)]),
                    suggestion=f"write {{env: {variable['name']}}}, which is read when it runs",
                )


def _written(span: Span) -> str:
    """The text of a place that lies on one line."""
    if span.start.line != span.end.line:
        return ""
    return span.source.line(span.start.line)[span.start.column - 1 : span.end.column - 1]


def _place(sentence: str, key: Span, value: Span) -> Span:
    """An unknown setting is shown at its name, a wrong one at its value."""
    return key if sentence.startswith("unknown setting") else value


def _module(block: _Rim) -> AdapterModule:
    if isinstance(block, TableDecl):
        return tables
    if isinstance(block, InputDecl):
        return input_adapter(block.adapter.name)
    return output_adapter(block.adapter.name)
