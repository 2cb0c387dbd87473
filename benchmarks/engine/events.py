"""The inputs of the cases that peers take part in: drawn from a seed, and the same rows in every form of file.

No key has two events at one instant: engines differ in whether such events see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.inputs import CACHE, CLIENTS, EPOCH_MS, PER_MS, kept, requests, steps, write_arrow, write_ndjson

QUOTAS_A_SECOND: Final = 100
MODULES: Final = 10_000
TEST_CASES: Final = 2
ROUND_MS: Final = 120_000
"""Every test case of every module runs once in so long."""
_BEFORE_MS: Final = 1_000


def spread_requests(events: int) -> pl.DataFrame:
    """The requests of `benchmarks.inputs`, but no client twice in one millisecond."""
    clients = pl.Series([f"client-{i:04d}" for i in range(CLIENTS)])
    return requests(events).with_columns(client=clients.gather(_distinct(events, CLIENTS, PER_MS)))


def quotas(requested: int) -> pl.DataFrame:
    """`timestamp`, `client`, `most`: one of each client before the first request, then 100 a second of any."""
    draw = np.random.default_rng(20_113)
    later = requested // PER_MS * QUOTAS_A_SECOND // 1_000
    of = np.concatenate([np.arange(CLIENTS), draw.integers(0, CLIENTS, later)])
    first = np.full(CLIENTS, EPOCH_MS - _BEFORE_MS)
    at = np.concatenate([first, EPOCH_MS + np.arange(later) * 1_000 // QUOTAS_A_SECOND])
    clients = pl.Series([f"client-{i:04d}" for i in range(CLIENTS)])
    return pl.DataFrame(
        {"timestamp": at, "client": clients.gather(of), "most": np.round(draw.uniform(10, 99, len(at)), 2)}
    )


def module_runs(events: int) -> pl.DataFrame:
    """`timestamp`, `module`, `test_case`, `ok`: rounds of 120 s through 10 000 modules, some ill for a while."""
    draw = np.random.default_rng(20_114)
    parts = MODULES * TEST_CASES
    order = np.argsort(draw.random((events // parts + 1, parts)), axis=1).reshape(-1)[:events]
    rounds = np.arange(events) // parts
    at = EPOCH_MS + (np.arange(events) * ROUND_MS) // parts
    health = draw.choice([*[1.0] * 18, 0.5, 0.0], (parts, rounds[-1] // 15 + 1))[order, rounds // 15]
    modules, cases = (pl.Series([f"{word}-{i:05d}" for i in range(n)]) for word, n in _NAMES.items())
    return pl.DataFrame(
        {
            "timestamp": at,
            "module": modules.gather(order // TEST_CASES),
            "test_case": cases.gather(order % TEST_CASES),
            "ok": draw.random(events) < health,
        }
    )


def steps_fast(events: int) -> pl.DataFrame:
    """1 000 steps a second."""
    return steps(events, 1_000)


def steps_slow(events: int) -> pl.DataFrame:
    """100 steps a second."""
    return steps(events, 100)


INPUTS: Final[Mapping[str, Callable[[int], pl.DataFrame]]] = MappingProxyType(
    {
        "requests": spread_requests,
        "quotas": quotas,
        "steps_fast": steps_fast,
        "steps_slow": steps_slow,
        "module_runs": module_runs,
    }
)
"""How each input is made, by the number of events of its case."""
_FORMS: Final[Mapping[str, Callable[[pl.DataFrame, Path], None]]] = MappingProxyType(
    {
        "arrow": write_arrow,
        "csv": lambda frame, path: frame.drop("region", strict=False).write_csv(path, include_header=False),
        "ndjson": write_ndjson,
    }
)
_NAMES: Final = {"module": MODULES, "case": TEST_CASES}


def input_file(name: str, events: int, form: str, directory: Path = CACHE) -> Path:
    """The file of an input: `arrow` for us, `csv` (columns in the order above) for peers, `ndjson` for both."""
    path = directory / f"engine-{name}-{events}.{form}"
    return kept(path, lambda path: _FORMS[form](INPUTS[name](events), path))


def _distinct(events: int, keys: int, together: int) -> npt.NDArray[np.int64]:
    """Random keys, all different within each `together` following ones."""
    draw = np.random.default_rng(20_115)
    drawn = draw.integers(0, keys, -(-events // together) * together).reshape(-1, together)
    while True:
        in_order = np.sort(drawn, axis=1)
        again = np.flatnonzero((in_order[:, 1:] == in_order[:, :-1]).any(axis=1))
        if not len(again):
            return drawn.reshape(-1)[:events]
        drawn[again] = draw.integers(0, keys, (len(again), together))
