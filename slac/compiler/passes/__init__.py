"""The passes, in the order in which they run, and why there.

A stage is a group of passes at whose end the compiler stops if there were errors; within one, later passes stay silent
about what earlier ones have broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slac.compiler.draft import Draft, Found
from slac.compiler.passes.adapters import adapters
from slac.compiler.passes.addresses import addresses
from slac.compiler.passes.apart import apart
from slac.compiler.passes.bounds import bounds
from slac.compiler.passes.budgets import budgets
from slac.compiler.passes.calendars import calendars
from slac.compiler.passes.closing import closing
from slac.compiler.passes.constants import constants
from slac.compiler.passes.contracts import contracts
from slac.compiler.passes.cycles import cycles
from slac.compiler.passes.dues import dues
from slac.compiler.passes.events import events
from slac.compiler.passes.exits import exits
from slac.compiler.passes.fill import fill
from slac.compiler.passes.functions import functions
from slac.compiler.passes.gaps import gaps
from slac.compiler.passes.hold import hold
from slac.compiler.passes.imports import imports
from slac.compiler.passes.know import know
from slac.compiler.passes.link import link
from slac.compiler.passes.names import names
from slac.compiler.passes.nothing import nothing
from slac.compiler.passes.nulls import nulls
from slac.compiler.passes.pace import pace
from slac.compiler.passes.place import choose, place
from slac.compiler.passes.prune import prune
from slac.compiler.passes.ranks import ranks
from slac.compiler.passes.rates import rates
from slac.compiler.passes.restating import restating
from slac.compiler.passes.retention import retention
from slac.compiler.passes.sampling import sampling
from slac.compiler.passes.share import share
from slac.compiler.passes.sight import sight
from slac.compiler.passes.split import split
from slac.compiler.passes.states import states
from slac.compiler.passes.thresholds import thresholds
from slac.compiler.passes.types import types
from slac.compiler.passes.unused import unused
from slac.compiler.passes.windows import windows


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass by its name, and what it needs from those before it or must do before those behind it."""

    name: str
    run: Callable[[Draft], Found]
    why_here: str


MEANING: tuple[Pass, ...] = (
    Pass("nothing", nothing, "a document that says nothing has nothing else to be told"),
    Pass("names", names, "all others follow references"),
    Pass("calendars", calendars, "blocks that name one are typed with what it says"),
    Pass("events", events, "a type names the blocks that reading it means, which is part of the order"),
    Pass("cycles", cycles, "gives the order in which the rest is done"),
    Pass("adapters", adapters, "an input without an adapter has no typed stream"),
    Pass("rates", rates, "needs the types of the inputs that are sound"),
    Pass("pace", pace, "needs what the document says, and no more"),
    Pass("windows", windows, "a window that does not fit would give confusing type errors"),
    Pass("functions", functions, "expressions that call them are typed with what they declare"),
    Pass("types", types, "needs names, events, order and windows; makes the nodes"),
    Pass("states", states, "needs typed conditions to see which of them overlap"),
    Pass("retention", retention, "needs the windows that nodes read"),
    Pass("closing", closing, "needs the inputs behind windows"),
    Pass("restating", restating, "says for how long rows are kept, before bounds are checked"),
    Pass("bounds", bounds, "needs nodes with all their defaults"),
    Pass("know", know, "follows values through the nodes, for those behind it"),
    Pass("ranks", ranks, "needs the values that are followed"),
    Pass("constants", constants, "before `thresholds`, which says nothing of what reads no column"),
    Pass("thresholds", thresholds, "behind `states`, which says more of the states of audits"),
    Pass("exits", exits, "silent about audits that are broken"),
    Pass("gaps", gaps, "the same"),
    Pass("nulls", nulls, "the same"),
    Pass("dues", dues, "the same"),
    Pass("contracts", contracts, "needs the nodes of all blocks, and the bounds that their windows have"),
    Pass("sampling", sampling, "needs the contracts of blocks"),
    Pass("addresses", addresses, "needs what the document says, and no more"),
    Pass("budgets", budgets, "the same"),
    Pass("imports", imports, "checked as a whole, and from here on only what the document uses of it"),
    Pass("place", place, "shown with the other mistakes of the document; the last that reads declarations"),
    Pass("unused", unused, "silent where anything is broken, so after all that can break"),
)
"""What a document means; its findings come all at once."""

PLACING: tuple[Pass, ...] = (
    Pass("fill", fill, "before the split, which copies windows"),
    Pass("prune", prune, "before the split and the links, which copy schemas"),
    Pass("choose", choose, "places again: by the nodes in their last form the compiler can choose"),
    Pass("sight", sight, "needs to know where blocks run, and what the document says of them"),
    Pass("split", split, "moves work between nodes, so before the links"),
    Pass("apart", apart, "needs what is placed where, and streams that links do not cut yet"),
    Pass("link", link, "only follows what is placed where"),
    Pass("hold", hold, "needs the links"),
    Pass("share", share, "the last: checks what runs on nodes whose keys are shared"),
)
"""Where its parts run."""

__all__ = ["MEANING", "PLACING", "Pass"]
