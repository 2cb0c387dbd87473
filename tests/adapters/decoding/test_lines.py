"""Lines are counted, cut and thinned without being decoded."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.adapters.decoding import count_records, find_lines, lines_taken, split_lines, take_lines
from slac.adapters.decoding import lines as lines_module


@given(st.lists(st.sampled_from([b'{"a":1}', b"", b"  ", b"\t\r", b" {}", b"x"]), max_size=20), st.booleans())
def test_records_are_the_lines_that_are_not_blank(lines: list[bytes], ended: bool) -> None:  # noqa: FBT001 - drawn
    """Counting, splitting and taking agree with the plain definition."""
    block = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    expected = [line for line in lines if line.strip()]
    assert split_lines(block) == expected
    assert count_records(block) == len(expected)
    mask = np.arange(len(expected)) % 2 == 0
    assert split_lines(take_lines(block, mask)) == expected[::2]


@given(
    st.lists(st.sampled_from([b'{"a":1}', b"", b" ", b'{"a":"' + b"x" * 40 + b'"}', b"1", b"{}x"]), max_size=30),
    st.sampled_from([1, 8, 30, 1 << 18]),
    st.booleans(),
)
def test_lines_are_the_same_however_a_block_is_looked_at(lines: list[bytes], piece: int, ended: bool) -> None:  # noqa: FBT001 - drawn
    """In pieces of any size, by words or by bytes, the same records with the same outermost bytes are found."""
    block = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    expected = [line for line in lines if line.strip()]
    with patch.object(lines_module, "_PIECE", piece), patch.object(lines_module, "_FEW", 0):
        found = find_lines(block)
    assert [found[i] for i in range(len(found))] == expected
    assert found.heads.tolist() == [line[0] for line in expected]
    assert found.tails.tolist() == [line[-1] for line in expected]
    assert found.look_like_objects() == all(line[:1] + line[-1:] == b"{}" for line in expected)


def test_a_mask_of_the_wrong_length_is_refused() -> None:
    """A mask has one entry per record."""
    with pytest.raises(ValueError, match="2 entries for 1 records"):
        take_lines(b"{}\n", [True, False])


TEXTS = [b"{a}", b" ", b"", b"x\r", b"yy ", b'{"a":"' + b"x" * 40 + b'"}']


@given(
    st.lists(st.tuples(st.sampled_from(TEXTS), st.booleans()), max_size=12), st.sampled_from([1, 2, 64]), st.booleans()
)
def test_lines_that_were_taken_lie_where_they_are_said_to(
    drawn: list[tuple[bytes, bool]],
    many: int,
    ended: bool,  # noqa: FBT001 - drawn
) -> None:
    """Each kept one alone, however they are cut out, and known without looking for them again."""
    block = b"\n".join(text for text, _ in drawn) + (b"\n" if ended and drawn else b"")
    lines = find_lines(block)
    mask = np.array([keep for text, keep in drawn if text.strip()], np.bool_)
    expected = [lines[i] for i in np.flatnonzero(mask).tolist()]
    with patch.object(lines_module, "_MANY", many):
        found = lines_taken(lines, mask)
    assert [found[i] for i in range(len(found))] == expected
    assert split_lines(found.data) == expected
    assert not expected or found.data.endswith(b"\n")
    again = find_lines(found.data)
    assert (found.starts.tolist(), found.ends.tolist()) == (again.starts.tolist(), again.ends.tolist())
    assert (found.heads.tolist(), found.tails.tolist()) == (again.heads.tolist(), again.tails.tolist())


def test_records_of_very_different_length_are_not_stretched() -> None:
    """One long record does not make all others as long."""
    texts = [b'{"a":1}'] * 200 + [b'{"a":"' + b"x" * 10_000 + b'"}']
    found = lines_taken(find_lines(b"\n".join(texts)), np.arange(201) % 2 == 0)
    assert len(found.data) < 12_000
    assert split_lines(found.data) == texts[::2]
