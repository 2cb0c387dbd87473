"""The tree that a YAML text becomes: scalars, mappings and sequences, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from slac.diagnostics import Span
from slac.language.terms import Segment, Step

Steps: TypeAlias = tuple[Step, ...]
"""The way from the root to a node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A single value: `text` as read, `value` as typed. `plain` is unquoted; `flow` stands inside `[ ]` or `{ }`."""

    text: str
    value: str | int | float | bool | None
    span: Span
    plain: bool = True
    flow: bool = False
    segments: tuple[Segment, ...] = ()
    size: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Keys and values in the order of the text; a key is always read as text, and stands once."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span
    flow: bool = False
    size: int = 1
    height: int = 1

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        return next((value for k, value in self.entries if k.text == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Items in order."""

    items: tuple[Node, ...]
    span: Span
    flow: bool = False
    size: int = 1
    height: int = 1


Node: TypeAlias = Scalar | Mapping | Items


def plain(node: Node) -> Any:
    """The node as plain data: dict, list, str, int, float, bool or None."""
    match node:
        case Scalar(value=value):
            return value
        case Mapping(entries=entries):
            return {key.text: plain(value) for key, value in entries}
        case Items(items=items):
            return [plain(item) for item in items]


def find(root: Node, steps: Sequence[Step]) -> tuple[Node, Span]:
    """The node at `steps` (or the last that exists on the way), and the place of its key, or of itself."""
    node, key_span = root, root.span
    for step in steps:
        found = _child(node, step)
        if found is None:
            break
        node, key_span = found
    return node, key_span


def _child(node: Node, step: Step) -> tuple[Node, Span] | None:
    match node, step:
        case Mapping(entries=entries), str():
            return next(((value, key.span) for key, value in entries if key.text == step), None)
        case Items(items=items), int() if step < len(items):
            return items[step], items[step].span
    return None


def walk(node: Node, steps: Steps = ()) -> Iterator[tuple[Steps, Node]]:
    """Every node with the way to it, in document order, each before what it holds."""
    yield steps, node
    match node:
        case Mapping(entries=entries):
            for key, value in entries:
                yield from walk(value, (*steps, key.text))
        case Items(items=items):
            for index, item in enumerate(items):
                yield from walk(item, (*steps, index))


def path_text(steps: Sequence[Step]) -> str:
    """`spec.probes.slow.select[3].ok`."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps]
    return "".join(parts).removeprefix(".")
