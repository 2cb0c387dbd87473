"""What flows on an arrow, what a node does for it, and the scene for which both are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.keys import NO_KEYS, Keys

N = TypeVar("N")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A stream at work: rows, batches and watermark advances (`waves`) a second, and what its rows are like.

    `window`: size and hop (µs) of the windows that its rows come from. `lateness`: µs that rows may be held open.
    `instants`: how many a published row has. `weighted`: its rows stand for others that a gate has dropped.
    """

    rate: float
    batches: float
    waves: float
    row_bytes: float
    json_bytes: float
    fields: int
    keys: Keys = NO_KEYS
    window: tuple[int, int] | None = None
    lateness: int = 0
    inputs: frozenset[str] = frozenset()
    instants: int = 1
    weighted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLoad:
    """What one node does a second (kind of cost → work), the bytes it holds, and the bits it moves a second.

    `holds`: keys, groups, rows or partial matches; `timers`: how many of them wait for an instant.
    `held`: what comes in stays undecoded while nobody would notice.
    """

    flow: Flow
    rows_in: float
    work: tuple[tuple[str, Work], ...] = ()
    memory: float = 0.0
    bits: float = 0.0
    holds: float = 0.0
    timers: float = 0.0
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of nodes beside what the document says, by their ids.

    `passes`: rows out for each row in (at port 0 of a join); `groups`: rows of a shared window in each of its windows.
    `calls`: how often a second it is called. `received`: rows a second that come in over a link, where the part of the
    plan that sends them is not there.
    """

    passes: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[str, float] = field(default_factory=dict)
    received: Mapping[str, float] = field(default_factory=dict)


NO_FACTS: Final = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """For what the model is computed: which of the declared rates, times what, in how many waves a second.

    `waves`: placement → waves a second. `instances`: placement → how many runtimes play it. `rates` (input → events
    a second) stands above what is declared; `passes`: the share of its rows that a block lets through, as declared;
    `facts` are what has been seen of nodes; `held` are inputs that stay undecoded while nobody would notice, with the
    seconds after which their rows matter, none where the runtime is `hurried`; `kept` is by input the share of its
    records that its gate lets pass, where it drops; `paired` are joins that are worked off
    with a window beside them; `memo`
    holds what is found out about a node once; `notes` gathers the assumptions that were needed.
    """

    burst: bool = False
    factor: float = 1.0
    hurried: bool = False
    waves: Mapping[str, float] = field(default_factory=dict)
    instances: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, float] | None = None
    facts: Facts = NO_FACTS
    passes: Mapping[str, float] = field(default_factory=dict)
    held: Mapping[str, float] = field(default_factory=dict)
    kept: Mapping[str, float] = field(default_factory=dict)
    paired: frozenset[str] = frozenset()
    memo: dict[str, Any] = field(default_factory=dict)
    bytes_per_key: float = 200.0
    notes: dict[str, None] = field(default_factory=dict)

    def known(self, node_id: str, find: Callable[[N], T], node: N) -> T:
        """What `find` says of a node: asked once, however many loads are looked at."""
        if node_id not in self.memo:
            self.memo[node_id] = find(node)
        found: T = self.memo[node_id]
        return found

    def note(self, text: str) -> None:
        """Remember an assumption, once."""
        self.notes[text] = None
