"""Which patterns run by columns, and what `limit` and conditions that look back change about it."""

from __future__ import annotations

import pytest

from slac.plan.changes.state import fate_of
from slac.plan.columnar_patterns import column_shape, pattern_way
from tests.runtime.patterns.compiled import SECOND, node_of


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("every x=X -> y=Y", "next"),
        ("every x=X -> every y=Y(n > x.n)", "each"),
        ("every x=X -> (timer:interval(5s) and not Y)", "silence"),
        ("every x=X -> (not Y and timer:interval(5s))", "silence"),
        ("x=X and y=Y", "both"),
        ("every (x=X and y=Y)", "both"),
        ("[3] x=X", "count"),
        ("every [3] x=X", "count"),
    ],
)
def test_common_shapes_run_by_columns(pattern: str, kind: str) -> None:
    """Each is told from its tree, with bounds or without."""
    shape = column_shape(node_of(pattern, limit=5))
    assert shape is not None
    assert shape.kind == kind


@pytest.mark.parametrize(
    "pattern",
    [
        "x=X -> y=Y",
        "every (x=X -> y=Y)",
        "every x=X -[2]> y=Y",
        "every x=X and y=Y",
        "every (x=X and y=Y and z=Z)",
        "every ([2:3] x=X until y=Y)",
        "every x=X -> (timer:interval(1 month) and not Y)",
        "every x=X -> y=Y where timer:within(2s)",
        "every x=X -> y=Y(n > x.n)",
    ],
)
def test_everything_else_keeps_the_evaluator(pattern: str) -> None:
    """Also a shape in which `limit` would have to know which open matches a condition has picked."""
    assert pattern_way(node_of(pattern, limit=5)) == "general evaluator"


def test_a_change_of_the_way_loses_partial_matches() -> None:
    """Each way has a state of its own; a change that keeps both the way and the text keeps it."""
    plain, chosen = (node_of(f"every x=X -> y=Y{c}", limit=5, within=SECOND) for c in ("", "(n > x.n)"))
    assert fate_of(plain, chosen).outcome == "lost"
    assert "from by columns to general evaluator" in fate_of(plain, chosen).why
    assert fate_of(plain, plain).outcome == "kept"
