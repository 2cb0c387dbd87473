"""What `slac why` can say where no log tells of a row: what else knows of it, and how logs come about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from slac.diagnostics import RunFailed, SlacError, UsageError

_GATES: Final = ("*/*/*/gate.ndjson", "*/*/*/*/gate.ndjson", "var/*/*/*/*/gate.ndjson")
_TOLD: Final = ("kind", "state", "previous", "verdict", "severity", "reason", "message")


def without_log(error: UsageError, what: str, directory: Path = Path()) -> UsageError:
    """The same, with what there is of `what` (an id, or a block) outside of logs."""
    lines = [*_store(what), *_gates(directory), *_runtimes(directory)]
    return UsageError("\n".join([str(error), *lines]))


def _store(what: str) -> Iterator[str]:
    """The latest of the block, or the record with this id, as the store has it."""
    from slac.store import open_store
    from slac.store.wiring import DEFAULT

    try:
        store = open_store(DEFAULT, make=False)
    except SlacError:
        return
    try:
        found = _record(store, what)
    except SlacError:
        found = None
    finally:
        store.close()
    if found is not None:
        said = ", ".join(f"{name} {found[name]}" for name in _TOLD if found.get(name) is not None)
        yield f"the store has what was said: {found['block']} {found['id']} at {found['time']}: {said}"
        yield f"  slac history {found['block']} shows it and what was said before"


def _record(store: Any, what: str) -> Mapping[str, Any] | None:
    from slac.store.reading import Wanted, history, with_id

    found = with_id(store, what.lower())
    if found is not None:
        return found
    rows = history(store, Wanted(block=what, limit=1))
    return rows[-1] if rows else None


def _gates(directory: Path) -> Iterator[str]:
    for path in sorted({p for pattern in _GATES for p in directory.glob(pattern) if p.stat().st_size}):
        yield f"what gates let in, and when: {path}"


def _runtimes(directory: Path) -> Iterator[str]:
    """Who runs here, and how to let them log from now on."""
    from slac.runtime.inspection.client import ask_status, places

    without = []
    for place in places(directory):
        try:
            mode = ask_status(place).log.mode
        except RunFailed:
            continue
        if mode == "off":
            without.append(place.name)
    if without:
        yield f"{', '.join(without)} run{'s' if len(without) == 1 else ''} without a log:"
        yield "  from now on `slac log evidence` keeps what verdicts are made of, and `slac log full` everything"
    elif not (directory / "var" / "log").is_dir():
        yield "a document logs with `logging: {mode: evidence}`, or `full`; what was not logged cannot be explained"
