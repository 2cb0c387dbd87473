"""Message templates: plain replacement, and nothing that could run."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from slac.plan.messages import named_in
from slac.runtime.audits.messages import message


def test_columns_are_replaced_by_values() -> None:
    """Other braces stay as they are."""
    frame = pl.DataFrame({"a": ["x", None], "l.b": [1, 2]})
    template = "{a}: {l.b} {a} {none} {} {a!r} {a:>9} {{a}}"

    assert frame.select(message(template, frame.columns)).to_series().to_list() == [
        "x: 1 x {none} {} {a!r} {a:>9} {x}",
        "NULL: 2 NULL {none} {} {a!r} {a:>9} {NULL}",
    ]


def test_the_columns_of_a_template_are_known_before() -> None:
    """Each once, in order."""
    assert named_in("{b} {a} {b} {0}") == ("b", "a")
    assert named_in(None) == ()


def test_lengths_of_time_are_in_seconds() -> None:
    """And of a list each value stands beside the others."""
    frame = pl.DataFrame(
        {
            "d": [timedelta(milliseconds=20_001), timedelta(hours=1), timedelta(microseconds=-1_500_000), None],
            "l": [["a", "b"], [], None, [None, "c"]],
        }
    )
    assert frame.select(message("{d} {l}", frame.columns)).to_series().to_list() == [
        "20.001s a, b",
        "3600s ",
        "-1.5s NULL",
        "NULL c",
    ]
