"""A place in the tree with the way to it; asking for what is not there, or has the wrong form, gives nothing.

The JSON Schema has told of wrong forms before, so that readers need not repeat it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from slac.diagnostics import Span
from slac.language.findings import Findings
from slac.language.yaml.nodes import Items, Mapping, Node, Scalar, Steps, path_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A node, the place of its key (of itself in a list), the way to it, and where findings go."""

    node: Node
    key_span: Span
    steps: Steps
    findings: Findings

    @property
    def path(self) -> str:
        """The way as text."""
        return path_text(self.steps)

    @property
    def name(self) -> str:
        """The last step as text: the name of a block."""
        return str(self.steps[-1]) if self.steps else ""

    @property
    def text(self) -> str | None:
        """The text of a scalar that is not null."""
        return self.node.text if isinstance(self.node, Scalar) and self.node.value is not None else None

    def get(self, key: str) -> Cursor | None:
        """The value of a mapping's key."""
        return next((c for c in self.entries() if c.name == key), None)

    @property
    def words(self) -> tuple[str, ...]:
        """The keys of a mapping, those of which a finding has told all among them."""
        return tuple(key.text for key, _ in self.node.entries) if isinstance(self.node, Mapping) else ()

    def has(self, key: str) -> bool:
        """Whether a mapping has a key, whatever stands there."""
        return key in self.words

    def empty(self, key: str) -> Cursor:
        """An empty mapping at `key`, for a section that the document leaves out."""
        nothing = Mapping(entries=(), span=self.key_span)
        return Cursor(nothing, self.key_span, (*self.steps, key), self.findings)

    def entries(self) -> Iterator[Cursor]:
        """The values of a mapping, in order, without those of which a finding has told all."""
        if isinstance(self.node, Mapping):
            for key, value in self.node.entries:
                yield from self._below(Cursor(value, key.span, (*self.steps, key.text), self.findings))

    def items(self) -> Iterator[Cursor]:
        """The items of a list, in order; a single value counts as a list of one."""
        match self.node:
            case Items(items=items):
                for index, item in enumerate(items):
                    yield from self._below(Cursor(item, item.span, (*self.steps, index), self.findings))
            case Scalar():
                yield self

    def _below(self, cursor: Cursor) -> Iterator[Cursor]:
        if cursor.steps not in self.findings.spoiled:
            yield cursor

    def say(self, code: str, summary: str, *, suggestion: str = "", details: str = "") -> None:
        """Adds a finding about the value."""
        self.findings.add(code, summary, self.steps, self._place(), suggestion=suggestion, details=details)

    def _place(self) -> Span:
        return self.node.span if isinstance(self.node, Scalar) and self.node.text else self.key_span


def each(cursor: Cursor | None, read: Callable[[Cursor], T | None]) -> tuple[T, ...]:
    """What `read` makes of the values of a mapping, without those that it could not read."""
    made = (read(entry) for entry in cursor.entries()) if cursor is not None else ()
    return tuple(item for item in made if item is not None)
