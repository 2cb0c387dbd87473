"""Contracts under load, by files: what results stay worth, how many are undecided, how soon all is as before."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import polars as pl
import pytest

from tests.shedding.plant import load_scenario
from tests.shedding.service import Moment, Service

SCENARIOS = sorted((Path(__file__).parent / "scenarios" / "contracts").glob("*.yaml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_contract(path: Path) -> None:
    """The bands hold, the results are worth what the contract says, and nothing is dropped soon after the load."""
    scenario = load_scenario(path)
    service = Service(scenario)
    moments = service.run()
    for band in scenario["bands"]:
        _hold(band, [m for m in moments if band["from"] < m.second <= band["to"]])
    _recovered(scenario, moments)
    _worth(scenario["results"], service)


def _hold(band: dict[str, Any], moments: list[Moment]) -> None:
    if "cpu_at_most" in band:
        inside = fmean(m.reading.cpu_cores <= band["cpu_at_most"] for m in moments)
        assert inside >= band.get("within", 1.0), (band, max(m.reading.cpu_cores for m in moments))
    if "kept_share" in band:
        low, high = band["kept_share"]
        share = sum(m.kept for m in moments) / sum(m.offered for m in moments)
        assert low <= share <= high, (share, band)
    if "waiting_at_most" in band:
        assert max(m.waiting for m in moments) <= band["waiting_at_most"], band
    if "turns_at_most" in band:
        counts = [m.decision.admissions["requests"].counts for m in moments]
        assert sum(one != other for one, other in pairwise(counts)) <= band["turns_at_most"], (band, counts)


def _recovered(scenario: dict[str, Any], moments: list[Moment]) -> None:
    """From so many seconds after the last step down everything is admitted."""
    if "recovers_within" in scenario:
        fell = sum(part["for"] for part in scenario["load"][:-1])
        late = [m for m in moments if m.second > fell + scenario["recovers_within"]]
        assert all(m.decision.fractions == {"requests": 1.0} for m in late)


def _worth(results: dict[str, Any], service: Service) -> None:
    compared = service.compared()
    assert compared.height
    for name in results["exact"]:
        assert compared[name].to_list() == compared[f"true_{name}"].to_list(), name
    error = ((compared["latency"] - compared["true_latency"]) / compared["true_latency"]).abs()
    within = (error <= results["error_at_most"]).fill_null(value=False)
    assert within.sum() / len(within) >= results["in_share"]
    verdicts = service.result("fast")
    undecided = (verdicts["verdict"] == "UNDECIDED").sum() / max(verdicts.height, 1)
    assert undecided <= results["undecided_at_most"], undecided
    if "decided_error_at_most" in results:
        _decided_is_exact(compared, results["decided_error_at_most"])
    if "groups" in results:
        _by_need(compared, results["groups"])


def _by_need(compared: pl.DataFrame, groups: dict[str, float]) -> None:
    """Of the windows in which something was dropped: how much was kept of groups with few events, and with many."""
    thinned = compared.filter((pl.col("_kept") < pl.col("true_n")).any().over("at"))
    few, many = (
        thinned.filter(which) for which in (pl.col("true_n") < groups["few"], pl.col("true_n") >= groups["many"])
    )
    shares = [float(part["_kept"].sum()) / float(part["true_n"].sum()) for part in (few, many)]
    assert shares[0] >= groups["of_few_at_least"], shares
    assert shares[1] <= groups["of_many_at_most"], shares


def _decided_is_exact(compared: pl.DataFrame, bound: float) -> None:
    """What has no bounds is as if nothing had been dropped; of all else nothing but the counts is known."""
    open_ = compared["_bounds"].struct.field("latency_high").is_infinite().fill_null(value=False)
    assert bool(open_.any())
    decided = compared.filter(~open_)
    error = ((decided["latency"] - decided["true_latency"]) / decided["true_latency"]).abs()
    assert float(error.max() or 0.0) <= bound  # type: ignore[arg-type]
