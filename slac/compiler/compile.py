"""The driver: a source text runs through all passes and comes out as a plan, or as everything that is wrong with it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import xxhash

from slac.compiler.draft import CompileOptions, Draft
from slac.compiler.passes import MEANING, PLACING, Pass
from slac.compiler.readable import readable_passwords
from slac.compiler.sources import read_sources
from slac.diagnostics import Diagnostic, DocumentInvalid, Severity, Source, apply_suppressions, in_order
from slac.language import DocumentDecl, decode, read_document
from slac.plan.graph import Default, Keeping, Logging, Plan, PlanData
from slac.plan.user import FunctionModule


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A document's plan, with the warnings and notes that came up, in the order of the source."""

    plan: Plan
    diagnostics: tuple[Diagnostic, ...]
    source: Source

    @property
    def name(self) -> str:
        """What the user called the document: the path, or `-`."""
        return self.source.name


def compile_document(source: Source, options: CompileOptions | None = None) -> Compiled:
    """Compile one document; raises DocumentInvalid with every finding when there is an error among them.

    Warnings and notes that a comment of the document silences are not among the findings.
    """
    try:
        with _uncollected():
            compiled = _compile(source, options or CompileOptions())
    except DocumentInvalid as invalid:
        raise DocumentInvalid(in_order(apply_suppressions(invalid.diagnostics, source))) from None
    return replace(compiled, diagnostics=tuple(in_order(apply_suppressions(compiled.diagnostics, source))))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Compiling makes many small objects that all stay alive: looking for garbage among them takes a third of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _compile(source: Source, options: CompileOptions) -> Compiled:
    document, found = read_document(
        source, environment=options.environment, parameters=options.parameters, loader=options.loader
    )
    _lap(options, "read")
    _stop_on_errors(found)
    if document is None:
        raise AssertionError("a document without errors was not read")
    found += readable_passwords(document)
    # What the placement says is checked even where it will not be used.
    draft = _stage(MEANING, Draft(document=document, options=replace(options, collapse=False)), found)
    placed = _stage(PLACING, draft, found)
    if options.collapse:
        placed = _stage(PLACING, replace(draft, options=options), [])
    compiled = Compiled(plan=_plan(placed), diagnostics=tuple(in_order(found)), source=source)
    _lap(options, "plan")
    return compiled


def compile_paths(
    paths: Sequence[str], options: CompileOptions | None = None, *, stdin: bytes | None = None
) -> tuple[Compiled, ...]:
    """Compile every document that `paths` name: files, folders, globs, `-` for `stdin`, `sla.yaml` for none.

    UsageError where a path leads nowhere; DocumentInvalid with the findings of all documents where one has errors.
    """
    compiled: list[Compiled] = []
    found: list[Diagnostic] = []
    for name, data in read_sources(paths, stdin=stdin):
        source, unreadable = decode(name, data)
        found += unreadable
        if source is not None:
            try:
                compiled.append(compile_document(source, options))
            except DocumentInvalid as invalid:
                found += invalid.diagnostics
    _stop_on_errors([*found, *(d for c in compiled for d in c.diagnostics)])
    return tuple(compiled)


def _stage(passes: Iterable[Pass], draft: Draft, found: list[Diagnostic]) -> Draft:
    """Run the passes, gather what they find in `found`, and stop at the end where there are errors."""
    for each in passes:
        draft, more = each.run(draft)
        found += more
        _lap(draft.options, each.name)
    _stop_on_errors(found)
    return draft


def _lap(options: CompileOptions, stage: str) -> None:
    if options.stopwatch is not None:
        options.stopwatch.lap(stage)


def _stop_on_errors(found: Sequence[Diagnostic]) -> None:
    if any(d.severity is Severity.ERROR for d in found):
        raise DocumentInvalid(in_order(found))


def _plan(draft: Draft) -> Plan:
    document = draft.document
    return Plan(
        PlanData(
            document=document.name,
            digest=_digest(document, draft.modules, draft.options.moves),
            labels=dict(document.labels),
            nodes=draft.nodes,
            placements=draft.placements,
            defaults=_defaults(draft),
            logging=Logging(
                mode=document.logging.mode,
                blocks=dict(document.logging.blocks),
                directory=document.logging.directory,
                max_size=document.logging.max_size,
            ),
            checkpoint=document.runtime.checkpoint_us,
            store=Keeping(retain=document.runtime.store.retain_us, max_size=document.runtime.store.max_size),
            functions=draft.modules,
            moves=dict(draft.options.moves),
            filled={"/".join(map(str, steps)): text for steps, text in document.filled.items()},
        )
    )


def _defaults(draft: Draft) -> tuple[Default, ...]:
    """What was filled in; where a pass knows better than the reader, what it says."""
    read = (Default(path=d.path, value=d.value) for d in draft.document.defaults)
    return tuple({d.path: d for d in (*read, *draft.defaults)}.values())


def _digest(document: DocumentDecl, modules: Iterable[FunctionModule], moves: Mapping[str, str]) -> str:
    """A digest of the text, of the values that filled its parameters, of functions that it calls, and of moves."""
    filled = "\0".join(f"{p.name}={p.value}" for p in document.parameters)
    brought = "".join(f"\0{i.prefix}\0{i.source.text}\0{dict(i.parameters)}" for i in document.imported)
    called = "".join(f"\0{m.digest}" for m in modules)
    moved = "".join(f"\0{block} on {node}" for block, node in sorted(moves.items()))
    return xxhash.xxh3_128_hexdigest(f"{document.source.text}\0{filled}{brought}{called}{moved}".encode())
