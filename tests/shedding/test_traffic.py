"""What crosses links at the declared rates, and what aggregating before saves."""

from __future__ import annotations

import pytest

from slac.cli.traffic_text import traffic_text
from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.shedding.capacity.calibration import shipped_calibration
from slac.shedding.capacity.traffic import Traffic, traffic

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Call: {payload: {ms: float, note: string}, context: {service: string}}}
  inputs: {calls: {adapter: http, listen: "127.0.0.1:0", emits: Call, rate: {normal: 1000/s, keys: {service: 20}}}}
  probes: {slow: {from: calls, where: ms > 1000, select: [service, ms]}}
  computations:
    load: {from: calls, by: service, window: tumbling 10s, select: [{n: COUNT(*)}, {total: SUM(ms)}]}
  outputs: {out: {adapter: stdout, from: [load, slow]}}
  placement:
    edge: {blocks: [calls, slow], connect: group}
    group: {connect: central, listen: "tcp://127.0.0.1:7000"}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}
"""


def links() -> dict[tuple[str, str], Traffic]:
    """By block and sending node."""
    plan = compile_document(Source("shop.yaml", DOCUMENT)).plan
    return {(t.block, t.origin): t for t in traffic(plan, shipped_calibration())}


def test_a_split_window_sends_a_row_a_key_and_window() -> None:
    """20 rows in 10 s instead of 10 000; each hop says what it is spared."""
    found = links()["load", "edge"]
    assert (found.stream, found.to) == ("load.partial", "group")
    assert found.whole > 100 * found.bytes
    assert found.bytes == pytest.approx(2 * 100, rel=0.9)  # two rows a second, of some hundred bytes at most
    assert links()["load", "group"].to == "central"


def test_whole_rows_save_nothing() -> None:
    """A stream that is not split is told as it is, on both of its links."""
    for origin in ("edge", "group"):
        found = links()["slow", origin]
        assert found.bytes == found.whole > 0


def test_what_people_read() -> None:
    """Rates with three digits, and the saving where there is one."""
    split = Traffic(block="a", stream="a.partial", origin="edge", to="central", bytes=12.34, whole=56_789)
    whole = Traffic(block="b", stream="b", origin="edge", to="central", bytes=1e6, whole=1e6)
    assert traffic_text([split, whole]).splitlines()[1:] == [
        "  a.partial from edge to central: 12.3 B/s, instead of 56.8 kB/s for the rows that it is made of",
        "  b from edge to central: 1 MB/s",
    ]
    assert traffic_text([]) == ""
