"""Windows over windows that `hold` closed are undecided, too, and said again when the peer is back."""

from __future__ import annotations

from typing import Any

import pytest

from slac.compiler.compile import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.stream.batch import REVISION, TIME, UNDECIDED
from slac.testing import Harness
from tests.runtime.test_unreachable import DOCUMENT, SECOND, check, harness_of, told

OVER = """\
    all:
      from: services
      where: WHERE
      window: WINDOW
      retain: 1h
      select: [{sum: SUM(n)}, {worst: MIN(good)}, {services: COUNT(*)}]
"""
JUDGED = """\
  audits:
    health:
      from: all
      no_data: undecided
      states:
        well: {when: worst >= 0.6, verdict: ok}
        ill: {when: worst < 0.6, verdict: violated}
"""


def plan(window: str, *, first: str = "tumbling 1m", where: str = "n > 0", judged: bool = False) -> Plan:
    """As in the tests of one window, with another one over it, and an audit over that."""
    text = DOCUMENT.replace("WINDOW", first).replace("RETAIN", "1h").replace("LATE", "late: drop")
    over = OVER.replace("WINDOW", window).replace("WHERE", where) + (JUDGED if judged else "  audits:\n")
    text = text.replace("  audits:\n", over, 1)
    text = text.replace("from: [services, up, low]", f"from: [services, up, low, all{', health' if judged else ''}]")
    return compile_document(Source("shop.yaml", text), CompileOptions()).plan


def run(harness: Harness, *, away: bool = True, restarts: tuple[int, ...] = ()) -> None:
    """Edge two is cut off from 70 s to 200 s; service a fails there only, and others are only there."""
    for second in range(5, 400, 10):
        if away and second in (75, 205):
            (harness.cut if second == 75 else harness.mend)("edge", "two")
        harness.give("checks", [check(second, ok=True), check(second, ok=True, service="c")], instance="one")
        rows = [check(second, ok=not 60 < second < 120), check(second, ok=True, service=f"b{second // 40}")]
        harness.give("checks", rows, instance="two")
        if second in restarts:
            harness.restart("central")
        harness.advance(10 * SECOND)


def standing(harness: Harness, block: str) -> set[Any]:
    """What stands of a block in the end, of the minutes that are over."""
    last: dict[Any, Any] = {}
    for frame in harness._published[block]:
        for row in frame.rows(named=True):
            last[row["_id"]] = row
    return {
        (row["_id"], row[TIME], row["sum"], row["worst"], row["services"], row.get(UNDECIDED) or False)
        for row in last.values()
        if (row.get(REVISION) or 0) >= 0 and row[TIME].minute < 5
    }


def test_a_window_over_an_undecided_one_is_undecided_and_comes_again() -> None:
    """With what the peer had, once; so an audit that reads it says what was so."""
    harness = harness_of(plan("same", judged=True))
    run(harness)

    found = [row for row in told(harness, "all", "sum", "worst") if row[0] in (60, 120, 180)]
    assert found == [
        (60, 24, 1.0, False, 0),
        (120, 12, 1.0, True, 0),
        (120, 24, 0.5, False, 1),
        (180, 24, 1.0, False, 0),
    ]
    assert [row for row in told(harness, "health", "kind", "state", "verdict") if row[0] < 200] == [
        (60, "initial", "well", "OK", False, 0),
        (120, "change", "no_data", "UNDECIDED", False, 0),
        (120, "change", "ill", "VIOLATED", False, 1),
        (180, "change", "well", "OK", False, 0),
    ]


@pytest.mark.parametrize(
    ("window", "first", "where", "restarts"),
    [
        ("same", "tumbling 1m", "n > 0", (105, 185)),
        ("tumbling 5m", "tumbling 1m", "n > 0", (145,)),
        ("hopping 2m every 1m", "tumbling 1m", "good > 0.9", ()),
        ("same", "hopping 1m every 30s", "good < 0.9", (185,)),
        ("same", "tumbling 1m", "service = 'a' AND good > 0.9", (145,)),
    ],
)
def test_what_stands_in_the_end_is_what_would_have_been_said(
    window: str, first: str, where: str, restarts: tuple[int, ...]
) -> None:
    """Whether the peer was back before or after the window closed, and whether the runtime was killed meanwhile.

    So it is of rows that do not pass any more, of those that only pass now, and of windows of which nothing is left.
    """
    found = []
    for away in (True, False):
        harness = harness_of(plan(window, first=first, where=where))
        run(harness, away=away, restarts=restarts if away else ())
        found.append(standing(harness, "all"))

    assert found[0] == found[1]
