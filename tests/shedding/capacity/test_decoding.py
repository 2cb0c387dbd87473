"""What decoding an input is priced as, by the form of its records and of its fields."""

from __future__ import annotations

from msgspec.structs import replace

from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.rim import source_load
from slac.stream.types import Field, List, Map, Schema, String, Timestamp
from tests.shedding.capacity.plans import source

FORMS = Schema(
    (
        Field("name", String()),
        Field("labels", Map()),
        Field("tags", List(String())),
        Field("began", Timestamp()),
    )
)
SCENE = Scene(waves={"edge": 10.0})


def test_maps_and_lists_have_prices_of_their_own() -> None:
    """One value of each a record, and one column of each a wave; instants that are numbers are fields as others."""
    work = dict(source_load(replace(source(), schema=FORMS), (), SCENE).work)
    assert work.keys() == {"decode.ndjson", "decode.map", "decode.nested"}
    assert (work["decode.map"].exprs, work["decode.map"].cells) == (10.0, 100.0)
    assert (work["decode.nested"].exprs, work["decode.nested"].cells) == (10.0, 100.0)
    assert work["decode.ndjson"].exprs == 40.0


def test_others_write_instants_as_text() -> None:
    """With a map, time and every other instant are read from text; the time of arrival is not."""
    foreign = replace(source(), schema=FORMS, mapping=(("timestamp", "at"), ("began", "since")))
    assert dict(source_load(foreign, (), SCENE).work)["decode.instant"].cells == 200.0
    arriving = replace(foreign, time_mode="ingest")
    assert dict(source_load(arriving, (), SCENE).work)["decode.instant"].cells == 100.0


def test_columns_come_as_columns() -> None:
    """Arrow has no texts to read and no maps to put in order."""
    arrow = replace(source(settings={"format": "arrow"}), schema=FORMS)
    assert [kind for kind, _ in source_load(arrow, (), SCENE).work] == ["decode.arrow"]
