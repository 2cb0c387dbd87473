"""Messages become lines, whatever their senders put into them."""

from hypothesis import given
from hypothesis import strategies as st

from slac.adapters.bodies import as_ndjson, as_one
from slac.adapters.decoding import split_lines

BODIES = [
    b'{"a":1}',
    b'{"a":1}\n{"a":2}\n',
    b'[{"a":1}, {"a":2}]',
    b" [ {} ]",
    b"[1,",
    b"",
    b"\n",
    b" {}\n",
    b"{}\r\n",
    b"x",
]


@given(st.lists(st.sampled_from(BODIES), max_size=12))
def test_many_messages_are_the_lines_of_each(bodies: list[bytes]) -> None:
    """In order, none run together, also where only the memory they lie in is given."""

    def lines(body: bytes) -> list[bytes]:
        try:
            return split_lines(as_ndjson(body))
        except ValueError:
            return [body.replace(b"\n", b" ")]

    expected = [line for body in bodies for line in lines(body)]
    assert split_lines(as_one(bodies)) == expected
    assert as_one(map(memoryview, bodies)) == as_one(bodies)
    assert as_one(bodies).endswith(b"\n") or not b"".join(bodies)
