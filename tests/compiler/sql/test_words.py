"""Every word of SQL is a name that a column may have: bare, or in double quotes where the message says so."""

from itertools import count

import pytest
from sqlglot.dialects.duckdb import DuckDB

from slac.compiler.sql import Scope, translate, translate_aggregate
from slac.diagnostics import Position, Source, Span
from slac.language.document import Sql
from slac.stream.types import Field, Int, Schema, String

WORDS = sorted({w.lower() for w in DuckDB.Tokenizer.KEYWORDS if w.isidentifier()} | {
    "by", "count", "day", "default", "first", "hour", "key", "label", "last", "level", "max", "message", "min", "month",
    "name", "operation", "path", "range", "rank", "row", "rows", "service", "session", "session_user", "share", "span",
    "state", "status", "sum", "time", "timestamp", "top", "trace_id", "user", "value", "year", "zone",
})  # fmt: skip
FORMS = (
    "{w} > 1", "1 < {w}", "({w}) > 1", "other = 'a' AND {w} = 1", "NOT {w} = 1", "{w} IS NULL", "{w} IN (1, 2)",
    "{w} BETWEEN 1 AND 2", "ABS({w}) > 1", "COALESCE(1, {w}) > 1", "CASE WHEN {w} > 1 THEN {w} ELSE 0 END > 1",
    "CAST({w} AS float) > 1.0", "payload.{w} > 1",
)  # fmt: skip
AGGREGATES = ("SUM({w}) > 1", "COUNT(*) FILTER (WHERE {w} > 1) > 1", "MAX({w}) + MIN({w}) > 1")


def scope(word: str) -> Scope:
    """A stream with the column, which is a field of the payload too."""
    schema = Schema((Field(word, Int(), False), Field("other", String(), False)))
    return Scope.of(schema, stream='stream "t"').with_alias("payload", schema, prefix="")


def sql(text: str) -> Sql:
    """The text, standing in a file of its own."""
    return Sql(text=text, span=Span(Source("t.yaml", text), Position(1, 1), Position(1, len(text) + 1)))


def said(text: str, word: str, *, aggregate: bool) -> str | None:
    """None where the text means something; else the first finding."""
    names = (f"_a{n}" for n in count())
    done = (
        translate_aggregate(sql(text), scope(word), names)
        if aggregate
        else translate(sql(text), scope(word), condition=True)
    )
    first = next(iter(done.diagnostics), None)
    return None if first is None else f"{first.summary}; {first.suggestion}; {first.details}"


@pytest.mark.parametrize("word", WORDS)
def test_a_column_may_be_called_like_a_word_of_sql(word: str) -> None:
    """It is read as a column, or the finding says that it takes quotes; then in quotes it is one."""
    for aggregate, forms in ((False, FORMS), (True, AGGREGATES)):
        for form in forms:
            bare = said(form.replace("{w}", word), word, aggregate=aggregate)
            if bare is not None:
                assert f'words of SQL stand in double quotes: "{word}"' in bare, form
                assert said(form.replace("{w}", f'"{word}"'), word, aggregate=aggregate) is None, form
