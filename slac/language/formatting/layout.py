"""Indentation, blanks and line breaks, by ruamel.yaml, told to take every scalar as it is written."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.emitter import RoundTripEmitter
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import MappingStartEvent
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

WIDTH: Final = 120
_NO_WIDTH: Final = 10**9


def lay_out(text: str) -> str | None:
    """The text with two blanks a level and lines of up to 120 characters between items; None where it fails."""
    yaml = YAML(typ="rt")
    yaml.Resolver = _Verbatim
    yaml.Emitter = _Braces
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.explicit_start = any(line.startswith("---") for line in text.splitlines())
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    try:
        yaml.dump(yaml.load(text), out)
    # The library answers some mistakes with errors of its own making; whatever happens, the document stays as it was.
    except (YAMLError, ValueError, TypeError, AttributeError, LookupError, AssertionError, NotImplementedError):
        return None
    return out.getvalue()


class _Verbatim(VersionedResolver):
    """Every scalar is text, so that numbers, times and words keep their spelling; only nothing at all is null."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node without one."""
        if kind is ScalarNode and implicit[0]:
            return Tag(suffix="tag:yaml.org,2002:null" if value == "" else "tag:yaml.org,2002:str")
        return super().resolve(kind, value, implicit)


class _Braces(RoundTripEmitter):
    """Writes `[{a: b}]`, never `[a: b]`; breaks no line within a text or right behind `[` or `{`."""

    def expect_node(self, *args: Any, **kwargs: Any) -> None:
        """Write the node of the current event."""
        if isinstance(self.event, MappingStartEvent):
            self.event.nr_items = 0 if self.event.nr_items == 0 else 2
        super().expect_node(*args, **kwargs)

    def write_plain(self, text: Any, split: Any = None) -> None:
        """Write a text without quotes."""
        del split
        self._unbroken(lambda: super(_Braces, self).write_plain(text, split=False))

    def write_single_quoted(self, text: Any, split: Any = None) -> None:
        """Write a text in single quotes."""
        del split
        super().write_single_quoted(text, split=False)

    def write_double_quoted(self, text: Any, split: Any = None) -> None:
        """Write a text in double quotes."""
        del split
        super().write_double_quoted(text, split=False)

    def expect_first_flow_sequence_item(self) -> None:
        """Write what stands behind `[`."""
        self._unbroken(super().expect_first_flow_sequence_item)

    def expect_first_flow_mapping_key(self) -> None:
        """Write what stands behind `{`."""
        self._unbroken(super().expect_first_flow_mapping_key)

    def _unbroken(self, write: Callable[[], None]) -> None:
        width, self.best_width = self.best_width, _NO_WIDTH
        try:
            write()
        finally:
            self.best_width = width
