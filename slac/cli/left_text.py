"""What runtimes that are gone have left, as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slac.runtime.inspection.left import Left

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def left_text(left: Left) -> str:
    """A few lines."""
    return "\n".join(_lines(left)) + "\n"


def _lines(left: Left) -> Iterator[str]:
    how = "at work" if left.running else "not at work"
    saved = f"checkpoint {left.checkpoint} of {instant_text(left.taken)}" if left.taken is not None else "no checkpoint"
    yield f"{left.document}  {left.node}/{left.instance}  {how}  {saved}"
    for what in left.damaged:
        yield f"  damaged: {what}"
    for name, each in left.inputs.items():
        told = [f"{each.seen} records", f"event time {instant_text(each.watermark)}"]
        told += [f"{n} {word}" for n, word in ((each.late, "late"), (each.quarantined, "put aside")) if n]
        gate = left.gate.get(name)
        told += [f"gate at {gate['fraction']:.3g} ({gate['reason']})"] if gate is not None and gate["fraction"] else []
        yield f"  {name}: {', '.join(told)}"
        for source, one in each.sources.items():
            where = ", ".join(f"{k} {v}" for k, v in (one.position or {}).items())
            yield f"    {source}: {one.records} records{f', up to {where}' if where else ''}"
    for stream, peers in left.peers.items():
        for peer, mark in peers.items():
            yield f"  {stream} of {peer}: up to {instant_text(mark)}"
    yield "  next start:"
    yield from (f"    {sentence}" for sentence in left.restart)


def instant_text(at: int | None) -> str:
    """An instant (µs) as ISO 8601."""
    if at is None or abs(at) >= 1 << 60:
        return "not begun"
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
