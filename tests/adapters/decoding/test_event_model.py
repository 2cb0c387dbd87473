"""Enums, lists, maps, intervals and undeclared fields: alike in JSON and in Arrow."""

import json
from typing import Any

import polars as pl
import pytest

from slac.adapters.decoding import Decoded, Decoder, WireSchema
from slac.stream.ports import Records
from slac.stream.types import Duration, Enum, Field, List, Map, Schema, String, Struct, Timestamp

LEVEL = Enum(("low", "high"))
SCHEMA = WireSchema(
    payload=Schema(
        (
            Field("level", LEVEL, nullable=False),
            Field("tags", List(String())),
            Field("levels", List(LEVEL)),
            Field("labels", Map()),
            Field("parts", List(Struct((Field("id", String(), nullable=False), Field("level", LEVEL))))),
            Field("user", Struct((Field("id", String(), nullable=False), Field("labels", Map())))),
        )
    )
)


def decode(*payloads: dict[str, Any], schema: WireSchema = SCHEMA) -> Decoded:
    """Decode events from JSON, with increasing timestamps."""
    lines = [json.dumps({"timestamp": i, "payload": p}) for i, p in enumerate(payloads)]
    return Decoder(schema).decode(Records(source="s", arrival=0, ndjson="\n".join(lines).encode()))


def decode_frame(frame: pl.DataFrame, schema: WireSchema = SCHEMA) -> Decoded:
    """Decode a frame of flat columns."""
    timed = frame.with_columns(timestamp=pl.int_range(frame.height, dtype=pl.Int64))
    return Decoder(schema).decode(Records(source="s", arrival=0, frame=timed))


def test_values_come_out_as_they_went_in() -> None:
    """A map has its one canonical text, whatever the order of its labels."""
    full = {
        "level": "low",
        "tags": ["a", None],
        "levels": ["high"],
        "labels": {"b": "2", "a": 'x"'},
        "parts": [{"id": "p", "level": "low"}, {"id": "q"}],
        "user": {"id": "u", "labels": {"z": "1"}},
    }
    got = decode(full, {"level": "high"})
    assert not got.quarantined
    assert dict(got.frame.select(SCHEMA.payload.names).schema) == SCHEMA.payload.polars()
    first, second = got.frame.select(SCHEMA.payload.names).rows(named=True)
    assert first == full | {
        "labels": '{"a":"x\\"","b":"2"}',
        "parts": [{"id": "p", "level": "low"}, {"id": "q", "level": None}],
        "user": {"id": "u", "labels": '{"z":"1"}'},
    }
    assert second == dict.fromkeys(full) | {"level": "high"}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"level": "hihg"}, "payload.level: 'hihg' is none of the values that the type declares"),
        ({"level": 1}, "payload.level: expected"),
        ({}, "payload.level: missing"),
        ({"level": "low", "tags": "a"}, "payload.tags: expected list, got string"),
        ({"level": "low", "tags": [1]}, "payload.tags[0]: expected string, got int"),
        ({"level": "low", "levels": ["x"]}, "payload.levels[0]: 'x' is none of the values"),
        ({"level": "low", "labels": {"a": 1}}, "payload.labels[...]: expected string, got int"),
        ({"level": "low", "labels": [1]}, "payload.labels: expected object, got list"),
        ({"level": "low", "parts": [{"level": "low"}]}, "payload.parts[0].id: missing"),
        ({"level": "low", "user": {}}, "payload.user.id: missing"),
    ],
)
def test_what_does_not_comply_is_set_aside(payload: dict[str, Any], reason: str) -> None:
    """With the place and the reason; the others pass."""
    got = decode({"level": "low"}, payload, {"level": "high"})
    assert [(q.index, q.reason[: len(reason)]) for q in got.quarantined] == [(1, reason)]
    assert got.frame["level"].to_list() == ["low", "high"]


def test_arrow_complies_alike() -> None:
    """Categories and structs of texts are taken over; a value that was not declared is none."""
    frame = pl.DataFrame(
        {
            "level": pl.Series(["low", "x", "high", "high"], dtype=pl.Categorical),
            "levels": [["low"], ["low"], ["high", "y"], []],
            "labels": [{"b": "1", "a": None}, {"b": "1", "a": "2"}, None, {"b": None, "a": None}],
        }
    )
    got = decode_frame(frame)
    assert [(q.index, q.reason.split(":")[0]) for q in got.quarantined] == [(1, "payload.level"), (2, "payload.levels")]
    assert got.frame.select("level", "levels", "labels").rows() == [("low", ["low"], '{"b":"1"}'), ("high", [], "{}")]


def test_an_arrow_map_is_a_map() -> None:
    """A list of keys and values, in any order; text is no map."""
    pairs = [[{"key": "b", "value": "2"}, {"key": "a", "value": "1"}], [], None]
    got = decode_frame(pl.DataFrame({"level": ["low"] * 3, "labels": pairs}))
    assert got.frame["labels"].to_list() == ['{"a":"1","b":"2"}', "{}", None]
    text = decode_frame(pl.DataFrame({"level": ["low"], "labels": ['{"a":"1"}']}))
    assert [q.reason for q in text.quarantined] == ['payload.labels: expected map, got string {"a":"1"}']


def unknown(mode: Any) -> WireSchema:
    """A type with one field; what is not declared is treated as `mode` says."""
    return WireSchema(
        payload=Schema((Field("a", String()),)), mapping=(("a", "payload.body.a"),), unknown=mode, time_mode="ingest"
    )


EXTRA = {"body": {"a": "x", "b": 1}, "c": {"d": [1, 2]}, "e": None, "f": "text"}


def test_unknown_fields_are_kept() -> None:
    """By dotted path, text as it is and all else as JSON; NULL is nothing."""
    kept = {"payload.body.b": "1", "payload.c": '{"d":[1,2]}', "payload.f": "text"}
    got = decode({"body": {"a": "y"}}, EXTRA, schema=unknown("keep"))
    assert [json.loads(v) for v in got.frame["unknown"]] == [{}, kept]
    frame = pl.DataFrame({"payload": [{"body": {"a": "y"}}, EXTRA]}, strict=False)
    assert [json.loads(v) for v in decode_frame(frame, unknown("keep")).frame["unknown"]] == [{}, kept]


def test_unknown_fields_quarantine_the_event() -> None:
    """The words of the wire form are known, even where nothing of them is read."""
    got = decode({"body": {"a": "y"}}, EXTRA, {}, schema=unknown("quarantine"))
    assert [(q.index, q.reason) for q in got.quarantined] == [(1, "payload.body.b: not declared")]
    frame = pl.DataFrame({"payload": [{"body": {"a": "y"}, "f": None}, EXTRA]}, strict=False)
    assert [q.index for q in decode_frame(frame, unknown("quarantine")).quarantined] == [1]


@pytest.mark.parametrize(
    ("dtype", "values", "reason"),
    [
        (Timestamp(), [0, 5, 1, None], "payload.end: it lies before the event's timestamp"),
        (Duration(), [0, 1, -1, None], "payload.end: its length is negative"),
    ],
)
def test_an_interval_does_not_end_before_it_begins(dtype: Any, values: list[int | None], reason: str) -> None:
    """Its end is a timestamp or a length; without an end it is open."""
    schema = WireSchema(payload=Schema((Field("end", dtype),)), until="end")
    got = decode(*({"end": v} for v in values), schema=schema)
    assert [(q.index, q.reason) for q in got.quarantined] == [(2, reason)]
    assert got.rows.to_list() == [0, 1, 3]
