"""One thing that is wrong with one runtime, as it is known at one moment and told to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from slac.plan.graph import Plan

SILENT: Final = "runtime:instance_silent"
"""An instance that sends here has not been heard for `hold`."""
NOT_KEPT: Final = "runtime:not_kept"
"""A runtime cannot write down what it should: the run goes on in memory."""
DRIFT: Final = "runtime:model_drift"
"""What a runtime uses is far from what the capacity model says of the same load."""
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    SILENT: ("node", "instance"),
    NOT_KEPT: ("node", "instance", "what"),
    DRIFT: ("node", "instance", "what"),
}
"""The violations that no document declares, and the columns of their keys. No block can have such a name."""
SEVERITIES: Final[Mapping[str, str]] = {SILENT: "critical", NOT_KEPT: "critical", DRIFT: "warning"}
MOST: Final = 100
"""So many a runtime tells at most …"""
LONGEST: Final = 300
"""… in so many signs each."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """`block`: one of `KEYS`. `node`, `instance`: whose it is. `what`: which of several that a runtime can have.

    `since`: wall clock (µs). `reason`: a word. `message`: a sentence without full stop.
    """

    block: str
    node: str
    instance: str
    what: str = ""
    since: int
    reason: str = ""
    message: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """By what it is the same trouble."""
        return self.block, self.node, self.instance, self.what

    @property
    def is_sound(self) -> bool:
        """Whether a peer may say that: nothing outside of what we know, and not too long."""
        texts = (self.node, self.instance, self.what, self.reason, self.message)
        return self.block in KEYS and all(len(text) <= LONGEST for text in texts)


def spoken_for(plan: Plan) -> Mapping[str, frozenset[str]]:
    """By node, the nodes whose streams come by way of it: of these, too, it may tell."""
    steps = {p.name: p.connect for p in plan.data.placements}
    found: dict[str, set[str]] = {name: set() for name in steps}
    for name, step in steps.items():
        seen, at = {name}, step
        while at is not None and at in steps and at not in seen:
            found[at].add(name)
            seen.add(at)
            at = steps[at]
    return {name: frozenset(nodes) for name, nodes in found.items()}
