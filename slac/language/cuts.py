"""SQL that YAML cut in two without a word: by a comma inside `[ ]` or `{ }`, or by a ` #` that begins a comment."""

from __future__ import annotations

import re

from slac.diagnostics import Position, Span
from slac.language.findings import Findings
from slac.language.yaml.nodes import Node, Scalar, Steps, walk
from slac.language.yaml.quoting import quoted
from slac.language.yaml.scanning import end_of_expression, is_open

_LISTS = frozenset({"select", "then"})
_WORDS = frozenset({"where", "when"})
_COMMENT = re.compile(r"\s+#")


def check_cuts(root: Node, findings: Findings) -> None:
    """Adds a finding with the quoted form for every SQL expression of which YAML has taken only the first part."""
    for steps, node in walk(root):
        if isinstance(node, Scalar) and node.plain and len(node.segments) == 1 and _is_sql(steps):
            _check(node, steps, findings)


def _is_sql(steps: Steps) -> bool:
    if not steps or steps[0] != "spec" or steps[1:2] == ("parameters",):
        return False
    return steps[-1] in _WORDS or steps[-2:-1] == ("emits",) or _list_of(steps) is not None


def _list_of(steps: Steps) -> Steps | None:
    """The `select` or `then` of which `steps` is an entry, or the SQL of an entry."""
    match steps:
        case (*_, str(word), int()) if word in _LISTS:
            return steps[:-1]
        case (*_, str(word), int(), str()) if word in _LISTS:
            return steps[:-2]
    return None


def _check(scalar: Scalar, steps: Steps, findings: Findings) -> None:
    source, start = scalar.span.source, scalar.span.start
    line = source.line(start.line)
    rest = line[start.column - 1 :]
    if not is_open(scalar.text):
        return
    if _COMMENT.match(line, scalar.span.end.column - 1):
        whole, why, spoiled = rest.rstrip(), 'YAML takes " #" for the beginning of a comment', steps
    elif scalar.flow:
        whole, why = rest[: end_of_expression(rest)].rstrip(), "inside [ ] or { } a comma or a bracket ends the text"
        spoiled = _list_of(steps) or steps[:-1]
    else:
        return
    key = f"{steps[-1]}: " if isinstance(steps[-1], str) else ""
    if is_open(whole) and not line.startswith(",", scalar.span.end.column - 1):
        # Open to the end of the line, and not by a comma: what is wrong is the SQL, not how YAML reads it.
        return
    goes_on = "put quotes around the whole expression"
    findings.add(
        "yaml/cut-expression",
        "YAML cuts this SQL expression short",
        steps,
        Span(source, start, Position(start.line, start.column + len(whole))),
        suggestion=goes_on if is_open(whole) else f"write it as {key}{quoted(whole)}",
        details=why,
    )
    findings.spoil(spoiled)
