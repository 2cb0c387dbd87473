"""What a runtime that is gone has left in its state directory: how far it was, and what the next start will do.

Nothing is changed: files are read, and locks only asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from slac.adapters.decoding import count_of
from slac.diagnostics import RunFailed
from slac.runtime.checkpoint import GENERATIONS
from slac.runtime.durable.blobs import Blobs, Damaged
from slac.runtime.durable.files import Files, with_aside
from slac.runtime.durable.journal import JOURNAL, Journal
from slac.runtime.durable.lock import FileLock
from slac.runtime.durable.manifest import Manifest, read_manifest
from slac.runtime.durable.pieces import from_pieces
from slac.runtime.durable.segments import SegmentFiles
from slac.runtime.operator import BEGINNING, State

_LIMIT: Final = 1 << 62
_LOCK: Final = "lock"


class SourceLeft(msgspec.Struct, frozen=True, kw_only=True):
    """One source of an input: records that were read of it, and where it was."""

    records: int
    position: dict[str, Any] | None = None


class InputLeft(msgspec.Struct, frozen=True, kw_only=True):
    """An input: how far event time had come (µs; None before it began), its sources, and what its journal holds.

    `journalled`: records that are in the journal and in no checkpoint.
    """

    watermark: int | None
    sources: dict[str, SourceLeft]
    seen: int
    quarantined: int
    late: int
    journalled: int = 0


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the state directory of one runtime.

    `checkpoint`: number of the one that a restart begins with (0: there is none), `taken` its instant (µs), `meaning`
    that of its plan. `peers`: by stream, from which watermark on each sender is asked again. `unpublished`: rows by
    output. `gate`: the last decisions by input. `restart`: what a start will do, in sentences.
    """

    document: str
    node: str
    instance: str
    directory: str
    running: bool
    checkpoint: int = 0
    taken: int | None = None
    meaning: str = ""
    damaged: tuple[str, ...] = ()
    inputs: dict[str, InputLeft] = {}
    peers: dict[str, dict[str, int]] = {}
    unsent: int = 0
    unpublished: dict[str, int] = {}
    gate: dict[str, dict[str, Any]] = {}
    restart: tuple[str, ...] = ()


def left_in(state: Path) -> list[Left]:
    """All runtimes that have kept their state below `state` (`--state`), in order of their names."""
    found = {path.parent for name in (_LOCK, *GENERATIONS) for path in state.glob(f"*/*/*/{name}")}
    return [_left(directory) for directory in sorted(found)]


def _left(directory: Path) -> Left:
    number, taken, meaning, states, damaged = _newest(directory)
    inputs = {n.removeprefix("source:"): _input(s) for n, s in states.items() if n.startswith("source:")}
    journals = {p.name: p for p in (directory / "journal").glob("*") if p.is_dir()}
    for name, path in journals.items():
        before = inputs.get(name, InputLeft(watermark=None, sources={}, seen=0, quarantined=0, late=0))
        waiting = _waiting(path, _journalled(before))
        inputs[name] = msgspec.structs.replace(before, journalled=waiting)
    document, node, instance = directory.parts[-3:]
    found = Left(
        document=document,
        node=node,
        instance=instance,
        directory=str(directory),
        running=_is_running(directory),
        checkpoint=number,
        taken=taken,
        meaning=meaning,
        damaged=damaged,
        inputs=inputs,
        peers={n.removeprefix("inlet:"): _peers(s) for n, s in states.items() if n.startswith("inlet:")},
        unsent=len(states["outbox"].values["held"]) if "outbox" in states else 0,
        unpublished={n.removeprefix("output:"): w for n, s in states.items() if (w := _rows(n, s))},
        gate=_gate(directory / "gate.ndjson"),
    )
    return msgspec.structs.replace(found, restart=tuple(_restart(found, has_states=bool(states))))


_Newest = tuple[int, int | None, str, Mapping[str, State], tuple[str, ...]]


def _newest(directory: Path) -> _Newest:
    """The checkpoint that a start would take, and those that are damaged."""
    blobs, damaged = Blobs(directory / "blobs", Files()), []
    for name in GENERATIONS:
        if not (directory / name).exists():
            continue
        try:
            manifest = read_manifest(directory / name)
        except RunFailed as error:
            damaged.append(str(error))
            continue
        states = None if manifest is None else _states(manifest, blobs)
        if manifest is not None and states is not None:
            return manifest.number, manifest.taken, manifest.digest, states, tuple(damaged)
        damaged.append(f"{directory / name} is torn or damaged")
    return 0, None, "", {}, tuple(damaged)


def _states(manifest: Manifest, blobs: Blobs) -> dict[str, State] | None:
    try:
        return {name: from_pieces(s, blobs.fetch) for name, s in manifest.states.items()}
    except Damaged:
        return None


def _input(state: State) -> InputLeft:
    values = state.values
    origins = {n: SourceLeft(records=count, position=place) for n, (_, count, place) in values["origins"].items()}
    quarantined, _, late, *_ = values["counters"]
    began = [t for t in (values["latest"], values["promised"]) if t > BEGINNING]
    return InputLeft(
        watermark=max(began, default=None),
        sources=origins,
        seen=int(values["gate"]["seen"]),
        quarantined=quarantined,
        late=late,
    )


def _journalled(before: InputLeft) -> int:
    return max((int((s.position or {}).get(JOURNAL, 0)) for s in before.sources.values()), default=0)


def _waiting(path: Path, after: int) -> int:
    """Records in a journal that no checkpoint holds."""
    return sum(map(count_of, Journal(SegmentFiles(path), _LIMIT).replay(after)))


def _peers(state: State) -> dict[str, int]:
    return {name: int(fields[0]) for name, fields in state.values["peers"].items()}


def _rows(name: str, state: State) -> int:
    return sum(f.height for f in state.frames.values()) if name.startswith("output:") else 0


def _gate(path: Path) -> dict[str, dict[str, Any]]:
    """The last decision of each input that can be read."""
    found: dict[str, dict[str, Any]] = {}
    for line in _lines(path):
        try:
            decision = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if isinstance(decision, dict) and "input" in decision:
            found[str(decision["input"])] = {k: decision.get(k) for k in ("number", "fraction", "reason", "at")}
    return found


def _lines(path: Path) -> Iterator[bytes]:
    for each in with_aside(path):
        with suppress(OSError):
            yield from each.read_bytes().splitlines()


def _is_running(directory: Path) -> bool:
    path = directory / _LOCK
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        mine = lock.take()
    except OSError:
        return False
    lock.release()
    return not mine


def _restart(left: Left, *, has_states: bool) -> Iterator[str]:
    if left.running:
        yield "a runtime is at work here: slac status shows what it does"
        return
    if not has_states and left.damaged:
        yield "a start is refused, because no checkpoint can be read; with a full log, slac run --rebuild-from LOG"
        return
    if not has_states:
        yield "a start begins anew: no checkpoint was written"
    elif left.damaged:
        yield f"a start goes on from checkpoint {left.checkpoint}, the one before the newest, which is damaged"
    else:
        yield f"a start goes on from checkpoint {left.checkpoint}"
    for name, each in left.inputs.items():
        yield from _reads(name, each)
    for stream, peers in left.peers.items():
        yield f"senders of {stream} are asked for what came behind it: {', '.join(sorted(peers)) or 'none'}"
    if left.unsent:
        yield f"{left.unsent} messages to the next node are sent again"
    for output, rows in left.unpublished.items():
        yield f"{rows} rows that {output} had not published are published"


def _reads(name: str, left: InputLeft) -> Iterator[str]:
    if left.journalled:
        yield f"{name} takes {left.journalled} records of its journal again, before new ones"
    for source, each in left.sources.items():
        place = {k: v for k, v in (each.position or {}).items() if k != JOURNAL}
        if place:
            yield f"{name} reads {source} on from record {each.records + 1}"
