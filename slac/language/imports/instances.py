"""A document with a choice of parameters and inputs is one instance, however often and by whatever way it is imported.

Nothing here opens a file: a loader is passed in. Circles are refused with their path, and depth and number are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Final, Protocol, TypeVar

from slac.diagnostics import Diagnostic, Source, Span, listed, nearest, suggest
from slac.language.document import DocumentDecl, ImportDecl
from slac.language.source import decode
from slac.language.terms import Ref

DEEPEST: Final = 16
"""Imports of imports of imports…"""
MOST: Final = 200
"""Instances that one document may bring in, counted with all that they import."""


class ImportUnreadable(Exception):
    """A document that cannot be loaded; its text says why."""


class Loader(Protocol):
    """Gives the bytes of an imported document."""

    def __call__(self, importer: str, path: str) -> tuple[str, bytes]:
        """The name to show, the same for the same document, and the bytes of what `importer` calls `path`.

        ImportUnreadable with a sentence where that cannot be.
        """
        ...


Reader = Callable[[Source, Mapping[str, str], Span], tuple[DocumentDecl | None, list[Diagnostic]]]
"""Reads one document with some parameters, which are given at a place of the importer; it does not follow imports."""


Values = tuple[tuple[str, str], ...]
"""Parameters and their values, sorted."""

Key = tuple[str, Values, tuple[tuple[str, int, str], ...], Values]
"""What tells instances apart: the document, its parameters, the block of which importer stands for which input, and the
values that the user gave for what it imports."""


Instead = Mapping[str, "tuple[Instance, str]"]
"""Inputs (`metrics`, `cpu.metrics`) whose place a block takes: of which importer, and what that calls it."""


@dataclass(slots=True, eq=False)
class Instance:
    """A document with its parameters, and what it calls the documents that it imports; `prefix` ends with a dot.

    `given` are its inputs whose place a block of an importer takes: that importer, and what it calls the block.
    """

    document: DocumentDecl
    given: dict[str, tuple[Instance, str]] = field(default_factory=dict)
    aliases: dict[str, Instance] = field(default_factory=dict)
    prefix: str = ""

    @property
    def own(self) -> frozenset[str]:
        """The names of its blocks and types."""
        return frozenset((*(b.name for b in self.document.blocks), *(e.name for e in self.document.events)))

    def inputs(self) -> Iterator[str]:
        """What it calls its inputs, and those of what it imports (`cpu.metrics`)."""
        yield from (i.name for i in self.document.inputs)
        for alias, other in self.aliases.items():
            yield from (f"{alias}.{name}" for name in other.inputs())

    def full(self, name: str) -> str:
        """The one full name of what this document calls `name`; of what does not exist, the one that it would have."""
        if name in self.given:
            importer, there = self.given[name]
            return importer.full(there)
        head, dot, rest = name.partition(".")
        if dot and head in self.aliases:
            return self.aliases[head].full(rest)
        return self.prefix + name


@dataclass(slots=True)
class Session:
    """One reading of a document with all that it imports."""

    loader: Loader | None
    read: Reader
    found: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    instances: dict[Key, Instance] = field(default_factory=dict)

    def follow(self, document: DocumentDecl, given: Mapping[str, str] | None = None) -> Instance:
        """The instance of a root document, with all that it imports; their prefixes are the shortest ways to them.

        `given` are values that the user gives for parameters of imports (`kube.limit`), in place of the importer's.
        """
        root = Instance(document)
        self._aliases(root, (normpath(document.source.name),), given or {}, {})
        waiting = [root]
        for instance in waiting:
            for alias, other in instance.aliases.items():
                if not other.prefix and other is not root:
                    other.prefix = f"{instance.prefix}{alias}."
                    waiting.append(other)
        return root

    def _aliases(self, instance: Instance, chain: tuple[str, ...], given: Mapping[str, str], instead: Instead) -> None:
        for declared in instance.document.imports:
            said = {there: (instance, here.name) for there, here in declared.inputs.items()}
            other = self._import(
                declared, instance, chain, _of(declared.alias, given), {**said, **_of(declared.alias, instead)}
            )
            if other is not None:
                instance.aliases[declared.alias] = other

    def _import(
        self,
        declared: ImportDecl,
        importer: Instance,
        chain: tuple[str, ...],
        given: Mapping[str, str],
        instead: Instead,
    ) -> Instance | None:
        loaded = self._load(declared, importer.document.source, chain)
        if loaded is None:
            return None
        name, source = loaded
        own, deeper = parted(given)
        document, found = self.read(source, {**declared.parameters, **own}, declared.span)
        self.found += found
        if document is None:
            return None
        parameters = tuple(sorted((p.name, p.value) for p in document.parameters))
        inputs = tuple(sorted((there, id(whose), here) for there, (whose, here) in instead.items()))
        key = (name, parameters, inputs, tuple(sorted(deeper.items())))
        if key not in self.instances:
            self.instances[key] = Instance(document, {n: block for n, block in instead.items() if "." not in n})
            self._aliases(self.instances[key], (*chain, name), deeper, instead)
            self._check_given(self.instances[key], deeper, declared)
        self._check_inputs(declared, self.instances[key], importer)
        return self.instances[key]

    def _check_given(self, instance: Instance, given: Mapping[str, str], at: ImportDecl) -> None:
        self.found += unknown_imports(instance.document, given, at.span)

    def _check_inputs(self, declared: ImportDecl, imported: Instance, importer: Instance) -> None:
        known = list(imported.inputs())
        here = sorted(importer.own)
        for name, instead in declared.inputs.items():
            if name not in known:
                self._no_block(f'{declared.document} has no input "{name}"', name, known, instead)
            elif "." not in instead.name and instead.name not in here:
                self._no_block(f'no block is called "{instead.name}"', instead.name, here, instead)

    def _no_block(self, summary: str, name: str, known: list[str], at: Ref) -> None:
        finding = Diagnostic(
            code="imports/inputs",
            summary=summary,
            span=at.span,
            path=at.path,
            suggestion=suggest(name, known),
            details=f"there are: {listed(known)}",
        )
        self.found.append(finding)

    def _load(self, declared: ImportDecl, importer: Source, chain: tuple[str, ...]) -> tuple[str, Source] | None:
        if len(chain) > DEEPEST or len(self.instances) >= MOST:
            self._say("imports/too-many", _too_many(len(chain)), declared)
            return None
        if self.loader is None:
            self._say("imports/unreadable", "other documents cannot be read from here", declared)
            return None
        try:
            name, data = self.loader(importer.name, declared.document)
        except ImportUnreadable as error:
            self._say("imports/unreadable", str(error), declared)
            return None
        if normpath(name) in chain:
            way = " -> ".join((*chain[chain.index(normpath(name)) :], normpath(name)))
            self._say("imports/cycle", f"documents import one another in a circle: {way}", declared)
            return None
        if name not in self.sources:
            source, found = decode(name, data)
            self.found += found
            if source is None:
                return None
            self.sources[name] = source
        return normpath(name), self.sources[name]

    def _say(self, code: str, summary: str, at: ImportDecl) -> None:
        self.found.append(Diagnostic(code=code, summary=summary, span=at.span, path=at.path))


V = TypeVar("V")


def _of(alias: str, said: Mapping[str, V]) -> dict[str, V]:
    """What is said of the import of this name, as it calls it itself."""
    lead = f"{alias}."
    return {name.removeprefix(lead): value for name, value in said.items() if name.startswith(lead)}


def parted(given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Values for a document's own parameters, and those for what it imports (`kube.limit`)."""
    own = {name: value for name, value in given.items() if "." not in name}
    return own, {name: value for name, value in given.items() if name not in own}


def unknown_imports(document: DocumentDecl, given: Mapping[str, str], at: Span) -> Iterator[Diagnostic]:
    """A finding for every value whose name begins with no alias of the document."""
    aliases = [i.alias for i in document.imports]
    for name in given:
        alias, _, rest = name.partition(".")
        if alias not in aliases:
            near = nearest(alias, aliases)
            yield Diagnostic(
                code="language/parameter",
                summary=f'--set {name}: no import is called "{alias}"',
                span=at,
                suggestion="" if near is None else f'did you mean "{near}.{rest}"?',
                details=f"imports: {listed(aliases)}" if aliases else "the document imports no other",
            )


def every(root: Instance) -> Iterator[Instance]:
    """All instances behind a root, each once, those that stand nearest to it first."""
    seen = [root]
    for instance in seen:
        yield instance
        seen += [o for o in instance.aliases.values() if all(o is not s for s in seen)]


def _too_many(depth: int) -> str:
    return f"imports are nested more than {DEEPEST} deep" if depth > DEEPEST else f"more than {MOST} documents imported"
