"""Where the time of the columnar rows goes: inside Polars, NumPy and decoders, or in Python.

Each case runs on one core under py-spy, which looks at the stacks of C and Python a hundred times a second
(`stacks.py` says whose a sample is). What is quoted are shares of samples.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.engine.cases import CASES
from benchmarks.measure import ONE_THREAD, command, take_one_core
from benchmarks.profiled import BELOW
from benchmarks.report import Bar, Row, row
from benchmarks.stacks import DECODERS, INSIDE, NUMPY, POLARS, shares
from benchmarks.traces.forms import FORMS
from slac.diagnostics import RunFailed

SECONDS: Final = 3.0
RATE: Final = 100
BAR: Final = Bar("over", 60.0)
TITLES: Final = {case.name: case.title for case in CASES if case.form == "arrow"} | {
    name: f"traces from {name}, columnar" for name in FORMS
}
"""What is looked at, by name."""


def run() -> list[Row]:
    """Of each case the share inside, with the bar, and what it is made of; one row that says why where that fails."""
    try:
        return [told for name, title in TITLES.items() for told in rows(title, sampled(name))]
    except RunFailed as failure:
        return [row(f"absent: {failure}", 0.0, "%")]


def rows(title: str, found: Counter[str]) -> list[Row]:
    """The rows of one case, from its samples by owner."""
    total = max(found.total(), 1)
    inside = row(f"{title}: inside", sum(found[o] for o in INSIDE) / total * 100, "%", bar=BAR)
    return [inside, *(row(f"{title}: {o}", found[o] / total * 100, "%") for o in (POLARS, NUMPY, DECODERS))]


def sampled(name: str, seconds: float = SECONDS) -> Counter[str]:
    """Samples by owner; RunFailed where there is no profiler, or it may not look into a process of its own."""
    with TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        spy = [command("py-spy"), "record", "--native", "--format", "raw", "--rate", str(RATE), "--output", str(stacks)]
        _run([*spy, "--", sys.executable, "-m", "benchmarks.profiled", name, str(seconds)])
        found = shares(stacks.read_text().splitlines(), BELOW)
    if not found:
        raise RunFailed(f"py-spy has seen nothing of {name}")
    return found


def _run(arguments: list[str]) -> None:
    try:
        done = subprocess.run(
            arguments,
            env={**os.environ, **ONE_THREAD},
            capture_output=True,
            check=False,
            preexec_fn=take_one_core,
        )
    except FileNotFoundError as missing:
        raise RunFailed("py-spy is not installed") from missing
    if done.returncode:
        said = done.stderr.decode().strip().splitlines() or ["it said nothing"]
        raise RunFailed(f"py-spy failed with {done.returncode}: {said[-1]}")
