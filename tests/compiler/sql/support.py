"""A stream of every type with NULLs, NaN and extremes, and SQL as if it stood in a document."""

from datetime import UTC, datetime, timedelta

import polars as pl

from slac.compiler.sql import Scope, Translated, translate
from slac.diagnostics import Diagnostic, Position, Source, Span
from slac.language.document import Segment, Sql
from slac.stream.types import Bool, Duration, Field, Float, Int, Schema, String, Struct, Timestamp

SCHEMA = Schema(
    (
        Field("a", Int()),
        Field("b", Int(), nullable=False),
        Field("f", Float()),
        Field("s", String()),
        Field("ok", Bool()),
        Field("t", Timestamp()),
        Field("d", Duration()),
        Field("st", Struct((Field("x", Int()), Field("y", String(), nullable=False)))),
    )
)
MOST, LEAST = (1 << 63) - 1, -(1 << 63)

ROWS: tuple[tuple[object, ...], ...] = (
    (None, 0, None, None, None, None, None),
    (0, 1, 0.0, "", True, datetime(2024, 2, 29, 12, 34, 56, 789012, UTC), timedelta(seconds=90)),
    (7, -2, 2.5, "abc", False, datetime(1969, 12, 31, 23, 59, 59, 500000, UTC), timedelta(0)),
    (-7, 3, -2.5, "Añb😀c", True, datetime(2023, 1, 1, tzinfo=UTC), timedelta(days=-1, microseconds=1)),
    (MOST, 1, float("nan"), "  x y ", None, datetime(2024, 12, 31, 23, tzinfo=UTC), timedelta(hours=5)),
    (LEAST, -1, float("inf"), "a%b_c", False, datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=7)),
    (2, 2, float("-inf"), "12", True, datetime(2024, 7, 7, 1, 2, 3, 4, UTC), timedelta(minutes=5)),
    (-1, 5, 3.5, "ABC", None, datetime(2024, 3, 31, 1, tzinfo=UTC), timedelta(milliseconds=1500)),
    (100, 7, 1e308, "x\ny", False, None, None),
)

SCOPE = Scope.of(SCHEMA, stream='stream "runs"', path="spec.probes.slow.where").with_alias(
    "l", Schema((Field("value", Float()), Field("zone", String(), nullable=False))), nullable=True
)


def frame() -> pl.DataFrame:
    """The rows as a batch, with `_time` and the joined columns."""
    columns = {name: dtype for name, dtype in SCHEMA.polars().items() if name != "st"}
    rows = pl.DataFrame(list(ROWS), schema=columns, orient="row")
    struct = pl.struct(x="a", y=pl.col("s").fill_null("-"))
    return rows.with_columns(
        pl.when(pl.col("a").is_not_null()).then(struct).alias("st"),
        pl.datetime(2024, 1, 1, time_unit="us", time_zone="UTC").alias("_time"),
        pl.col("f").alias("l.value"),
        pl.col("s").alias("l.zone"),
    )


def sql(text: str) -> Sql:
    """SQL that is a source of its own, so that its columns are those of the text."""
    lines = text.split("\n")
    offsets = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
    segments = tuple(
        Segment(offset, len(line), Position(number, 1))
        for number, (offset, line) in enumerate(zip(offsets, lines, strict=True), start=1)
        if line
    )
    end = Position(len(lines), len(lines[-1]) + 1)
    return Sql(text=text, span=Span(Source("sla.yaml", text), Position(1, 1), end), segments=segments)


def run(text: str) -> Translated:
    """The translation over the stream of every type."""
    return translate(sql(text), SCOPE)


def marked(diagnostic: Diagnostic) -> str:
    """The text that a finding points at."""
    span = diagnostic.span
    assert span is not None
    lines = span.source.text.split("\n")
    if span.start.line == span.end.line:
        return lines[span.start.line - 1][span.start.column - 1 : span.end.column - 1]
    first = lines[span.start.line - 1][span.start.column - 1 :]
    last = lines[span.end.line - 1][: span.end.column - 1]
    return "\n".join([first, *lines[span.start.line : span.end.line - 1], last])
