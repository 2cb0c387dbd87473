"""The plan: a document's dataflow with its placement, wrapped around networkx once and serialised as JSON.

The compiler writes it; runtimes, the capacity estimator and every other reader work on it alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, Literal

import msgspec
import networkx as nx
import xxhash

from slac.diagnostics import UsageError
from slac.plan.nodes import AnyNode, OutputNode, SourceNode
from slac.plan.user.module import FunctionModule

PLAN_VERSION: Final = 1
NUMBER: Final = "{n}"
"""In an address of a node of several instances: the number of the instance."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """The share of the machine that a runtime may use.

    `cpu`: fraction of the whole machine, or cores where `cpu_unit` says so; `memory`: fraction or bytes;
    `network`: bits per second, None without a bound.
    """

    cpu: float = 0.3
    cpu_unit: str = "machine"
    memory: float = 0.3
    memory_unit: str = "machine"
    network: float | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A role that runtimes play: what it listens on, what it dials, and its budget.

    `disk`: bytes that may wait on disk for the node that it dials. `instances` runtimes share its keys: rows are
    divided among them `by` a column; what they listen on and are dialled at says `at`.
    """

    name: str
    connect: str | None = None
    listen: str | None = None
    address: str | None = None
    budget: Budget = Budget()
    hold: int = 300_000_000
    disk: int = 1 << 30
    instances: int = 1
    by: str | None = None

    def at(self, number: int) -> Placement:
        """The placement of one instance: `{n}` is its number, or else it is added to the port."""
        if self.instances == 1:
            return self
        counts = not any(NUMBER in (text or "") for text in (self.listen, self.address))
        listen, address = (_numbered(text, number, counts=counts) for text in (self.listen, self.address))
        return msgspec.structs.replace(self, listen=listen, address=address)

    def name_of(self, number: int) -> str:
        """What an instance is called."""
        return f"{self.name}-{number}"

    def number_of(self, instance: str) -> int:
        """The number of an instance, 0 where there is one only; UsageError where it is none of them."""
        names = [self.name_of(n) for n in range(self.instances)]
        if self.instances == 1 or instance in names:
            return names.index(instance) if self.instances > 1 else 0
        raise UsageError(
            f'the keys of the node "{self.name}" are divided among {self.instances} instances: '
            f"--instance is one of {', '.join(names)}, not {instance}"
        )


def _numbered(text: str | None, number: int, *, counts: bool) -> str | None:
    if text is None or not counts:
        return None if text is None else text.replace(NUMBER, str(number))
    base, colon, port = text.rpartition(":")
    return f"{base}{colon}{int(port) + number}" if port.isdigit() else f"{text}-{number}"


class Default(msgspec.Struct, frozen=True, kw_only=True):
    """A value that the document left out and the compiler filled in."""

    path: str
    value: str


LogMode = Literal["off", "evidence", "full"]


class Logging(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged of a run, where, and how much of it; `blocks`: by block, where one says so itself."""

    mode: LogMode = "off"
    blocks: dict[str, LogMode] = {}
    directory: str = "var/log"
    max_size: int = 256 * 1024 * 1024


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """For how long (µs) the store keeps what was said, and how many bytes it may take."""

    retain: int = 400 * 86_400_000_000
    max_size: int = 1 << 30


class PlanData(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan serialises: nodes in topological order, placements in document order.

    `functions` are the modules whose functions expressions call: `slac.plan.user.activate` makes them callable.
    `moves`: blocks that were moved to another node than the document says, each with that node. `filled`: places of the
    document (keys, separated by `/`) where a `${…}` stands, with the text there: its value may be another elsewhere.
    """

    version: int = PLAN_VERSION
    document: str
    digest: str = ""
    labels: dict[str, str] = {}
    nodes: tuple[AnyNode, ...]
    placements: tuple[Placement, ...]
    defaults: tuple[Default, ...] = ()
    logging: Logging = Logging()
    checkpoint: int = 10_000_000
    store: Keeping = Keeping()
    functions: tuple[FunctionModule, ...] = ()
    moves: dict[str, str] = {}
    filled: dict[str, str] = {}


class Plan:
    """A checked dataflow. `graph` is the networkx view (node ids); nodes are reached as typed objects only."""

    def __init__(self, data: PlanData) -> None:
        self.data = data
        self._by_id = {n.id: n for n in data.nodes}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data.digest)

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """Node ids, with an edge from each node to its readers."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        for node in self.data.nodes:
            graph.add_node(node.id)
            graph.add_edges_from((i, node.id) for i in node.inputs)
        return graph

    @cached_property
    def meaning(self) -> str:
        """A digest (16 hex digits) of what the plan computes, wherever its inputs, outputs and links may lie.

        Two runtimes that agree in it may talk to each other, and a state belongs to it.
        """
        nodes = [
            msgspec.structs.replace(n, settings={}) if isinstance(n, SourceNode | OutputNode) else n
            for n in self.data.nodes
        ]
        return xxhash.xxh3_64_hexdigest(msgspec.json.encode([self.data.document, nodes]))

    @property
    def document(self) -> str:
        """The document's name."""
        return self.data.document

    @property
    def nodes(self) -> tuple[AnyNode, ...]:
        """All nodes, each after its inputs."""
        return self.data.nodes

    def __getitem__(self, node_id: str) -> AnyNode:
        return self._by_id[node_id]

    def readers(self, node_id: str) -> tuple[AnyNode, ...]:
        """The nodes that read `node_id`, in topological order."""
        wanted = set(self.graph.successors(node_id))
        return tuple(n for n in self.data.nodes if n.id in wanted)

    def placement(self, name: str) -> Placement:
        """The placement called `name`; UsageError names those that exist."""
        for placement in self.data.placements:
            if placement.name == name:
                return placement
        known = ", ".join(p.name for p in self.data.placements)
        raise UsageError(f'document "{self.document}" has no node "{name}"; its nodes are: {known}')

    def part(self, name: str) -> Plan:
        """What a runtime of placement `name` runs; UsageError when there is no such placement."""
        self.placement(name)
        nodes = tuple(n for n in self.data.nodes if n.node == name)
        return Plan(msgspec.structs.replace(self.data, nodes=nodes))

    def to_json(self) -> bytes:
        """The plan as JSON, indented; `from_json` reads it back equal."""
        return msgspec.json.format(msgspec.json.encode(self.data), indent=2)

    @classmethod
    def from_json(cls, text: bytes) -> Plan:
        """Read a plan back; UsageError when it is none, or of another version."""
        try:
            data = msgspec.json.decode(text, type=PlanData)
        except msgspec.DecodeError as error:
            raise UsageError(f"not a plan of this version of slac: {error}") from error
        if data.version != PLAN_VERSION:
            raise UsageError(f"the plan has version {data.version}; this slac reads version {PLAN_VERSION}")
        return cls(data)
