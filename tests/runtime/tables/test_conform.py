"""What becomes of the rows of a table: typed, or set aside with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from slac.plan.nodes import TableSpec
from slac.runtime.tables.conform import conformed
from slac.stream.types import AnyType, Bool, Duration, Enum, Field, Float, Int, Schema, String, Timestamp

SCHEMA = Schema((Field("k", String(), nullable=False), Field("v", Float(), nullable=True)))
TABLE = TableSpec(key=("k",), max_rows=100)


def test_rows_of_text_get_their_types_and_wrong_ones_are_set_aside() -> None:
    """As a CSV file has them: what is no number, has no key, or has the key of another row does not count."""
    given = pl.DataFrame({"k": ["a", "b", "c", None, "a"], "v": ["1.5", None, "much", "2", "3"]})
    rows, aside = conformed(given, SCHEMA, TABLE)

    assert rows.rows() == [("a", 1.5), ("b", None)]
    assert [(q.index, q.reason) for q in aside] == [
        (2, '"v" is not a float'),
        (3, '"k" is missing'),
        (4, "another row has the same k"),
    ]
    assert aside[0].raw == b'{"k":"c","v":"much"}'


@pytest.mark.parametrize(
    ("dtype", "given", "value"),
    [
        (Int(), pl.Series(["7"]), 7),
        (Int(), pl.Series(["7.5"]), None),
        (Int(), pl.Series([7.0]), 7),
        (Int(), pl.Series([7.5]), None),
        (Float(), pl.Series([7]), 7.0),
        (Float(), pl.Series([Decimal("7.25")]), 7.25),
        (Float(), pl.Series([True]), None),
        (Bool(), pl.Series(["True"]), True),
        (Bool(), pl.Series([1]), True),
        (Bool(), pl.Series([2]), None),
        (Duration(), pl.Series(["5m"]), timedelta(minutes=5)),
        (Duration(), pl.Series(["five"]), None),
        (Timestamp(), pl.Series(["2024-01-01T00:00:00Z"]), datetime(2024, 1, 1, tzinfo=UTC)),
        (Timestamp(), pl.Series([datetime(2024, 1, 1)]), datetime(2024, 1, 1, tzinfo=UTC)),  # noqa: DTZ001
        (Timestamp(), pl.Series([date(2024, 1, 1)]), datetime(2024, 1, 1, tzinfo=UTC)),
        (Timestamp(), pl.Series([timedelta(days=1)]), None),
        (Duration(), pl.Series([date(2024, 1, 1)]), None),
        (Duration(), pl.Series([datetime(2024, 1, 1)]), None),  # noqa: DTZ001
        (Enum(("low", "high")), pl.Series(["low"]), "low"),
        (Enum(("low", "high")), pl.Series(["mid"]), None),
        (String(), pl.Series([7]), None),
    ],
)
def test_a_value_is_of_its_type_or_set_aside(dtype: AnyType, given: pl.Series, value: Any) -> None:
    """Nothing is bent: a number is no text, and 7.5 is no integer."""
    schema = Schema((Field("k", String(), nullable=False), Field("v", dtype, nullable=True)))
    rows, aside = conformed(pl.DataFrame({"k": ["a"], "v": given}), schema, TABLE)

    assert rows["v"].to_list() == ([] if value is None else [value])
    assert len(aside) == (value is None)


def test_an_empty_table_is_a_table() -> None:
    """Without a row and without a column."""
    rows, aside = conformed(pl.DataFrame(), SCHEMA, TABLE)

    assert rows.schema == SCHEMA.polars()
    assert (rows.height, aside) == (0, [])
