"""What comes in one message: NDJSON, a JSON array, or one JSON object; always made NDJSON."""

from collections.abc import Iterable
from typing import Final

import msgspec

_OPEN: Final = ord("{")
_LF: Final = ord("\n")


def as_ndjson(body: bytes, *, array: bool = False) -> bytes:
    """Lines of JSON. `array` says that the sender declared JSON rather than NDJSON.

    Bad lines of NDJSON are let through, so that each of them goes to quarantine by itself. ValueError with a sentence
    where there is no telling records apart.
    """
    stripped = body.strip()
    if stripped.startswith(b"["):
        return _from_array(stripped)
    if array:
        return _one(stripped)
    return body if body.endswith(b"\n") or not body else body + b"\n"


def as_one(bodies: Iterable[bytes | memoryview]) -> bytes:
    """Lines of all of them; what is no JSON array though it begins like one is one bad record.

    What begins with an object is copied once, and looked at by its first and last byte only.
    """
    parts: list[bytes | memoryview] = []
    for body in bodies:
        if body and body[0] == _OPEN:
            parts.append(body)
            if body[-1] != _LF:
                parts.append(b"\n")
        else:
            parts.append(_lines(bytes(body)))
    return b"".join(parts)


def _lines(body: bytes) -> bytes:
    try:
        return as_ndjson(body)
    except ValueError:
        return body.replace(b"\n", b" ") + b"\n"


def _from_array(body: bytes) -> bytes:
    try:
        # Raw: each record keeps the bytes that it came in.
        records = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no JSON array: {error}") from error
    return b"".join(_line(bytes(record)) for record in records)


def _one(body: bytes) -> bytes:
    try:
        return _line(bytes(msgspec.json.decode(body, type=msgspec.Raw)))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is neither a JSON object nor an array: {error}") from error


def _line(record: bytes) -> bytes:
    """One record on one line: line ends can only stand between tokens."""
    return record.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"
