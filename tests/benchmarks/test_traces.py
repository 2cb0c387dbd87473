"""What the benchmark of traces compares is the same on both sides; no time is looked at."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks.traces.both import case_of
from benchmarks.traces.forms import FORMS, Form


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_slac_and_polars_say_the_same(form: Form, tmp_path: Path) -> None:
    """Over several batches, with traces across them, all of them valid."""
    case = case_of(form, form.arrow(2_000, tmp_path), 8_192)

    case.check()
    assert case.ours()["count"].sum() == 2_000


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_broken_traces_are_broken_on_both_sides(form: Form, tmp_path: Path) -> None:
    """Records that are lost, and operations that are not those of their call."""
    records = form.made(300).with_row_index("row")
    operation = pl.when(pl.col("row") % 250 == 0).then(pl.lit("other")).otherwise("operation")
    path = tmp_path / "broken.arrow"
    broken = records.filter(pl.col("row") % 97 != 0).with_columns(operation.alias("operation")).drop("row")
    broken.write_ipc(path)

    case = case_of(form, path, 500)

    case.check()
    assert 0 < case.ours()["count"].sum() < 300


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_inputs_are_the_same_every_time(form: Form) -> None:
    """They are drawn from a seed."""
    assert form.made(100).equals(form.made(100))
