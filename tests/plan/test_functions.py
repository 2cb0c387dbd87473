"""The registry of functions as a whole: what is named is unique, typed, explained and tried."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from slac.plan.casts import CASTS, can_cast, targets
from slac.plan.functions import FUNCTIONS, SQL_NAMES
from slac.plan.scalar import arithmetic, collections, logic, mathematics, text, time
from slac.plan.signatures import BOOL, FLOAT, INT, NULL, SCALAR, STRING, TIMESTAMP, common_type, fits, resolve

THEMES = (logic, arithmetic, mathematics, text, time, collections)
TRIED = (Path(__file__).parents[1] / "compiler" / "sql" / "expressions.txt").read_text(encoding="utf-8")
OURS = {
    "LIST_CONTAINS",
    "LIST_HAS",
    "SECONDS",
    "MILLIS",
    "INSTR",
    "CHAR_LENGTH",
    "LCASE",
    "UCASE",
    "PREFIX",
    "SUFFIX",
    "CEILING",
    "POW",
}
"""Names that DuckDB has not, or that are a second name for one that is tried."""


def test_keys_and_names_are_unique() -> None:
    """No function hides another."""
    every = [function for theme in THEMES for function in theme.FUNCTIONS]

    assert len(FUNCTIONS) == len(every)
    assert len(SQL_NAMES) == sum(len(function.names) for function in every)
    assert all(name == name.upper() for name in SQL_NAMES)


@pytest.mark.parametrize("name", SQL_NAMES)
def test_every_function_is_tried_and_explained(name: str) -> None:
    """Its usage shows one of its names, and DuckDB has been asked about it."""
    function = SQL_NAMES[name]

    assert any(f"{n}(" in function.usage for n in function.names) or function.key in ("%", "extract_epoch")
    assert f"{name}(" in TRIED or name in OURS


@pytest.mark.parametrize("key", FUNCTIONS)
def test_a_null_fits_every_argument(key: str) -> None:
    """Every rule can be resolved with bare NULLs, and gives them a type of their own."""
    function = FUNCTIONS[key]
    counts = [n for n in range(1, 4) if any(rule.takes(n) for rule in function.rules)]

    assert counts
    assert all(resolve(function.rules, [NULL] * n) is not None for n in counts)


def test_widening() -> None:
    """An int stands for a float, NULL for everything, and nothing else for anything else."""
    pairs = {(str(a), str(b)) for a, b in product((*SCALAR, NULL), SCALAR) if a != b and fits(a, b)}

    assert pairs == {("int", "float")} | {("null", str(t)) for t in SCALAR}


def test_common_types() -> None:
    """The type that all fit, in any order."""
    assert common_type([INT, FLOAT, NULL]) == common_type([NULL, FLOAT, INT]) == FLOAT
    assert common_type([NULL, NULL]) == NULL
    assert common_type([INT, STRING]) is None
    assert common_type([STRING, NULL, STRING]) == STRING


def test_casts() -> None:
    """A type converts to itself and from NULL; a duration converts to nothing, because its unit would be a guess."""
    assert all(can_cast(t, t) and can_cast(NULL, t) for t in SCALAR)
    assert {str(a) for a, _ in CASTS} == {"bool", "int", "float", "string", "timestamp", "map"}
    assert not can_cast(INT, TIMESTAMP)
    assert targets(BOOL) == ["int", "float", "string"]
