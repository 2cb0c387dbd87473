"""Several event types in one input: the first condition that is true decides, and the type's fields must be there."""

import json
from typing import Any

import polars as pl
import pytest

from slac.adapters.decoding import Decoded, Decoder, WireSchema
from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.nodes import TypeSpec
from slac.plan.signatures import BOOL, STRING
from slac.stream.ports import Records
from slac.stream.types import Field, Float, Schema, String


def kind_is(value: str) -> AnyExpr:
    """The condition `kind = 'value'`."""
    args = (Column(name="kind", dtype=STRING), Literal(value=value, dtype=STRING, nullable=False))
    return Call(function="=", args=args, dtype=BOOL)


PAYLOAD = Schema((Field("kind", String()), Field("latency", Float()), Field("image", String())))
SLOW = TypeSpec(type="Slow", when=kind_is("slow"), required=("latency",))
PULLED = TypeSpec(type="Pulled", when=kind_is("pulled"), required=("image",))
REST = TypeSpec(type="Rest", required=("kind",))


def decode(*events: dict[str, Any], types: tuple[TypeSpec, ...] = (SLOW, PULLED)) -> Decoded:
    """Decode events of some types."""
    lines = [json.dumps({"timestamp": i, "payload": e}) for i, e in enumerate(events)]
    schema = WireSchema(payload=PAYLOAD, types=types)
    return Decoder(schema).decode(Records(source="s", arrival=0, ndjson="\n".join(lines).encode()))


def test_what_complies_is_unchanged() -> None:
    """Rows of all types come out in the order of arrival, with the columns of the decoder."""
    got = decode({"kind": "slow", "latency": 1.0}, {"kind": "pulled", "image": "a"})
    assert not got.quarantined
    assert got.frame.columns == ["_time", "kind", "latency", "image", "_row"]
    assert got.frame["kind"].to_list() == ["slow", "pulled"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"kind": "slow"}, "payload.latency: missing (the event is of the type Slow)"),
        ({"kind": "pulled", "latency": 1.0}, "payload.image: missing (the event is of the type Pulled)"),
        ({"kind": "x"}, "of no type: the event meets the condition of none of Slow, Pulled"),
        ({"latency": 1.0}, "of no type: the event meets the condition of none of Slow, Pulled"),
    ],
)
def test_what_does_not_comply_is_set_aside_alone(event: dict[str, Any], reason: str) -> None:
    """The others pass; the record is kept as it came, with its place and the reason."""
    fine = {"kind": "slow", "latency": 1.0}
    got = decode(fine, event, fine)
    (bad,) = got.quarantined
    assert (bad.index, bad.reason) == (1, reason)
    assert json.loads(bad.raw)["payload"] == event
    assert got.rows.to_list() == [0, 2]


def test_the_rest_takes_what_no_condition_takes() -> None:
    """A type without a condition stands at the end; NULL is no match."""
    got = decode({"kind": "x"}, {"latency": 1.0}, types=(SLOW, REST))
    assert got.frame["kind"].to_list() == ["x"]
    assert [q.reason for q in got.quarantined] == ["payload.kind: missing (the event is of the type Rest)"]


def test_arrow_is_dispatched_alike() -> None:
    """Columns that come typed from outside meet the same conditions."""
    frame = pl.DataFrame({"timestamp": [1, 2], "kind": ["slow", "slow"], "latency": [1.0, None]})
    got = Decoder(WireSchema(payload=PAYLOAD, types=(SLOW,))).decode(Records(source="s", arrival=0, frame=frame))
    assert got.rows.to_list() == [0]
    assert [q.index for q in got.quarantined] == [1]
