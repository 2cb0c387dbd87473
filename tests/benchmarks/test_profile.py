"""Whose time a stack is, and what is made of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import profile
from benchmarks.stacks import shares
from slac.diagnostics import RunFailed

PASS = "profiled_pass (benchmarks/profiled.py:36);Core.carry (slac/runtime/core.py:9)"
NUMPY = "numpy/_core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so"
POLARS = "_polars_runtime_32/_polars_runtime.abi3.so"


@pytest.mark.parametrize(
    ("inner", "owner"),
    [
        ("", "Python"),
        (";in_order (slac/stream/order.py:22);array_add (" + NUMPY + ")", "NumPy"),
        (";array_add (" + NUMPY + ");memmove (libc.so.6)", "NumPy"),
        (";select (polars/frame.py:10);<polars as X>::run (" + POLARS + ");syscall (libc.so.6)", "Polars"),
        (";select (polars/frame.py:10)", "Python"),
        (";array_function (" + NUMPY + ");where (numpy/_core/multiarray.py:3)", "Python"),
        (";decode (msgspec/_core.cpython-311.so)", "decoders"),
        (";digest (_xxhash.cpython-311.so)", "Python"),
    ],
)
def test_a_sample_belongs_to_the_innermost_that_says_so(inner: str, owner: str) -> None:
    """Libraries without a name here belong to who called them."""
    assert shares([f"main (x.py:1);{PASS}{inner} 7"], "profiled_pass") == Counter({owner: 7})


def test_the_start_of_python_does_not_count() -> None:
    """Nor what else stands outside of the passes."""
    assert not shares([f"main (x.py:1);array_add ({NUMPY}) 3", ""], "profiled_pass")


def test_the_bar_is_on_the_sum() -> None:
    """The shares that it is made of are told without one."""
    made = profile.rows("filter", Counter({"Polars": 50, "NumPy": 20, "decoders": 5, "Python": 25}))

    assert [(r.name, r.value, r.met) for r in made] == [
        ("filter: inside", 75.0, True),
        ("filter: Polars", 50.0, None),
        ("filter: NumPy", 20.0, None),
        ("filter: decoders", 5.0, None),
    ]


def test_a_profiler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With what it said, or that it is not there."""
    monkeypatch.setattr(profile, "command", lambda name: str(tmp_path / name))

    (told,) = profile.run()

    assert told.name == "absent: py-spy is not installed"
    with pytest.raises(RunFailed):
        profile.sampled("filter")
