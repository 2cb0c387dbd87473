"""Push and pull under load, by files: how late results may be, what is kept, and that memory holds nothing for ever."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.shedding.plant import load_scenario
from tests.shedding.pulling import Moment, Pulled

SCENARIOS = sorted((Path(__file__).parent / "scenarios" / "pulled").glob("*.yaml"))


@pytest.mark.parametrize("form", ["ndjson", "arrow"])
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_pulled(path: Path, form: str) -> None:
    """The bands hold, whatever form the messages have."""
    scenario = load_scenario(path) | {"form": form}
    moments = Pulled(scenario).run()
    for band in scenario["bands"]:
        _hold(band, [m for m in moments if band["from"] < m.second <= band["to"]])


def _hold(band: dict[str, Any], moments: list[Moment]) -> None:
    """Assert one band; a message names the band and what was measured."""
    seconds = len(moments) / 4
    if "cpu_at_most" in band:
        inside = fmean(m.reading.cpu_cores <= band["cpu_at_most"] for m in moments)
        assert inside >= band.get("within", 1.0), (band, max(m.reading.cpu_cores for m in moments))
    if "late_at_most" in band:
        assert max(m.late for m in moments) <= band["late_at_most"], (band, [round(m.late, 2) for m in moments])
    for name in ("looked", "kept"):
        if name in band:
            low, high = band[name]
            rate = sum(getattr(m, name) for m in moments) / seconds
            assert low <= rate <= high, (band, name, rate)
    if "kept_share" in band:
        low, high = band["kept_share"]
        share = sum(m.kept for m in moments) / max(sum(m.looked for m in moments), 1)
        assert low <= share <= high, (band, share)
    if "left_share" in band:
        low, high = band["left_share"]
        share = sum(m.left for m in moments) / sum(m.offered for m in moments)
        assert low <= share <= high, (band, share)
