"""Few rows are gone through one by one, many by queries: both find the same."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.traces import spans
from slac.runtime.traces.classes import text_hashes
from slac.runtime.traces.groups import Groups
from slac.runtime.traces.numbered import numbered
from slac.runtime.traces.records import PARENT, SPAN, _callers

NAME = st.none() | st.sampled_from("abc")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(NAME, NAME), min_size=1, max_size=6), min_size=1, max_size=4))
def test_callers(traces: list[list[tuple[str | None, str | None]]]) -> None:
    """The caller of each span within its trace, and which spans have a name that was there before."""
    names = [name for trace in traces for name in trace]
    frame = pl.DataFrame(names, schema={SPAN: pl.String, PARENT: pl.String}, orient="row")
    groups = Groups.sized(np.array([len(trace) for trace in traces]))

    few, many = spans._few_callers(frame, groups), spans._callers(frame, groups)

    assert few[0].tolist() == many[0].tolist()
    assert few[1].tolist() == many[1].tolist()


def test_hashes_of_texts() -> None:
    """Also of a missing one."""
    texts = pl.Series("t", ["a", None, "b", "a", ""])
    many = pl.concat([texts] * 1000)

    assert text_hashes(many).tolist() == text_hashes(texts).tolist() * 1000


def test_callers_that_are_none() -> None:
    """NULL, nothing, and zeros only."""
    texts = pl.Series(PARENT, [None, "", "0", "0000", "00a0", "b"])
    many = pl.concat([texts] * 1000)

    assert _callers(texts).to_list() == [None, None, None, None, "00a0", "b"]
    assert _callers(many).to_list() == _callers(texts).to_list() * 1000


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), min_size=1, max_size=12))
def test_numbers_of_traces(keys: list[tuple[str, int]]) -> None:
    """Rows have one number where they have one key, of few rows and of many."""
    rows = pl.DataFrame(keys, schema={"a": pl.String, "b": pl.Int64}, orient="row")
    for frame in (rows, pl.concat([rows] * 3000)):
        found = numbered([frame], ["a", "b"]).slots[0]
        of = dict(zip(found.tolist(), frame.rows(), strict=True))

        assert [of[number] for number in found.tolist()] == frame.rows()
        assert len(of) == len(set(keys))
