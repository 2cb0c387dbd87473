"""How wrong results are at one tenth of the events: dropped at random, or as the gate drops them.

One request in a hundred fails, and lasts thirty times as long (it times out). Both gates keep the same number of
events; the second knows which fail, keeps these, and counts what it drops. Errors are against the undropped truth.
"""

from __future__ import annotations

from typing import Final

from benchmarks.overload.worth import result
from benchmarks.report import Bar, Row, row
from slac.shedding.admission import Admission, weight_of

KEPT: Final = 0.1
FAILING: Final = 0.01
_NAMES: Final = {"failed": "count of failures", "ratio": "error ratio", "value": "mean latency"}


def run() -> list[Row]:
    """Root mean square of relative errors over all windows, and how often intervals hold the truth."""
    success = (KEPT - FAILING) / (1 - FAILING)
    plain = result("1 % failures", Admission(unread=weight_of(KEPT)))
    strata = result("1 % failures", Admission(classes={0: (weight_of(success),)}, counts=True))
    rows = []
    for name, text in _NAMES.items():
        bar = Bar("under", 0.5, of="ratio")
        off, chance = 100 * strata.error(name), 100 * plain.error(name)
        rows.append(row(f"{text}: relative error", off, "%", peer="plain", peer_value=chance, bar=bar))
    for text, found in (("dropped at random", plain), ("by class", strata)):
        for name, what in _NAMES.items():
            rows.append(row(f"{text}: intervals of {what} that hold", 100 * found.held(name), "%"))
    return rows
