"""Whatever is made of thinned rows can be read by audits, joins and windows, and be published."""

from __future__ import annotations

import orjson
import pytest

from slac.adapters.publication.records import to_ndjson
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.shedding.admission import Admission, weight_of
from slac.stream.ports import Records
from tests.runtime.gates.documents import SECOND, START, plan_of

CALLS = (
    "COUNT(*)",
    "COUNT(DISTINCT host)",
    "SUM(took)",
    "AVG(took)",
    "MIN(took)",
    "MEDIAN(took)",
    "STDDEV_SAMP(took)",
    "LAST(took)",
    "FIRST(host)",
    "LAST(ok)",
    "LAST(at)",
    "MAX(at)",
    "MAX(number)",
    "SUM(number)",
    "LAST(number)",
    "SHARE(ok)",
    "BOOL_OR(ok)",
    "ARG_MAX(host, took)",
)
HEAD = """
apiVersion: slac/v1
kind: SLA
metadata: {name: hosts}
spec:
  events:
    Call: {payload: {host: string, ok: bool, took: float, number: int, at: timestamp}}
  inputs:
    calls: {adapter: http, listen: "127.0.0.1:8090", emits: Call}
  computations:
    made:
      from: calls
      by: host
      window: WINDOW
      select: [SELECT]
      then: [THEN]
      shed: approximate
    again: {from: made, window: tumbling 20s, select: [AGAIN]}
  audits:
AUDITS
  outputs:
    log: {adapter: stdout, from: [made, again, NAMES]}
"""
AUDIT = """    a{n}:
      from: made
      by: host
      states:
        none: {{when: x{n} IS NULL, verdict: ok}}
        same: {{when: x{n} = y{n}, verdict: ok, report_every: 5s}}
        other: {{when: x{n} <> y{n}, verdict: violated}}
      initial: none"""


def _text(window: str) -> str:
    places = range(len(CALLS))
    text = HEAD.replace("WINDOW", window).replace("SELECT", ", ".join(f'{{x{n}: "{c}"}}' for n, c in enumerate(CALLS)))
    text = text.replace("THEN", ", ".join(f"{{y{n}: x{n}}}" for n in places))
    text = text.replace("AGAIN", ", ".join(f'{{z{n}: "LAST(x{n})"}}' for n in places))
    text = text.replace("AUDITS", "\n".join(AUDIT.format(n=n) for n in places))
    return text.replace("NAMES", ", ".join(f"a{n}" for n in places))


def _events() -> list[bytes]:
    rows = (
        {"host": f"h{n % 3 if n % 40 else 9}", "ok": n % 5 > 0, "took": n % 7 / 2, "number": n, "at": START // 1000 + n}
        for n in range(240)
    )
    return [orjson.dumps({"timestamp": START // 1000 + 160 * n, "payload": row}) for n, row in enumerate(rows)]


@pytest.mark.parametrize("window", ["tumbling 5s", "hopping 10s every 5s", "sliding 5s", "running"])
def test_nothing_that_is_made_of_estimates_stops_a_runtime(window: str) -> None:
    """Where events are dropped behind the decoder, then before it, and then not at all."""
    core, found = Core(plan_of(text=_text(window)), now=START, live=False), list[Publish]()
    thin, unread = Admission(classes={0: (weight_of(0.2),)}, counts=True), Admission(unread=weight_of(0.2))
    changes, events = {60: thin, 120: unread, 180: Admission()}, _events()
    for at in range(0, len(events), 30):
        if at in changes:
            core.sources["calls"].gate.set_admission(0.2, "cpu", {"a": at}, admission=changes[at])
        piece = b"\n".join(events[at : at + 30]) + b"\n"
        said = core.on_records("calls", [Records(source="a", arrival=START + 60 * SECOND, ndjson=piece)])
        found += [one for one in said if isinstance(one, Publish)]
    found += [one for one in core.on_input_ended("calls") if isinstance(one, Publish)]
    lines = b"".join(to_ndjson(one.frame, document="hosts", block=one.block, kind="row") for one in found)
    rows = [orjson.loads(line) for line in lines.splitlines()]
    assert {row["block"] for row in rows} == {"made", "again", *(f"a{n}" for n in range(len(CALLS)))}
    assert any(row.get("verdict") == "UNDECIDED" for row in rows)
    assert any("x11_high" in row and row["x11_high"] is None for row in rows)
