"""Text that has not changed is not encoded again, and what has changed is, whatever it looks like."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.durable.pieces import Piece
from slac.runtime.durable.texts import Texts


class Encoder:
    """Makes a piece of its own of each frame, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, part: pl.DataFrame) -> Piece:
        """One more."""
        self.count += 1
        return Piece(f"{part.to_series().to_list()}")


def test_what_is_the_same_is_known() -> None:
    """As long as its blob is there, and the checkpoint before used it."""
    there, encode = {"yes"}, Encoder()
    texts = Texts(lambda _: bool(there))
    part = pl.DataFrame({"k": ["a", None, "b"]})
    first = texts.keep(part, encode)
    texts.turn()
    assert texts.keep(part.clone(), encode) is first
    texts.turn()
    assert encode.count == 1
    there.clear()
    assert texts.keep(part, encode) == first
    assert encode.count == 2
    texts.turn()
    texts.turn()
    there.add("yes")
    texts.keep(part, encode)
    assert encode.count == 3


def test_numbers_are_always_encoded() -> None:
    """Hashing them costs as much as writing them."""
    encode = Encoder()
    texts = Texts(lambda _: True)
    for _ in range(2):
        texts.keep(pl.DataFrame({"n": [1, 2]}), encode)
        texts.turn()
    assert encode.count == 2


columns = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "ab"])), max_size=4)


@given(st.lists(columns, min_size=1, max_size=5))
def test_each_column_comes_back_as_itself(turns: list[list[str | None]]) -> None:
    """NULL is not the empty text, and order matters."""
    texts, encode = Texts(lambda _: True), Encoder()
    for values in turns:
        piece = texts.keep(pl.DataFrame({"k": pl.Series(values, dtype=pl.String)}), encode)
        assert piece.name == f"{values}"
        texts.turn()
