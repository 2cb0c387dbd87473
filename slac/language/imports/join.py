"""Many documents become one: every block and type under its full name, every reference to it likewise.

An imported document brings its event types and blocks. Its outputs, placement, logging and runtime are its own affair,
for when it is run by itself; an input whose place a block of the importer takes is not brought either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from itertools import chain
from typing import Any, Final, TypeVar

from slac.language.document import DocumentDecl, Imported
from slac.language.imports.instances import Instance, every
from slac.language.machine_decls import LogMode
from slac.language.terms import DefaultFilled, Ref

T = TypeVar("T")

_STREAMS: Final = frozenset({"from_", "stream", "emits", "absent", "extends", "type", "blocks", "inhibit", "during"})
"""Fields of declarations whose references name blocks or types; all others name columns, states, nodes or adapters."""
_BROUGHT: Final = ("events", "inputs", "probes", "computations", "audits", "violations", "calendars", "tables")
_OWN: Final = ("logging", "runtime", "outputs", "placement")


def joined(root: Instance) -> DocumentDecl:
    """The root's document with all that it imports, under full names."""
    instances = list(every(root))
    brought = {part: tuple(chain.from_iterable(_part(i, part) for i in instances)) for part in _BROUGHT}
    document = root.document
    return replace(
        document,
        **brought,  # type: ignore[arg-type]
        outputs=_part(root, "outputs"),
        logging=replace(document.logging, blocks=dict(chain.from_iterable(map(_log_words, instances)))),
        placement=tuple(_placed(root, p) for p in document.placement),
        defaults=tuple(chain.from_iterable(map(_defaults, instances))),
        imported=tuple(_imported(i) for i in instances[1:]),
    )


def _part(instance: Instance, part: str) -> tuple[Any, ...]:
    declared = [d for d in getattr(instance.document, part) if part != "inputs" or d.name not in instance.given]
    return tuple(replace(_renamed(d, instance.full), name=instance.prefix + d.name) for d in declared)


def _log_words(instance: Instance) -> list[tuple[str, LogMode]]:
    """What a block says of itself comes with it."""
    words = instance.document.logging.blocks
    return [(instance.prefix + name, mode) for name, mode in words.items() if name not in instance.given]


def _placed(root: Instance, node: T) -> T:
    return _renamed(node, root.full)


def _renamed(decl: T, full: Callable[[str], str]) -> T:
    """A declaration whose references to blocks and types have full names, in what lies inside it too."""
    changes = {f.name: _value(f.name, getattr(decl, f.name), full) for f in fields(decl)}  # type: ignore[arg-type]
    return replace(decl, **changes)  # type: ignore[type-var]


def _value(name: str, value: Any, full: Callable[[str], str]) -> Any:
    match value:
        case Ref(name=named):
            return replace(value, name=full(named)) if name in _STREAMS and named != "*" else value
        case tuple():
            return tuple(_value(name, v, full) for v in value)
        case _ if is_dataclass(value) and type(value).__name__.endswith("Decl"):
            return _renamed(value, full)
        case _:
            return value


def _defaults(instance: Instance) -> tuple[DefaultFilled, ...]:
    if not instance.prefix:
        return instance.document.defaults
    own = (*(f"spec.{part}." for part in _OWN), *(f"spec.inputs.{name}." for name in instance.given))
    kept = (d for d in instance.document.defaults if not d.path.startswith(own))
    return tuple(DefaultFilled(f"{instance.prefix}{d.path}", d.value) for d in kept)


def _imported(instance: Instance) -> Imported:
    values = {p.name: p.value for p in instance.document.parameters}
    document = instance.document
    return Imported(prefix=instance.prefix, source=document.source, parameters=values, functions=document.functions)
