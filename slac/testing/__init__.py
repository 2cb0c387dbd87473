"""The public testing kit: a manual clock, and a harness that runs all runtimes of a plan in one process."""

from slac.stream.clock import ManualClock
from slac.testing.harness import Harness

__all__ = ["Harness", "ManualClock"]
