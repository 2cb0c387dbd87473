"""Statuses of runtimes as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from slac.stream.clock import SECOND

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from slac.runtime.inspection.status import PeerStatus, RuntimeStatus

Rates = Mapping[str, float]
"""Rows or records a second by name; empty where there is nothing to compare with."""
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024


def rates(now: RuntimeStatus, before: RuntimeStatus | None) -> tuple[Rates, Rates]:
    """Records of each input and rows of each block, a second, since a status before this one."""
    if before is None or before.started != now.started or now.now <= before.now:
        return {}, {}
    seconds = (now.now - before.now) / SECOND
    inputs = {n: (i.counts.seen - before.inputs[n].counts.seen) / seconds for n, i in now.inputs.items()}
    blocks = {n: (b.rows - before.blocks[n].rows) / seconds for n, b in now.blocks.items()}
    return inputs, blocks


def whole(status: RuntimeStatus, before: RuntimeStatus | None = None) -> RenderableType:
    """Everything of one runtime."""
    from rich.console import Group
    from rich.text import Text

    inputs, blocks = rates(status, before)
    parts: list[RenderableType] = [Text(headline(status), style="bold"), Text(usage(status))]
    parts += [_inputs(status, inputs)] if status.inputs else []
    parts += [_blocks(status, blocks)]
    parts += [_peers(status)] if status.peers else []
    parts += [Text(_sending(status))] if status.sending is not None else []
    parts += [Text(f"{t.block}: {t.message}", style="bold red") for t in status.troubles]
    parts += [_outputs(status)] if status.outputs else []
    return Group(*parts, Text(""))


def headline(status: RuntimeStatus) -> str:
    """Who it is, since when, and what it has saved."""
    up = _span(status.now - status.started)
    done = ", finished" if status.finished else ""
    kept = saved(status.checkpoint, status.checkpoint_taken, status.now, keeps=status.keeps)
    return f"{status.document}  {status.node}/{status.instance}  pid {status.pid}  up {up}{done}  {kept}"


def saved(number: int, taken: int | None, now: int, *, keeps: bool) -> str:
    """What a restart would find: the last checkpoint, taken when (µs), or none."""
    if taken is not None:
        return f"checkpoint {number}, {_span(now - taken)} ago"
    return "no checkpoint yet" if keeps else "no state is kept"


def usage(status: RuntimeStatus) -> str:
    """What it uses of its budget."""
    budget, reading = status.budget, status.reading
    if reading is None:
        return "not measured yet"
    cpu = f"cpu {reading.cpu_cores:.2f} of {budget.cpu_cores:.2f} cores"
    memory = f"memory {size(reading.memory_bytes)} of {size(budget.memory_bytes)}"
    bound = f" of {budget.network_bits / 1e6:.2f}" if budget.network_bits is not None else ""
    return f"{cpu}   {memory}   network {reading.network_bits / 1e6:.2f}{bound} Mbit/s"


def size(count: float) -> str:
    """Bytes for people."""
    value, unit = float(count), 0
    while value >= _STEP and unit < len(_SIZES) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.0f} {_SIZES[unit]}" if unit == 0 else f"{value:.1f} {_SIZES[unit]}"


def turned_away(dropped: Mapping[str, int]) -> tuple[int, int]:
    """Of counts by reason: records that were taken and dropped, and those that were never taken (`refused`)."""
    refused = dropped.get("refused", 0)
    return sum(dropped.values()) - refused, refused


def _inputs(status: RuntimeStatus, rate: Rates) -> Table:
    rows = (
        (
            name,
            str(i.counts.seen),
            _rate(rate, name),
            _lag(status, i.watermark),
            size(i.queued_bytes),
            f"{i.fraction:.0%}",
            *map(str, turned_away(i.counts.dropped)),
            str(i.counts.quarantined),
            str(i.counts.late),
        )
        for name, i in status.inputs.items()
    )
    heads = ("input", "records", "a second", "lag", "queued", "admitted", "dropped", "refused", "quarantined", "late")
    return _table(heads, rows)


def _blocks(status: RuntimeStatus, rate: Rates) -> Table:
    rows = (
        (name, str(b.rows), _rate(rate, name), str(b.late), ", ".join(f"{w} {c}" for w, c in b.held.items() if c))
        for name, b in status.blocks.items()
        if name not in status.inputs
    )
    return _table(("block", "rows", "a second", "late", "holds"), rows)


def _peers(status: RuntimeStatus) -> Table:
    rows = (
        (
            name,
            presence(peer),
            f"{_span(status.now - peer.heard)} ago",
            _lag(status, min(peer.watermarks.values(), default=None)),
        )
        for name, peer in status.peers.items()
    )
    return _table(("peer", "", "heard", "lag"), rows)


def presence(peer: PeerStatus) -> str:
    """Whether an instance is there, in a word."""
    if peer.connected:
        return "connected"
    if peer.forgotten:
        return "forgotten"
    if peer.left:
        return "left"
    return "away" if peer.silent is None else "silent"


def _sending(status: RuntimeStatus) -> str:
    sending = status.sending
    if sending is None:
        return ""
    how = "the receiver answers" if sending.connected else "the receiver does not answer"
    told = f"link: {how}; {sending.waiting_messages} messages, {size(sending.waiting_bytes)}, are not safe there yet"
    if sending.disk_bytes or sending.disk_refusals:
        told += f"; {size(sending.disk_bytes)} of {size(sending.disk_limit)} on disk"
    if sending.disk_refusing:
        told += f", which takes no more ({sending.disk_refusing})"
    if sending.disk_refusals:
        told += f"; refused {sending.disk_refusals} times"
    if sending.lost_messages:
        told += f"; {sending.lost_messages} messages could not be read back and are lost"
    return told


def _outputs(status: RuntimeStatus) -> Table:
    rows = ((n, str(o.published), str(o.waiting), str(o.failures)) for n, o in status.outputs.items())
    return _table(("output", "published", "waiting", "failed tries"), rows)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(names):
        made.add_column(name, justify="left" if place == 0 else "right")
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def _rate(rate: Rates, name: str) -> str:
    return f"{rate[name]:.1f}" if name in rate else ""


def _lag(status: RuntimeStatus, watermark: int | None) -> str:
    if watermark is None or not status.live:
        return ""
    return _span(max(status.now - watermark, 0))


def _span(microseconds: int) -> str:
    seconds = microseconds / SECOND
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.1f} s"
