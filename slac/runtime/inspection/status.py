"""What a runtime says of itself at one moment, as it goes over its control socket. Times are µs of the wall clock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from slac import __version__
from slac.plan.graph import Plan
from slac.plan.nodes import LinkOutNode
from slac.runtime.core import Core
from slac.runtime.links.inlet import Peer
from slac.runtime.links.sending import Sending
from slac.runtime.links.server import LinkServer
from slac.runtime.operator import BEGINNING
from slac.runtime.recorder import Logbook, LogStatus, Unlogged
from slac.runtime.shell.checkpoints import CheckpointStatus
from slac.runtime.shell.inputs import InputQueue
from slac.runtime.shell.keeping import Keeping
from slac.runtime.shell.outputs import OutputWorker
from slac.runtime.shell.settings import RunSettings
from slac.runtime.shell.summary import InputSummary, summarise_input
from slac.runtime.troubles.trouble import Trouble
from slac.shedding.capacity.measured import Measured
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND

CONNECTED: Final = 5 * SECOND
"""A peer that was heard within this time (µs) is there: signs of life come each second."""


class InputStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One input: its counts, the share that its gate admits, bytes that wait, and its watermark (event time)."""

    counts: InputSummary
    fraction: float
    queued_bytes: int
    watermark: int | None
    ended: bool


class BlockStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One block here: rows that it has given out, rows that were late for it, and what its operators hold by name."""

    rows: int
    late: int
    held: dict[str, int]


class PeerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that sends here: whether it is connected, when it was last heard, how far its streams have come.

    `left`: it said goodbye and is not back. `silent`: since when it had been quiet for `hold`, None where it is not;
    `forgotten`: for so long that nobody waits for it any more.
    """

    connected: bool
    heard: int
    watermarks: dict[str, int]
    left: bool = False
    silent: int | None = None
    forgotten: bool = False


class SendingStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What this runtime sends: whether the receiver answers, and what it has not made safe yet, in memory and on disk.

    `disk_refusing`: why the disk takes no more, empty where it does; `disk_refusals`: how often that began.
    `lost_messages` could not be read back from the disk. `under_way`: bytes sent that the receiver has not taken.
    """

    connected: bool
    waiting_bytes: int
    waiting_messages: int
    watermarks: dict[str, int]
    under_way: int = 0
    disk_bytes: int = 0
    disk_limit: int = 0
    disk_messages: int = 0
    disk_refusing: str = ""
    disk_refusals: int = 0
    lost_messages: int = 0


class OutputStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One output: rows that are out, rows that wait, tries that failed."""

    published: int
    waiting: int
    failures: int


class RuntimeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All of one runtime. `checkpoint` is the number of the last one, when it was taken and its bytes.

    `not_kept` says why what has come in since would not survive a crash, or is refused. `log`: how that goes.
    `troubles`: all that is known to be wrong here and with those that send here. `measured`: what its nodes cost and
    pass on, over the last minutes; None before the first has gone.
    """

    document: str
    digest: str
    meaning: str
    node: str
    instance: str
    pid: int
    slac: str
    started: int
    now: int
    live: bool
    finished: bool
    inputs: dict[str, InputStatus]
    blocks: dict[str, BlockStatus]
    peers: dict[str, PeerStatus]
    sending: SendingStatus | None
    outputs: dict[str, OutputStatus]
    checkpoint: int
    checkpoint_taken: int | None
    reading: Reading | None
    budget: ResolvedBudget
    checkpoint_bytes: int = 0
    not_kept: list[str] = []
    keeps: bool = False
    log: LogStatus = LogStatus(mode="off")
    troubles: tuple[Trouble, ...] = ()
    measured: Measured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a status is read from; nothing of it is changed."""

    plan: Plan
    settings: RunSettings
    core: Core
    queues: Mapping[str, InputQueue]
    outputs: Mapping[str, OutputWorker]
    client: Sending | None
    server: LinkServer | None
    budget: ResolvedBudget
    started: int
    logbook: Logbook = field(default_factory=Unlogged)


def status_of(
    parts: Parts,
    *,
    now: int,
    reading: Reading | None,
    checkpoint: CheckpointStatus,
    keeping: Keeping,
) -> RuntimeStatus:
    """The status of a runtime whose core is in no call; `checkpoint`: the last one."""
    return RuntimeStatus(
        document=parts.plan.document,
        digest=parts.plan.data.digest,
        meaning=parts.plan.meaning,
        node=parts.settings.node,
        instance=parts.settings.instance,
        pid=os.getpid(),
        slac=__version__,
        started=parts.started,
        now=now,
        live=parts.core.live,
        finished=parts.core.finished,
        inputs={name: _input(queue) for name, queue in parts.queues.items()},
        blocks=blocks_of(parts.core),
        peers=_peers(parts, now),
        sending=_sending(parts.client),
        outputs={
            n: OutputStatus(published=o.published, waiting=o.waiting, failures=o.failures)
            for n, o in parts.outputs.items()
        },
        checkpoint=checkpoint.number,
        checkpoint_taken=checkpoint.taken,
        checkpoint_bytes=checkpoint.written,
        not_kept=keeping.sentences(),
        keeps=parts.settings.state is not None,
        troubles=parts.core.known_troubles(),
        measured=keeping.measuring.last,
        reading=reading,
        budget=parts.budget,
        log=parts.logbook.status,
    )


def _input(queue: InputQueue) -> InputStatus:
    source = queue.source
    return InputStatus(
        counts=summarise_input(source),
        fraction=source.gate.fraction,
        queued_bytes=queue.bytes,
        watermark=_known(source.arrival.watermark),
        ended=source.ended,
    )


def blocks_of(core: Core) -> dict[str, BlockStatus]:
    """By block; where several nodes are one block, the last that gives rows out here says what comes out of it."""
    held: dict[str, dict[str, int]] = {}
    rows: dict[str, int] = {}
    for node in core.plan.nodes:
        operator = core.flow.operators.get(node.id)
        of_block = held.setdefault(node.block, {})
        for name, count in (operator.statistics() if operator is not None else {}).items():
            of_block[name] = of_block.get(name, 0) + count
        if not isinstance(node, LinkOutNode):  # which gives nothing out here
            rows[node.block] = core.flow.rows[node.id]
    return {
        block: BlockStatus(
            rows=rows[block], late=counts.get("late", 0), held={k: c for k, c in counts.items() if k != "late"}
        )
        for block, counts in held.items()
    }


def _peers(parts: Parts, now: int) -> dict[str, PeerStatus]:
    connected = parts.server.peers() if parts.server is not None else {}
    marks: dict[str, dict[str, int]] = {name: {} for name in connected}
    heard = dict(connected)
    known: dict[str, Peer] = {}
    for stream, inlet in parts.core.inlets.items():
        for name, peer in inlet.peers.items():
            marks.setdefault(name, {})[stream] = peer.watermark
            heard[name] = max(heard.get(name, 0), peer.heard)
            known[name] = peer
    return {
        name: PeerStatus(
            connected=name in connected and now - connected[name] < CONNECTED,
            heard=heard[name],
            left=name in known and known[name].left,
            silent=known[name].silent if name in known else None,
            forgotten=name in known and known[name].forgotten,
            watermarks={s: w for s, w in of_peer.items() if w > BEGINNING},
        )
        for name, of_peer in sorted(marks.items())
    }


def _sending(client: Sending | None) -> SendingStatus | None:
    if client is None:
        return None
    outbox = client.outbox
    sending = SendingStatus(
        connected=client.welcomed,
        waiting_bytes=outbox.bytes,
        waiting_messages=outbox.messages,
        watermarks=outbox.marks(),
        under_way=client.under_way,
    )
    if (spool := outbox.on_disk) is None:
        return sending
    return msgspec.structs.replace(
        sending,
        disk_bytes=spool.bytes,
        disk_limit=spool.limit,
        disk_messages=spool.messages,
        disk_refusing=spool.refusing,
        disk_refusals=spool.refusals,
        lost_messages=spool.lost,
    )


def _known(watermark: int) -> int | None:
    return watermark if watermark > BEGINNING else None
