"""`${name}`, `${VAR:-default}`, `${VAR:?message}` and `$$` (a dollar sign), filled in after the YAML is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace

from slac.diagnostics import listed, suggest
from slac.language.findings import Findings
from slac.language.terms import Segment
from slac.language.yaml.nodes import Items, Mapping, Node, Scalar, Steps
from slac.language.yaml.scalars import typed

_PLACE = re.compile(r"\$(?:\$|\{(?P<inside>[^}]*)\}|\{)")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*)|:\?(?P<message>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variables:
    """What a `${…}` may name: the document's parameters first (None: no value), then the environment."""

    parameters: ReadOnly[str, str | None]
    environment: ReadOnly[str, str]

    def get(self, name: str) -> str | None:
        """The value of `name`, or None."""
        return self.parameters[name] if name in self.parameters else self.environment.get(name)


class _Unset(Exception):  # caught in this module: the finding is already told
    """A scalar that cannot be filled in."""


def substitute(
    node: Node, variables: Variables, findings: Findings, steps: Steps = (), *, skip: Steps | None = None
) -> Node:
    """The same tree with every scalar value filled in; keys, and what stands at `skip`, stay as they are."""
    if steps == skip:
        return node
    match node:
        case Scalar() if "$" in node.text:
            return _filled(node, variables, findings, steps)
        case Mapping(entries=entries):
            pairs = tuple((k, substitute(v, variables, findings, (*steps, k.text), skip=skip)) for k, v in entries)
            return replace(node, entries=pairs)
        case Items(items=items):
            filled = tuple(substitute(v, variables, findings, (*steps, i), skip=skip) for i, v in enumerate(items))
            return replace(node, items=filled)
    return node


def places(node: Node, steps: Steps = (), *, skip: Steps | None = None) -> Iterator[tuple[Steps, str]]:
    """Where `substitute` fills something in, with the text that stands there in the document."""
    if steps == skip:
        return
    match node:
        case Scalar(text=text) if "${" in text:
            yield steps, text
        case Mapping(entries=entries):
            for key, value in entries:
                yield from places(value, (*steps, key.text), skip=skip)
        case Items(items=items):
            for i, item in enumerate(items):
                yield from places(item, (*steps, i), skip=skip)


def _filled(scalar: Scalar, variables: Variables, findings: Findings, steps: Steps) -> Scalar:
    text, segments, cursor = "", [], 0
    try:
        for place in _PLACE.finditer(scalar.text):
            segments += _moved(scalar, cursor, place.start(), len(text))
            text += scalar.text[cursor : place.start()] + _value(place, variables, scalar, findings, steps)
            cursor = place.end()
    except _Unset:
        findings.spoil(steps)
        return scalar
    if cursor == 0:
        return scalar
    segments += _moved(scalar, cursor, len(scalar.text), len(text))
    text += scalar.text[cursor:]
    return replace(scalar, text=text, value=typed(text) if scalar.plain else text, segments=tuple(segments))


def _moved(scalar: Scalar, start: int, end: int, to: int) -> list[Segment]:
    """The segments of `[start, end)` of the old text, which stands at `to` in the new one."""
    moved = []
    for segment in scalar.segments:
        first, last = max(start, segment.offset), min(end, segment.offset + segment.length)
        if first < last:
            moved.append(Segment(first - start + to, last - first, segment.at(first)))
    return moved


def _value(place: re.Match[str], variables: Variables, scalar: Scalar, findings: Findings, steps: Steps) -> str:
    if place[0] == "$$":
        return "$"
    inside = _INSIDE.fullmatch(place["inside"] or "")
    if inside is None:
        _complain(
            findings, f"{place[0]} is not a variable", scalar, steps, "write ${NAME}, or ${NAME:-default}; $$ is a $"
        )
        raise _Unset
    value = variables.get(inside["name"])
    if value:
        return value
    if inside["default"] is not None:
        return inside["default"]
    if value is not None and inside["message"] is None:
        return value
    if inside["name"] not in variables.parameters:
        _unset(inside, variables, scalar, findings, steps)
    raise _Unset


def _unset(inside: re.Match[str], variables: Variables, scalar: Scalar, findings: Findings, steps: Steps) -> None:
    name = inside["name"]
    told = f": {inside['message']}" if inside["message"] else ""
    near = suggest(name, [*variables.parameters, *variables.environment])
    details = f"parameters: {listed(variables.parameters)}; a default is written ${{{name}:-value}}"
    _complain(
        findings, f'"{name}" is neither a parameter nor set in the environment{told}', scalar, steps, near, details
    )


def _complain(
    findings: Findings, summary: str, scalar: Scalar, steps: Steps, suggestion: str, details: str = ""
) -> None:
    findings.add("language/variable", summary, steps, scalar.span, suggestion=suggestion, details=details)
