"""The same expressions over the same rows in DuckDB: equal, or different on purpose and for a stated reason."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
import pytest
import yaml

from slac.plan.expressions import AnyExpr
from slac.plan.lowering import lower
from slac.stream.types import Timestamp, to_polars
from tests.compiler.sql.support import ROWS, frame, run

HERE = Path(__file__).parent
EXPRESSIONS = (HERE / "expressions.txt").read_text(encoding="utf-8").splitlines()
DIFFERENCES: dict[str, str] = yaml.safe_load((HERE / "differences.yaml").read_text(encoding="utf-8"))
RAISES = object()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", name="table")
def _table() -> Iterator[duckdb.DuckDBPyConnection]:
    """The rows as a DuckDB table; instants are UTC without saying so."""
    with duckdb.connect() as connection:
        columns = "i INT, a BIGINT, b BIGINT, f DOUBLE, s VARCHAR, ok BOOLEAN, t TIMESTAMP, d INTERVAL"
        connection.execute(f"CREATE TABLE rows ({columns})")
        for number, row in enumerate(ROWS):
            naive = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in row]
            connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [number, *naive])
        yield connection


@cache
def _translated(text: str) -> AnyExpr:
    found = run(text)
    assert found.expr is not None, [d.summary for d in found.diagnostics]
    return found.expr


def _ours(text: str) -> list[object]:
    values = frame().with_columns(result=lower(_translated(text)))["result"].to_list()
    return [(v - EPOCH) // timedelta(microseconds=1) if isinstance(v, datetime) else v for v in values]


def _theirs(text: str, table: duckdb.DuckDBPyConnection) -> list[object]:
    """Row by row, because one row that raises would hide the others."""
    shown = f"epoch_us({text})" if isinstance(_translated(text).dtype, Timestamp) else f"({text})"
    found: list[object] = []
    for number in range(len(ROWS)):
        try:
            row = table.execute(f"SELECT {shown} FROM rows WHERE i = {number}").fetchone()
        except duckdb.Error:
            found.append(RAISES)
        else:
            assert row is not None
            found.append(float(row[0]) if isinstance(row[0], Decimal) else row[0])
    return found


def _same(ours: object, theirs: object) -> bool:
    if theirs is RAISES:
        return ours is None
    if isinstance(ours, float) and isinstance(theirs, float | int):
        return (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=1e-12)
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


@pytest.mark.parametrize("text", [e for e in EXPRESSIONS if e not in DIFFERENCES])
def test_equal_to_duckdb(text: str, table: duckdb.DuckDBPyConnection) -> None:
    """Every row gives what DuckDB gives, and NULL where DuckDB raises."""
    ours, theirs = _ours(text), _theirs(text, table)

    assert [pair for pair in zip(ours, theirs, strict=True) if not _same(*pair)] == []


@pytest.mark.parametrize("text", DIFFERENCES)
def test_stated_differences_exist(text: str, table: duckdb.DuckDBPyConnection) -> None:
    """A difference that is gone leaves the list."""
    assert text in EXPRESSIONS
    ours, theirs = _ours(text), _theirs(text, table)

    assert not all(_same(*pair) for pair in zip(ours, theirs, strict=True)) or text == "FLOOR(a)"


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_what_was_promised_comes_out(text: str) -> None:
    """The Polars type is that of the expression, and there is no NULL where none was announced."""
    expr = _translated(text)
    found = frame().with_columns(result=lower(expr))["result"]

    assert found.dtype == to_polars(expr.dtype)
    assert expr.nullable or found.null_count() == 0


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_rows_do_not_know_their_batch(text: str) -> None:
    """One row at a time gives, to the bit, what all rows at once give."""
    whole = frame().with_columns(result=lower(_translated(text)))["result"]
    single = [
        frame()[i : i + 1].with_columns(result=lower(_translated(text)))["result"].item() for i in range(len(ROWS))
    ]

    assert [repr(v) for v in whole.to_list()] == [repr(v) for v in single]
