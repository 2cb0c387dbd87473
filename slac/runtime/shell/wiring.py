"""What stands around a core: its adapters, links and state directory, built from the plan and the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from slac.adapters import tables
from slac.adapters.discovery import input_adapter, output_adapter
from slac.adapters.secrets import resolved
from slac.diagnostics import RunFailed
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, OutputNode, SourceNode
from slac.runtime.checkpoint import StateDirectory
from slac.runtime.durable.segments import SegmentFiles
from slac.runtime.links.client import LinkClient
from slac.runtime.links.outbox import Outbox
from slac.runtime.links.protocol import Hello
from slac.runtime.links.sending import Sending
from slac.runtime.links.server import LinkServer
from slac.runtime.links.several import SeveralClients
from slac.runtime.links.spool import Spool
from slac.runtime.noticing import noticing
from slac.runtime.recording import STORE
from slac.runtime.shell.control import Control
from slac.runtime.shell.gating import Gating
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.outputs import OutputWorker
from slac.runtime.shell.patience import Patience
from slac.runtime.shell.settings import RunSettings
from slac.runtime.shell.waking import Waking
from slac.runtime.source import Source
from slac.runtime.troubles.trouble import KEYS as TROUBLES
from slac.runtime.trust.curve import Dial
from slac.runtime.trust.deployment import hasher_of
from slac.runtime.trust.trust import Trust, refuse_plain
from slac.shedding.capacity.calibration import calibration_of
from slac.shedding.capacity.reading import reading_costs
from slac.shedding.controller import DEFAULT as AIM
from slac.shedding.meter import Meter, ProcessReader
from slac.shedding.purse import Purse
from slac.shedding.readings import ResolvedBudget
from slac.stream.clock import Clock, cpu_seconds
from slac.stream.ports import InputAdapter, InputContext, OutputAdapter, OutputContext
from slac.stream.privacy import Hasher

QUEUED_SHARE: Final = 8
"""An input may queue one part in this many of the memory budget."""
OUTBOX_SHARE: Final = 4
"""What a receiver has not made safe may take one part in this many of the memory budget, when no disk takes it …"""
SPOOL_SHARE: Final = 16
"""… which it is handed to above one part in so many."""
ROOM_SHARE: Final = 8
"""What senders have on their way may take one part in this many of the memory budget."""


def make_state_directory(plan: Plan, settings: RunSettings) -> StateDirectory | None:
    """The directory of this instance, not yet opened; None when no state is kept."""
    if settings.state is None:
        return None
    return StateDirectory(settings.state / plan.document / settings.node / settings.instance)


def make_hasher(part: Plan, settings: RunSettings) -> Hasher | None:
    """What hashes the sensitive fields of this runtime's inputs; None where they have none."""
    return hasher_of(part.nodes, path=settings.sensitive_key, keys=settings.keys, environment=os.environ)


def _fingerprint(plan: Plan, settings: RunSettings) -> str:
    hasher = make_hasher(plan.part(settings.node), settings)
    return hasher.fingerprint if hasher is not None else ""


def make_queues(
    sources: Mapping[str, Source],
    plan: Plan,
    settings: RunSettings,
    budget: ResolvedBudget,
    clock: Clock,
    wake: Waking,
) -> dict[str, InputQueue]:
    """One bounded queue an input."""
    limit = budget.memory_bytes // QUEUED_SHARE
    queues = {
        block: InputQueue(
            source,
            can_wait=source.node.can_wait or source.node.gate.contract.mode == "never",
            clock=clock,
            wake=wake,
            # What can be read again need not be held: a stop would only wait for it to be worked off.
            limit=0 if source.node.can_wait else limit,
        )
        for block, source in sources.items()
    }
    notices = {} if settings.once else noticing(plan)
    for block, queue in queues.items():
        queue.lasts = lambda: wake.left
        queue.patience = Patience(queue.source, notices[block]) if block in notices else None
    _let_wait_on_disk(queues, plan, settings)
    return queues


def _let_wait_on_disk(queues: Mapping[str, InputQueue], plan: Plan, settings: RunSettings) -> None:
    """Give a place on disk to each input of which nothing is dropped, and which cannot be read again."""
    place = settings.directory / "var" / "inputs" / plan.document / f"{settings.node}.{settings.instance}"
    for block, queue in queues.items():
        node = queue.source.node
        if node.table is None and not node.can_wait and node.gate.contract.mode == "never":
            queue.let_wait_in(SegmentFiles(place / block), node.gate.disk)


def make_inputs(part: Plan, settings: RunSettings, clock: Clock) -> dict[str, InputAdapter]:
    """The input adapters of this runtime by block."""
    return {n.block: _input(n, settings, clock) for n in part.nodes if isinstance(n, SourceNode)}


def make_outputs(part: Plan, settings: RunSettings, store: OutputAdapter | None = None) -> dict[str, OutputWorker]:
    """The outputs of this runtime by block, and the store, where there is one, as `STORE`."""
    outputs = {n.block: _output(n, part, settings) for n in part.nodes if isinstance(n, OutputNode)}
    return outputs if store is None else {**outputs, STORE: OutputWorker("store", store)}


def make_client(
    plan: Plan,
    settings: RunSettings,
    budget: ResolvedBudget,
    clock: Clock,
    wake: Callable[[], None],
    trust: Trust | None = None,
) -> Sending | None:
    """The dialling end of this runtime's links; None where it sends nothing."""
    links = [n for n in plan.part(settings.node).nodes if isinstance(n, LinkOutNode)]
    if not links:
        return None
    receiver = plan.placement(links[0].to)
    made = [_client(plan, settings, budget, clock, wake, trust, n) for n in range(receiver.instances)]
    return made[0] if links[0].by is None else SeveralClients(made, links[0].by)


def _client(
    plan: Plan,
    settings: RunSettings,
    budget: ResolvedBudget,
    clock: Clock,
    wake: Callable[[], None],
    trust: Trust | None,
    number: int,
) -> LinkClient:
    """The link to one instance of the receiving node, which has its share of memory, disk and network."""
    links = [n for n in plan.part(settings.node).nodes if isinstance(n, LinkOutNode)]
    receiver = plan.placement(links[0].to).at(number)
    address, share = receiver.address or receiver.listen, receiver.instances
    if address is None:
        raise RunFailed(f'node "{receiver.name}" has neither an address nor a listen in placement')
    refuse_plain(trust, address, "the link to")
    streams = tuple(n.stream for n in links)
    hello = Hello(
        document=plan.document,
        meaning=plan.meaning,
        node=settings.node,
        instance=settings.instance,
        session=f"{settings.node}/{settings.instance}/{os.getpid()}/{clock.now()}",
        streams=streams,
        key=_fingerprint(plan, settings),
    )
    place = _buffer_directory(plan, settings)
    spool = Spool(
        SegmentFiles(place if share == 1 else place / str(number)), plan.placement(settings.node).disk // share
    )
    memory = budget.memory_bytes // share
    outbox = Outbox(streams, memory // OUTBOX_SHARE, spool=spool, share=memory // SPOOL_SHARE)
    rate = None if budget.network_bits is None else budget.network_bits / share
    keys = Dial(trust.own, trust.ring.of_node(receiver.name, address)) if trust is not None else None
    return LinkClient(hello, address, outbox, clock=clock, wake=wake, keys=keys, rate=rate)


def make_control(
    part: Plan,
    queues: Mapping[str, InputQueue],
    costs: dict[str, float],
    budget: ResolvedBudget,
    client: Sending | None,
    server: LinkServer | None,
    directory: StateDirectory | None,
    calibration: Path | None,
) -> Control:
    """What holds a runtime to its budget; `directory` has the record of its decisions.

    `calibration`: the file with the costs of this machine, where there is one.
    """
    known, reader = calibration_of(calibration), ProcessReader()
    _let_spend(queues, reader, budget)

    def demanded() -> int:
        """Bytes that came in over links, and that were made to go out over them."""
        return (client.outbox.added if client is not None else 0) + (server.bytes if server is not None else 0)

    return Control(
        Gating(queues, costs, reading_costs(part, known)),
        budget=budget,
        meter=Meter(reader),
        network=lambda: sum(e.bytes for e in (client, server) if e is not None),
        demanded=demanded,
        record=None if directory is None else directory.directory / "gate.ndjson",
        idle_cores=known.idle_cores,
    )


def _let_spend(queues: Mapping[str, InputQueue], reader: ProcessReader, budget: ResolvedBudget) -> None:
    """Give all inputs but those that are read at a pace one purse."""
    purse = Purse(lambda: cpu_seconds() + reader.below, rate=AIM.headroom * budget.cpu_cores, bound=budget.cpu_cores)
    for queue in queues.values():
        if not queue.source.node.can_wait:
            queue.purse = purse


def _buffer_directory(plan: Plan, settings: RunSettings) -> Path:
    """Beside the checkpoints that refer to it; else where nothing is left of it after the next start."""
    if settings.state is not None:
        return settings.state / plan.document / settings.node / settings.instance / "link"
    return settings.directory / "var" / "links" / plan.document / f"{settings.node}.{settings.instance}"


def make_server(
    plan: Plan,
    settings: RunSettings,
    budget: ResolvedBudget,
    clock: Clock,
    accepted: Callable[[str, str], int],
    wake: Callable[[], None],
    trust: Trust | None = None,
) -> LinkServer | None:
    """The listening end of this runtime's links; None where it receives nothing."""
    links = [n for n in plan.part(settings.node).nodes if isinstance(n, LinkInNode)]
    if not links:
        return None
    here = plan.placement(settings.node)
    listen = here.at(here.number_of(settings.instance)).listen
    if listen is None:
        raise RunFailed(f'node "{settings.node}" receives streams, but its placement has no listen address')
    refuse_plain(trust, listen, "a link that listens on")
    server = LinkServer(
        listen,
        document=plan.document,
        meaning=plan.meaning,
        origins={n.stream: n.origin for n in links},
        accepted=accepted,
        clock=clock,
        wake=wake,
        trust=trust,
    )
    server.key = _fingerprint(plan, settings)
    server.room = budget.memory_bytes // ROOM_SHARE
    return server


def _input(node: SourceNode, settings: RunSettings, clock: Clock) -> InputAdapter:
    context = InputContext(
        block=node.block,
        instance=settings.instance,
        now=clock.now,
        once=settings.once,
        directory=str(settings.directory),
        fields={f.name: str(f.dtype) for f in (*node.payload.fields, *node.context.fields)},
    )
    module = tables if node.table is not None else input_adapter(node.adapter)
    return module.build(_settings(node, settings), context)


def _output(node: OutputNode, part: Plan, settings: RunSettings) -> OutputWorker:
    context = OutputContext(
        block=node.block,
        document=part.document,
        instance=settings.instance,
        directory=str(settings.directory),
        kinds={**dict(zip(node.blocks, node.kinds, strict=True)), **dict.fromkeys(TROUBLES, "violation")},
    )
    return OutputWorker(node.block, output_adapter(node.adapter).build(_settings(node, settings), context))


def _settings(node: SourceNode | OutputNode, settings: RunSettings) -> dict[str, Any]:
    """The settings of an adapter with the values of their secrets, which are nowhere else."""
    made: dict[str, Any] = resolved(
        node.settings, block=node.block, environment=os.environ, directory=str(settings.directory)
    )
    return made
