"""Memory that was freed is used again."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys

import pytest

from slac.runtime.memory import reuse_freed_memory

FAULTS = f"""
import resource
import numpy as np
from {reuse_freed_memory.__module__} import reuse_freed_memory
reuse_freed_memory()
np.zeros(1 << 20).sum()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(1 << 20).sum()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc learns from what is freed")
def test_pages_of_freed_columns_are_not_asked_for_again() -> None:
    """Twenty columns of 8 MiB, one after the other, have the pages of one, not of twenty."""
    said = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(said.stdout) < 2 * (1 << 20) * 8 // resource.getpagesize()


def test_nothing_is_taken_for_it() -> None:
    """The block is never touched: the memory of the process does not grow by it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reuse_freed_memory()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 << 10
