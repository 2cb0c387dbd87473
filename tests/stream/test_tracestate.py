"""The `ot` entry of a tracestate: what samplers say, what is none, and what is told to whoever reads next."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from slac.stream.tracestate import RANGE, erased, of_trace_ids, raised, sampling, threshold_text

HIGHER = 0xE0000000000000


@pytest.mark.parametrize(
    ("text", "threshold", "explicit", "is_malformed"),
    [
        ("ot=th:8", RANGE // 2, None, False),
        ("foo=bar, ot=p:1;th:c;rv:00112233445566", 3 * RANGE // 4, 0x112233445566, False),
        ("['{key=ot, value=th:fd70a4}']", 0xFD70A400000000, None, False),
        ("ot=rv:1", None, None, True),
        ("ot=th:", None, None, True),
        ("ot=nonsense", None, None, True),
        ("x=ot=th:8", None, None, False),
        ("", None, None, False),
        (None, None, None, False),
    ],
)
def test_entries(text: str | None, threshold: int | None, explicit: int | None, is_malformed: bool) -> None:  # noqa: FBT001
    """Zeros at the end of T are left out, R has all of its digits; alone and among many that say the same."""
    for rows in (1, 5):
        found = sampling(pl.Series([text] * rows, dtype=pl.String))
        assert (found.has_threshold[-1], found.thresholds[-1]) == (threshold is not None, threshold or 0)
        assert (found.has_explicit[-1], found.explicit[-1]) == (explicit is not None, explicit or 0)
        assert found.malformed[-1] == is_malformed


@pytest.mark.parametrize(
    ("text", "higher", "without"),
    [
        ("ot=th:8", "ot=th:e", ""),
        ("a=1,ot=p:1;th:c;rv:00112233445566,b=2", "a=1,ot=p:1;th:e;rv:00112233445566,b=2", None),
        ("a=1,ot=rv:00112233445566;th:8", "a=1,ot=rv:00112233445566;th:e", "a=1,ot=rv:00112233445566"),
        ("a=1,ot=th:8", "a=1,ot=th:e", "a=1"),
        ("ot=th:f", "ot=th:f", ""),
        ("ot=rv:00112233445566", "ot=rv:00112233445566", "ot=rv:00112233445566"),
        ("x=ot=th:8", "x=ot=th:8", "x=ot=th:8"),
        (None, None, None),
    ],
)
def test_what_is_told_on(text: str | None, higher: str | None, without: str | None) -> None:
    """A threshold is raised, never lowered, and never added where none was; or it is taken out, and nothing else."""
    texts = pl.Series("state", [text], dtype=pl.String)
    assert raised(texts, np.array([HIGHER], np.uint64)).to_list() == [higher]
    expected = "a=1,ot=p:1;rv:00112233445566,b=2" if text is not None and without is None else without
    assert erased(texts).to_list() == [expected]


def test_numbers_as_texts() -> None:
    """Thresholds without zeros at the end; trace ids with and without 0x."""
    assert [threshold_text(n) for n in (0, RANGE // 2, 1)] == ["0", "8", "00000000000001"]
    ids, known = of_trace_ids(
        pl.Series(["0xb2e0080165183ba47bb66882e1d2f6b0", "0af7651916cd43dd8448eb211c80319c", "x", None])
    )
    assert known.tolist() == [True, True, False, False]
    assert [hex(int(n)) for n in ids[:2]] == ["0xb66882e1d2f6b0", "0x48eb211c80319c"]
