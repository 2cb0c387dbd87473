"""Keys of a block in the order in which they take effect, as far as the language defines one.

Of the keys that have such an order, the first stands where the first of them stood, and so on: all other keys, such
as `adapter`, `states` or `severity`, stay where their author put them. Comments above a key go along with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from slac.diagnostics import Position, Source
from slac.language.yaml.compose import compose
from slac.language.yaml.nodes import Mapping, Node, Scalar

ORDER: Final = ("from", "join", "where", "by", "window", "select", "then")
_SECTIONS: Final = ("probes", "computations", "audits")


def order_of_effect(source: Source) -> str:
    """The text of the source with the keys of its blocks in order; unchanged where it is no tree."""
    tree, _ = compose(source)
    text = source.text
    # From behind, so that what is still to be done keeps its place.
    for block in reversed(list(_blocks(tree))):
        wanted = _permutation([key.text for key, _ in block.entries])
        if wanted != sorted(wanted):
            text = (_permuted_flow if block.flow else _permuted_lines)(text, block, wanted)
    return text


def _blocks(tree: Node | None) -> Iterator[Mapping]:
    """Every block with keys of such an order, and every list of a report, which has them too, in document order."""
    spec = _get(tree, "spec")
    sections = [_get(spec, name) for name in _SECTIONS]
    mappings = [
        body
        for section in sections
        if isinstance(section, Mapping)
        for _, block in section.entries
        for body in (_reports(block) or [block])
        if isinstance(body, Mapping)
    ]
    return iter(sorted(mappings, key=lambda m: m.span.start))


def _reports(block: Node) -> list[Node]:
    """The bodies of an audit's report. The audit's own keys enclose them, and stay as they are."""
    report = _get(block, "report")
    return [body for _, body in report.entries] if isinstance(report, Mapping) else []


def _get(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Mapping) else None


def _permutation(keys: Sequence[str]) -> list[int]:
    """Which entry comes at each place."""
    places = [i for i, key in enumerate(keys) if key in ORDER]
    ordered = sorted(places, key=lambda i: ORDER.index(keys[i]))
    wanted = list(range(len(keys)))
    for place, index in zip(places, ordered, strict=True):
        wanted[place] = index
    return wanted


def _permuted_flow(text: str, block: Mapping, wanted: Sequence[int]) -> str:
    """Entries of `{ }` change places; what stands between them stays. Not where a comment stands inside."""
    starts = [_offset(text, key.span.start) for key, _ in block.entries]
    ends = [_end(text, value, start) for (_, value), start in zip(block.entries, starts, strict=True)]
    between = [text[e:s] for e, s in zip(ends, starts[1:], strict=False)]
    if any("#" in part for part in between) or not all(s < e for s, e in zip(starts, ends, strict=True)):
        return text
    pieces = [text[starts[i] : ends[i]] for i in wanted]
    joined = "".join(p + b for p, b in zip(pieces, [*between, ""], strict=True))
    return text[: starts[0]] + joined + text[ends[-1] :]


def _end(text: str, value: Node, start: int) -> int:
    end = _offset(text, value.span.end)
    return end if not (isinstance(value, Scalar) and value.text == "" and value.plain) else max(end, start)


def _permuted_lines(text: str, block: Mapping, wanted: Sequence[int]) -> str:
    """Entries of a block change places by whole lines, each with the comments above it."""
    lines = text.splitlines(keepends=True)
    keys = [key.span.start for key, _ in block.entries]
    if any(lines[k.line - 1][: k.column - 1].strip() for k in keys) or not text.endswith("\n"):
        return text
    starts = [_behind(lines, k.line - 1, blank=False) for k in keys]
    stop = _behind(lines, block.span.end.line - 1, blank=True)
    bounds = [*starts, max(stop, keys[-1].line)]
    pieces = ["".join(lines[bounds[i] : bounds[i + 1]]) for i in wanted]
    return "".join([*lines[: bounds[0]], *pieces, *lines[bounds[-1] :]])


def _behind(lines: Sequence[str], number: int, *, blank: bool) -> int:
    """The place (from 0) behind the last content above a line: before its comments, with `blank` its gaps too."""
    while number > 0 and (lines[number - 1].lstrip().startswith("#") or (blank and not lines[number - 1].strip())):
        number -= 1
    return number


def _offset(text: str, position: Position) -> int:
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: position.line - 1])) + position.column - 1
