"""The public testing kit: a manual clock, a harness that runs all runtimes of a plan in one process, free ports."""

from slac.stream.clock import ManualClock
from slac.testing.harness import Harness
from slac.testing.ports import free_port

__all__ = ["Harness", "ManualClock", "free_port"]
