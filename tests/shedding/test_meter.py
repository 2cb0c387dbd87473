"""Readings: means of one second from usage that only grows."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from slac.shedding.meter import Meter, ProcessReader, Usage
from slac.stream.clock import SECOND


@dataclass
class Script:
    """Usage as it is written down."""

    usages: list[Usage] = field(default_factory=list)

    def read(self) -> Usage:
        """The next of them."""
        return self.usages.pop(0)


def test_first_reading_has_no_rate() -> None:
    """What was used before the first look is not ours to judge."""
    meter = Meter(Script([Usage(cpu_seconds=99.0, memory_bytes=5)]))
    reading = meter.read(0, 1_000)
    assert (reading.cpu_cores, reading.network_bits, reading.memory_bytes) == (0.0, 0.0, 5)


def test_mean_of_the_last_second() -> None:
    """Quarter-second looks give the mean of the last whole second, not of all time."""
    usages = [Usage(cpu_seconds=0.1 * n if n <= 4 else 0.4 + 0.2 * (n - 4), memory_bytes=0) for n in range(9)]
    meter = Meter(Script(usages))
    readings = [meter.read(n * SECOND // 4, 100 * n) for n in range(9)]
    assert readings[4].cpu_cores == pytest.approx(0.4)
    assert readings[6].cpu_cores == pytest.approx(0.6)
    assert readings[8].cpu_cores == pytest.approx(0.8)
    assert readings[8].network_bits == pytest.approx(8 * 400)


def test_a_long_pause_is_averaged_over() -> None:
    """When looks are rare the mean spans from one to the next."""
    meter = Meter(Script([Usage(cpu_seconds=0.0, memory_bytes=0), Usage(cpu_seconds=5.0, memory_bytes=0)]))
    meter.read(0)
    assert meter.read(10 * SECOND).cpu_cores == pytest.approx(0.5)


def test_children_count_and_stay_counted() -> None:
    """A child's memory and CPU are ours; when it has ended, what it used is not forgotten."""
    code = "s = sum(range(3_000_000)); print('ready', flush=True); input()"
    reader = ProcessReader()
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    during = reader.read()
    child.communicate(b"\n")
    after = reader.read()
    assert during.memory_bytes > 0
    assert after.cpu_seconds >= during.cpu_seconds
