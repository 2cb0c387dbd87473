"""The functions of documents become callable: each document's own in its own expressions, an import's in the import's.

Before: `functions: rules.py`. After: `HEADROOM(used, limit)` has a type in every block written in the document.
Without the user's leave nothing is read; a module that cannot be used breaks the blocks of its own document only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slac.compiler.draft import CompileOptions, Draft, Found, breaking
from slac.compiler.sources import FunctionsUnreadable
from slac.diagnostics import Diagnostic, Source
from slac.language.terms import Ref
from slac.plan.user import FunctionModule, FunctionWrong, LoadedModule, load

_TRUST = "its Python runs with all that you may do: read it first, as you would read a script that you start"


def functions(draft: Draft) -> Found:
    """Load the modules that the document and its imports name."""
    loaded: dict[str, LoadedModule] = {}
    failed: set[str] = set()
    found: list[Diagnostic] = []
    for source, path in _named(draft):
        if source.name in loaded or source.name in failed:
            continue
        result = _load(source, path, draft.options)
        if isinstance(result, Diagnostic):
            found.append(result)
            failed.add(source.name)
        else:
            loaded[source.name] = result
    modules = {m.module.digest: m.module for m in loaded.values()}
    return (
        replace(
            draft,
            functions={name: m.functions for name, m in loaded.items()},
            modules=tuple(modules.values()),
            broken=breaking(draft.broken, (b.name for b in draft.document.blocks if b.span.source.name in failed)),
        ),
        found,
    )


def _named(draft: Draft) -> Iterator[tuple[Source, Ref]]:
    """The documents with functions, and where they name them."""
    document = draft.document
    for source, path in ((document.source, document.functions), *((i.source, i.functions) for i in document.imported)):
        if path is not None:
            yield source, path


def _load(source: Source, path: Ref, options: CompileOptions) -> LoadedModule | Diagnostic:
    if options.functions is None:
        summary = f'the functions of "{path.name}" are not loaded: that was not allowed'
        return _finding("functions/not-allowed", summary, path, "add --allow-functions to the command", _TRUST)
    try:
        text = options.functions(source.name, path.name)
    except FunctionsUnreadable as error:
        return _finding("functions/unreadable", str(error), path)
    try:
        return load(FunctionModule.of(path.name, text))
    except FunctionWrong as wrong:
        return _finding("functions/wrong", str(wrong), path, details=wrong.hint)


def _finding(code: str, summary: str, at: Ref, suggestion: str = "", details: str = "") -> Diagnostic:
    return Diagnostic(code=code, summary=summary, span=at.span, path=at.path, suggestion=suggestion, details=details)
