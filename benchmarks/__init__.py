"""What slac reaches on this machine: each module measures some numbers and compares them with their bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.report import Row

BENCHMARKS: Final[Mapping[str, str]] = {
    "compile": "benchmarks.compile",
    "engine": "benchmarks.engine",
    "traces": "benchmarks.traces",
    "profile": "benchmarks.profile",
    "state_growth": "benchmarks.state_growth",
    "checkpoints": "benchmarks.checkpoints",
    "kaiju_load": "benchmarks.kaiju",
    "kaiju_waves": "benchmarks.kaiju.waves",
    "startup": "benchmarks.startup",
    "idle": "benchmarks.idle",
    "links": "benchmarks.links",
    "overload": "benchmarks.overload",
    "evidence": "benchmarks.evidence",
    "capacity": "benchmarks.capacity",
    "estimates": "benchmarks.estimates",
}
"""Each benchmark with the module whose `run()` gives its rows."""


def load(name: str) -> Callable[[], Sequence[Row]]:
    """The function that measures a benchmark's rows."""
    run: Callable[[], Sequence[Row]] = import_module(BENCHMARKS[name]).run
    return run


def versions(name: str) -> dict[str, str]:
    """The versions of what a benchmark compares with, where that is not a library of slac itself."""
    told: Callable[[], dict[str, str]] = getattr(import_module(BENCHMARKS[name]), "versions", dict)
    return told()
