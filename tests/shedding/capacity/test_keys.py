"""Distinct values of column sets, from what is declared."""

from __future__ import annotations

from slac.plan.expressions import Column, Literal, NamedExpr
from slac.shedding.capacity.keys import ASSUMED_KEYS, declared_keys
from slac.stream.types import Int, String

KEYS = declared_keys({"module": 20, "host": 3, "module, test_case": 50})


def test_declared_counts_in_any_order() -> None:
    """A set of columns has no order."""
    assert KEYS.count(("test_case", "module")) == (50, True)
    assert KEYS.count(()) == (1, True)


def test_product_of_parts_and_bound_by_a_larger_set() -> None:
    """Two declared columns multiply; a column without a count has at most that of a set that holds it."""
    assert KEYS.count(("module", "host")) == (60, True)
    assert KEYS.count(("test_case",)) == (50, True)


def test_nothing_declared_is_assumed() -> None:
    """And said to be."""
    assert KEYS.count(("user",)) == (ASSUMED_KEYS, False)


def test_a_select_renames_and_forgets() -> None:
    """A column that passes keeps its count under its new name; a computed one has none."""
    columns = (
        NamedExpr(name="m", expr=Column(name="module", dtype=String())),
        NamedExpr(name="host", expr=Literal(value=1, dtype=Int())),
    )
    renamed = KEYS.renamed(columns)
    assert renamed.count(("m",)) == (20, True)
    assert renamed.count(("host",)) == (ASSUMED_KEYS, False)
    assert KEYS.renamed(None) == KEYS


def test_a_join_prefixes() -> None:
    """Right columns are `alias.column`."""
    assert KEYS.prefixed("l").count(("l.module",)) == (20, True)
