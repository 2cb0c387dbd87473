"""Rows, series and expectations of a test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slac.language.durations import format_duration, parse_duration
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import inner_span, unit
from slac.language.terms import Ref
from slac.language.tests.declarations import CellDecl, ExpectDecl, GivenDecl, RowDecl, SeriesDecl, VaryDecl
from slac.language.tests.instants import parse_at
from slac.language.tests.notation import MOST, values_of
from slac.language.yaml.nodes import Items, Mapping, Scalar, plain

AT: Final = "at"
"""The key of a row that says when; it is no column."""


def block_ref(cursor: Cursor) -> Ref:
    """A name as it stands, whatever it may mean."""
    return Ref(name=cursor.text or "", span=inner_span(cursor), path=cursor.path)


def given(cursor: Cursor, start: int) -> Iterator[GivenDecl]:
    """Rows of the block that the key names."""
    if isinstance(cursor.node, Items):
        yield GivenDecl(
            block=Ref(name=cursor.name, span=cursor.key_span, path=cursor.path),
            rows=tuple(row(item, start) for item in cursor.items()),
        )


def row(cursor: Cursor, start: int) -> RowDecl:
    """One row; a wrong instant is told."""
    at = cursor.get(AT)
    instant = unit(at, lambda text: parse_at(text, start)) if at is not None else None
    cells = tuple(_cell(c) for c in cursor.entries() if c.name != AT)
    return RowDecl(at=instant, cells=cells, span=cursor.key_span, path=cursor.path)


def _cell(cursor: Cursor) -> CellDecl:
    return CellDecl(
        name=cursor.name,
        value=plain(cursor.node),
        span=cursor.node.span,
        key_span=cursor.key_span,
        path=cursor.path,
    )


def series(cursor: Cursor, start: int) -> SeriesDecl | None:
    """One series; None where it is not complete."""
    every, length = unit(cursor.get("every"), parse_duration), unit(cursor.get("for"), parse_duration)
    first, block, fixed, vary = (cursor.get(k) for k in ("from", "block", "row", "vary"))
    instant = unit(first, lambda text: parse_at(text, start)) if first is not None else None
    if block is None or not every or length is None:
        return None
    if length // every > MOST:
        cursor.say("schema/bad-value", f"{format_duration(length)} every {format_duration(every)} are too many rows")
        return None
    return SeriesDecl(
        block=block_ref(block),
        every=every,
        count=-(-length // every),
        start=instant,
        row=tuple(_cell(c) for c in fixed.entries()) if fixed is not None else (),
        vary=tuple(v for c in (vary.entries() if vary is not None else ()) if (v := _vary(c)) is not None),
        span=block.key_span,
        path=cursor.path,
    )


def _vary(cursor: Cursor) -> VaryDecl | None:
    try:
        values = values_of(plain(cursor.node))
    except ValueError as error:
        cursor.say("schema/bad-value", str(error))
        return None
    return VaryDecl(name=cursor.name, values=values, span=cursor.node.span, key_span=cursor.key_span, path=cursor.path)


def expectation(cursor: Cursor, start: int) -> ExpectDecl | None:
    """What is expected of the block that the key names."""
    block = Ref(name=cursor.name, span=cursor.key_span, path=cursor.path)
    match cursor.node:
        case Scalar():
            return ExpectDecl(block=block, rows=(), span=cursor.key_span)
        case Items():
            rows = tuple(row(item, start) for item in cursor.items())
            return ExpectDecl(block=block, rows=rows, span=cursor.key_span)
        case Mapping():
            contains = cursor.get("contains")
            return ExpectDecl(
                block=block,
                rows=tuple(row(item, start) for item in contains.items()) if contains is not None else None,
                contains=contains is not None,
                count=_number(cursor.get("count")),
                refused=_number(cursor.get("refused")),
                span=cursor.key_span,
            )


def _number(cursor: Cursor | None) -> int | None:
    value = cursor.node.value if cursor is not None and isinstance(cursor.node, Scalar) else None
    return value if isinstance(value, int) else None
