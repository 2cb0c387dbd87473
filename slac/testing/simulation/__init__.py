"""Simulation of a document: recorded or made-up events, step by step, with break points, or with inputs varied."""

from slac.testing.simulation.breaks import Break
from slac.testing.simulation.feed import Feed, Item, from_log, from_ndjson, marked
from slac.testing.simulation.run import Made, Simulation
from slac.testing.simulation.vary import Variation, outcomes, parse_variation

__all__ = [
    "Break",
    "Feed",
    "Item",
    "Made",
    "Simulation",
    "Variation",
    "from_log",
    "from_ndjson",
    "marked",
    "outcomes",
    "parse_variation",
]
