# ruff: noqa: INP001 - scripts, not a package
"""Writes the reference part of docs/language.md from the schema and the registries: `python tools/reference.py`.

Every example is evaluated here, so what the page shows is what slac computes; a test runs this again and compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import polars as pl
from reference_examples import AGGREGATE_EXAMPLES, FUNCTION_EXAMPLES, ROWS, TITLES

from slac.adapters import tables
from slac.compiler.sql import Scope, translate, translate_aggregate
from slac.diagnostics import Position, Source, Span
from slac.language.schema import schema
from slac.language.terms import Sql
from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.aggregates import final_exprs, partials
from slac.plan.functions import FUNCTIONS
from slac.plan.lowering import lower
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.types import Bool, Field, Float, Int, List, Map, Schema, String

PAGE: Final = Path(__file__).parents[1] / "docs" / "language.md"
BEGIN: Final = "<!-- reference: written by tools/reference.py; change what it reads, not this -->\n"

_LISTS: Final = Schema((Field("tags", List(String())), Field("labels", Map())))
_COLUMNS: Final = Schema((Field("module", String()), Field("ms", Float()), Field("n", Int()), Field("ok", Bool())))
_ONE_ROW: Final = {TIME: [0], "tags": [["a", "b"]], "labels": ['{"pod":"web-1"}']}
_LONE: Final = Scope.of(_LISTS, stream="the row of the examples")
_SCOPE: Final = Scope.of(_COLUMNS, stream="the rows of the examples")


def page(text: str) -> str:
    """The whole page: what is written by hand, then the reference."""
    return text.partition(BEGIN)[0].rstrip() + "\n\n" + BEGIN + "\n".join(_reference()) + "\n"


def _reference() -> Iterator[str]:
    yield from ("", "## Reference: keys", "")
    definitions: Mapping[str, Any] = {"spec": schema()["properties"]["spec"], **schema()["definitions"]}
    settings: Mapping[str, Any] = {"table": tables.SCHEMA}
    for name, title in TITLES.items():
        own = definitions[name].get("properties", {})
        yield from _keys(title, {**own, **settings.get(name, {}).get("properties", {})})
    yield from ("## Reference: functions", "", "`tags` is the list `a`, `b`, and `labels` the map `pod: web-1`.", "")
    yield from ("| function | also called | example |", "|---|---|---|")
    for function in FUNCTIONS.values():
        also = ", ".join(n for n in function.names if n not in function.usage)
        yield f"| {_code(function.usage)} | {also} | {_shown(FUNCTION_EXAMPLES[function.key])} |"
    yield from ("", "## Reference: aggregates", "", "Over these rows, in the order of time:", "", *_rows(), "")
    yield from ("| aggregate | also called | what it is | example |", "|---|---|---|---|")
    for aggregate in {a.key: a for a in AGGREGATES.values()}.values():
        example = _aggregated(AGGREGATE_EXAMPLES[aggregate.key])
        yield f"| {_code(aggregate.usage)} | {', '.join(aggregate.names)} | {aggregate.summary} | {example} |"


def _keys(title: str, properties: Mapping[str, Any]) -> Iterator[str]:
    built = {k: p for k, p in properties.items() if not p.get("x-not-built")}
    yield from (f"### {title}", "", "| key | what it is | form |", "|---|---|---|")
    for key, spec in built.items():
        yield f"| `{key}` | {_cell(spec.get('description', ''))} | {_cell(_form(spec))} |"
        for inner, its in _inside(spec).items():
            yield f"| `{key}: {inner}` | {_cell(its.get('description', ''))} | {_cell(_form(its))} |"
    waiting = [f"`{k}`" for k, p in properties.items() if p.get("x-not-built")]
    yield from ("", *([f"Not built yet: {', '.join(waiting)}.", ""] if waiting else []))


def _inside(spec: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The keys of a mapping that has no table of its own, with what is said of them."""
    ways = [spec, *spec.get("oneOf", []), *spec.get("anyOf", [])]
    inner = {k: p for way in ways for k, p in way.get("properties", {}).items()}
    return {k: p for k, p in inner.items() if "description" in p and not p.get("x-not-built")}


def _form(spec: Mapping[str, Any]) -> str:
    if "const" in spec:
        return f"`{spec['const']}`"
    if "enum" in spec:
        return ", ".join(f"`{v}`" for v in spec["enum"])
    kinds = spec.get("type", "mapping" if "allOf" in spec else "any")
    form = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    form = {"object": "mapping", "array": "list"}.get(form, form).replace("array", "list").replace("object", "mapping")
    return str(spec.get("x-unit", form))


def _sql(text: str) -> Sql:
    source = Source("example", text)
    return Sql(text=text, span=Span(source, Position(1, 1), Position(1, len(text) + 1)))


def _shown(text: str) -> str:
    translated = translate(_sql(text), _LONE)
    if translated.expr is None:
        raise ValueError(f"{text}: {[d.summary for d in translated.diagnostics]}")
    frame = pl.DataFrame(_ONE_ROW).with_columns(pl.col(TIME).cast(TIME_TYPE))
    return f"{_code(text)} is {_code(_value(frame.select(lower(translated.expr)).item()))}"


def _aggregated(text: str) -> str:
    translated = translate_aggregate(_sql(text), _SCOPE, (f"_a{n}" for n in count()))
    if translated.expr is None:
        raise ValueError(f"{text}: {[d.summary for d in translated.diagnostics]}")
    frame = pl.DataFrame(list(ROWS), schema=_COLUMNS.polars(), orient="row").with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).cast(TIME_TYPE).alias(TIME),
        pl.int_range(pl.len(), dtype=pl.UInt64).alias(ID),
    )
    done = partials(frame, [], translated.aggregates).select(final_exprs(translated.aggregates))
    value = done.select(lower(translated.expr).alias("value")).item()
    return f"{_code(text)} is {_code(_value(value))}"


def _rows() -> Iterator[str]:
    names = _COLUMNS.names
    yield from (f"| {' | '.join(names)} |", "|---" * len(names) + "|")
    yield from (f"| {' | '.join(_value(v) for v in row)} |" for row in ROWS)


def _value(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.6g}" if value != int(value) else f"{value:.1f}"
        case str():
            return f"'{value}'"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            return f"{value.total_seconds():g}s"
        case pl.Series() | list():
            return "[" + ", ".join(_value(v) for v in value) + "]"
        case dict():
            return "{" + ", ".join(f"{k}: {_value(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
