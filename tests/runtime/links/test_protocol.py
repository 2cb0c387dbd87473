"""What travels on a link: the parts of a wave, in one message."""

from __future__ import annotations

import pytest

from slac.runtime.links.protocol import BadMessage, Data, Part, decode, encode


def test_parts_get_their_own_bytes() -> None:
    """Rows follow one another in the body, in the order of the parts; a watermark alone has none."""
    sent = Data(
        epoch=1,
        number=1,
        parts=(
            Part(stream="a", watermark=5, size=2),
            Part(stream="b", watermark=6),
            Part(stream="a", watermark=7, size=3),
        ),
    )
    message, body = decode(encode(sent, b"xxyyy"))
    assert isinstance(message, Data)
    got = [(part.stream, part.watermark, bytes(rows)) for part, rows in message.rows(body)]
    assert got == [("a", 5, b"xx"), ("b", 6, b""), ("a", 7, b"yyy")]


@pytest.mark.parametrize("sizes", [(1, 1), (2, 2), (4, -1)])
def test_bytes_that_do_not_add_up_are_no_message(sizes: tuple[int, ...]) -> None:
    """Neither more nor less than the parts say, and no part that takes from another."""
    data = Data(parts=tuple(Part(stream="a", watermark=i, size=size) for i, size in enumerate(sizes)))
    with pytest.raises(BadMessage, match="take 3 bytes"):
        list(data.rows(memoryview(b"xyz")))
