"""Bytes of rows."""

from __future__ import annotations

from slac.shedding.capacity.sizes import arrow_bytes, json_bytes, text_fields
from slac.stream.types import Bool, Field, Float, List, Schema, String, Struct

SCHEMA = Schema((Field("a", String()), Field("b", Float()), Field("c", Bool())))


def test_row_sizes() -> None:
    """Time and id, 20 bytes a text, 8 a number, 1 a truth; three more words behind a window."""
    assert arrow_bytes(SCHEMA) == 16 + 20 + 8 + 1
    assert arrow_bytes(SCHEMA, windowed=True) == arrow_bytes(SCHEMA) + 24
    assert text_fields(SCHEMA) == 1


def test_nested_sizes() -> None:
    """A list counts one item of its struct."""
    nested = Schema((Field("cases", List(Struct(SCHEMA.fields))),))
    assert arrow_bytes(nested) == 16 + 4 + 29
    assert json_bytes(nested) > json_bytes(Schema(()))
