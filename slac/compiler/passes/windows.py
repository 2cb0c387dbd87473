"""The words of a computation fit together: `by`, `window`, `select` and what its upstream carries.

Before: `{from: runs, by: module, select: [ok]}`. After: a finding which says that `by` needs a `window`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from slac.compiler.draft import Draft, Found, breaking
from slac.compiler.side import SIDE
from slac.diagnostics import Diagnostic
from slac.language.document import BlockDecl, ComputationDecl
from slac.language.durations import format_duration
from slac.language.terms import Ref
from slac.plan.aggregate_signatures import AGGREGATES


def windows(draft: Draft) -> Found:
    """Check every computation; one whose words do not fit is broken."""
    windowed = _windowed(draft)
    found = [(c.name, d) for c in _computations(draft) for d in _of(c, windowed)]
    return replace(draft, broken=breaking(draft.broken, (n for n, _ in found))), [d for _, d in found]


_SAMPLES: Final = re.compile(
    rf"\b({'|'.join(name for name, a in AGGREGATES.items() if a.samples)})\s*\(", re.IGNORECASE
)
"""What reads a sample together with the one before it, and so needs `by` without a window."""
_OF_EACH_KEY: Final = frozenset({"session", "sliding", "running"})
"""Windows that depend on the rows of a key: there is nothing that the rows of several keys would share."""


def _computations(draft: Draft) -> Iterator[ComputationDecl]:
    computations = (c for c in draft.document.computations if c.name not in draft.broken)
    return (c for c in computations if isinstance(c, ComputationDecl))


def _windowed(draft: Draft) -> dict[str, bool]:
    """Which blocks' rows carry a window that keys share: those with one, and row by row what reads such a stream."""
    result: dict[str, bool] = {}
    for name in draft.order:
        block = draft.blocks[name]
        source: Ref | None = (
            getattr(block, "from_", None) if not isinstance(getattr(block, "from_", None), tuple) else None
        )
        inherited = source is not None and result.get(source.name, source.name in draft.broken)
        # Pairs are rows of their own, of no window.
        inherited = inherited and not _makes_pairs(block)
        window = getattr(block, "window", None)
        result[name] = inherited if window is None else window.kind not in _OF_EACH_KEY
        result[f"{name}{SIDE}"] = False
    return result


def _makes_pairs(block: BlockDecl) -> bool:
    return any(j.kind == "interval" for j in getattr(block, "join", ()))


def _of(block: ComputationDecl, windowed: dict[str, bool]) -> Iterator[Diagnostic]:
    if block.window is None:
        yield from _without(block)
        return
    if block.select is None:
        yield _finding(
            "windows/nothing-computed",
            "a window needs a `select` that says what to compute over its rows",
            block.window,
            "for example `select: [{n: COUNT(*)}]`",
        )
    yield from _sizes(block)
    if block.window.kind == "same" and _makes_pairs(block):
        yield _finding(
            "windows/no-upstream-window",
            "`window: same` takes the window of the rows that come in, and the pairs of an interval join are of none",
            block.window,
            "write a window of its own, for example `window: tumbling 10m`",
        )
    elif block.window.kind == "same" and not windowed.get(block.from_.name, True):
        yield _finding(
            "windows/no-upstream-window",
            f'`window: same` takes the window of "{block.from_.name}", whose rows have none in common',
            block.window,
            "write a window of its own, for example `window: tumbling 10m`, or read a computation that has one",
        )


def _without(block: ComputationDecl) -> Iterator[Diagnostic]:
    if block.by and not any(_SAMPLES.search(c.sql.text) for c in block.select or () if c.sql is not None):
        yield _finding(
            "windows/by-without-window",
            "`by` without `window` has no effect: rows are grouped within a window only",
            block.by[0],
            "add a `window`, select RATE, INCREASE or DELTA of a series, or leave `by` out "
            "(a join has a `by` of its own; columns are listed in `select`)",
        )
    if block.select is None and not block.then and not block.join and block.where is None:
        yield Diagnostic(
            code="windows/nothing-computed",
            summary=f'the computation "{block.name}" computes nothing',
            span=block.span,
            path=block.path,
            details="it needs at least one of join, where, window, select, then",
        )


def _sizes(block: ComputationDecl) -> Iterator[Diagnostic]:
    window = block.window
    if window is None or window.kind != "hopping" or (window.every_us and window.size_us % window.every_us == 0):
        return
    size, every = format_duration(window.size_us), format_duration(window.every_us)
    yield _finding(
        "windows/size",
        f"a hopping window of {size} cannot start every {every}: the size must be a multiple of the hop",
        window,
        f"the nearest sizes that fit: {_fitting(window.size_us, window.every_us)}",
    )


def _fitting(size: int, every: int) -> str:
    below = size // every * every if every else 0
    return " and ".join(format_duration(s) for s in (below, below + every) if s)


def _finding(code: str, summary: str, at: object, details: str) -> Diagnostic:
    return Diagnostic(code=code, summary=summary, span=getattr(at, "span"), path=getattr(at, "path"), details=details)  # noqa: B009
