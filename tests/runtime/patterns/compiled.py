"""Patterns as documents have them: compiled, run by the operator, and what it says in the words of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.language.patterns import arrays, atoms, parse_pattern, tags
from slac.plan.nodes import PatternNode
from slac.runtime.operator import OperatorContext
from slac.runtime.operators.pattern import PatternOperator
from slac.stream.batch import TIME, Batch
from tests.runtime.operators.driving import Driver, events

SECOND = 1_000_000
_DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: doc}}
spec:
  events:
    E: {{payload: {{id: string, n: int, key: string}}}}
  inputs: {{{inputs}}}
  computations:
    matches: {{pattern: "{pattern}", select: [{select}]{words}}}
  outputs:
    out: {{adapter: stdout, from: [matches]}}
"""
_COLUMNS = {"id": pl.String(), "n": pl.Int64(), "key": pl.String()}


def node_of(pattern: str, *, within: int | None = None, limit: int | None = None, by: str = "") -> PatternNode:
    """The node of a pattern over inputs X, Y, …; `select` gives the `id` of each tag, a list where it is repeated."""
    tree = parse_pattern(pattern).pattern
    streams = dict.fromkeys(a.stream for a in atoms(tree)) or {"X": None}
    several = arrays(tree)
    columns = [f'{{{t}: "{t if t in several else f"{t}.id"}"}}' for t in tags(tree)]
    select = ", ".join(["{at: EVENT_TIME()}", *columns])
    words = "" if within is None else f", within: {within}us"
    words += f", limit: {1_000_000 if limit is None else limit}"
    words += f", by: {by}" if by else ""
    document = _DOCUMENT.format(
        inputs=", ".join(f"{s}: {{adapter: file, path: {s}.ndjson, emits: E}}" for s in streams),
        pattern=pattern.replace("\\", "\\\\").replace('"', '\\"'),
        select=select,
        words=words,
    )
    plan = compile_document(Source("doc.yaml", document)).plan
    return next(n for n in plan.nodes if isinstance(n, PatternNode))


def rows_of(words: Iterable[str], keys: Sequence[str] = ("k",), step: int = SECOND) -> dict[str, pl.DataFrame]:
    """The rows of each type: X1 is of type X, one a second, keys in turn; ids differ between types."""
    made: dict[str, list[dict[str, Any]]] = {}
    for n, word in enumerate(words, 1):
        if word != "-":
            row = {TIME: n * step, "_id": n * 1_000, "id": word, "n": n, "key": keys[n % len(keys)]}
            made.setdefault(word[0], []).append(row)
    return {kind: events(rows, _COLUMNS) for kind, rows in made.items()}


def driver(node: PatternNode, start: int | None = 0) -> Driver:
    """The operator of a node."""
    return Driver(lambda: PatternOperator(node, OperatorContext(document="doc", start=start)))


def ports_of(node: PatternNode) -> Iterator[tuple[int, str]]:
    """Ports with the type that they read."""
    yield from enumerate(node.inputs)


def give_all(driven: Driver, node: PatternNode, rows: dict[str, pl.DataFrame]) -> None:
    """All rows of all types at once."""
    for port, kind in ports_of(node):
        if kind in rows:
            driven.give([Batch(rows[kind])], port)


def said(driven: Driver) -> list[str]:
    """What came out: `t=3s:x=X1 y=[Y1,Y2]`, in the order in which it came."""
    out = []
    for frame in driven.out:
        for row in frame.sort(TIME, maintain_order=True).iter_rows(named=True):
            bound = [
                f"{n}={_shown(v)}"
                for n, v in sorted(row.items())
                if n[0] != "_" and n not in ("key", "at") and v is not None
            ]
            seconds = row[TIME].timestamp()
            out.append(f"t={seconds:g}s" + (f":{' '.join(bound)}" if bound else ""))
    return out


def _shown(value: Any) -> str:
    return f"[{','.join(v['id'] for v in value)}]" if isinstance(value, list) else str(value)
