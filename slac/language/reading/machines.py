"""Where blocks run and what they may use: logging, runtime, budgets and placement."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from slac.diagnostics import Span
from slac.language.document import BudgetDecl, LoggingDecl, PlacementDecl, Ref, RuntimeDecl
from slac.language.durations import parse_duration
from slac.language.machine_decls import LogMode, StoreDecl
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import COLUMN, duration, inner_span, ref, text, unit
from slac.language.sizes import parse_bandwidth, parse_cpu, parse_memory, parse_size
from slac.language.yaml.nodes import Scalar

T = TypeVar("T")

CHECKPOINT: Final = "10s"
HOLD: Final = "5m"
DISK: Final = "1GiB"
SHARE: Final = "30%"
DIRECTORY: Final = "var/log"
MAX_SIZE: Final = "256MiB"
_MODES: Final[tuple[LogMode, ...]] = ("evidence", "full")
_LOGGED: Final = ("inputs", "probes", "computations", "audits", "violations")
STORE_RETAIN: Final = "400d"
"""So that a report about the year before can still be made."""
STORE_SIZE: Final = "1GiB"
_SEVERAL: Final = re.compile(rf"(?:{COLUMN.pattern}\.)?\*")
"""What stands for several blocks: `*` for all that are not placed elsewhere, `kube.*` for those of an import."""


def logging(spec: Cursor) -> LoggingDecl:
    """What the document says of logging; off by default."""
    here = _section(spec, "logging")
    mode = here.get("mode")
    if mode is None:
        here.findings.fill((*here.steps, "mode"), "off")
    said = _mode(mode)
    blocks = _log_words(spec)
    is_on = said != "off" or any(word != "off" for word in blocks.values())
    return LoggingDecl(
        mode=said,
        blocks=blocks,
        directory=_or_default(here, "directory", DIRECTORY, text, str, record=is_on),
        max_size=_or_default(here, "max_size", MAX_SIZE, _size, parse_size, record=is_on),
        span=here.key_span,
        path=here.path,
    )


def _log_words(spec: Cursor) -> dict[str, LogMode]:
    """What blocks say of their own logging."""
    sections = (spec.get(name) for name in _LOGGED)
    blocks = (block for section in sections if section is not None for block in section.entries())
    return {block.name: _mode(word) for block in blocks if (word := block.get("log")) is not None}


def _mode(said: Cursor | None) -> LogMode:
    return next((mode for mode in _MODES if said is not None and said.text == mode), "off")


def runtime(spec: Cursor) -> RuntimeDecl:
    """What holds for every runtime."""
    here = _section(spec, "runtime")
    return RuntimeDecl(
        checkpoint_us=duration(here, "checkpoint", CHECKPOINT) or 0,
        store=_store(here),
        budget=budget(here, None),
        span=here.key_span,
        path=here.path,
    )


def _store(runtime: Cursor) -> StoreDecl:
    here = runtime.get("store")
    retain = duration(here, "retain") if here is not None else None
    size = _size(here.get("max_size")) if here is not None else None
    return StoreDecl(
        retain_us=parse_duration(STORE_RETAIN) if retain is None else retain,
        max_size=parse_size(STORE_SIZE) if size is None else size,
    )


def budget(owner: Cursor, fallback: BudgetDecl | None) -> BudgetDecl:
    """The budget of a node; what it does not say comes from `fallback`, or is a default."""
    here = _section(owner, "budget")
    record = fallback is None
    cpu = _or_default(here, "cpu", SHARE, lambda c: unit(c, parse_cpu), parse_cpu, record=record)
    memory = _or_default(here, "memory", SHARE, lambda c: unit(c, parse_memory), parse_memory, record=record)
    network = unit(here.get("network"), parse_bandwidth)
    if fallback is not None:
        cpu = cpu if here.get("cpu") is not None else fallback.cpu
        memory = memory if here.get("memory") is not None else fallback.memory
        network = network if here.get("network") is not None else fallback.network
    return BudgetDecl(cpu=cpu, memory=memory, network=network, span=here.key_span, path=here.path, places=_places(here))


def node(cursor: Cursor, fallback: BudgetDecl) -> PlacementDecl:
    """One node of the placement."""
    blocks = cursor.get("blocks")
    made = (_block(item) for item in blocks.items()) if blocks is not None else ()
    return PlacementDecl(
        name=cursor.name,
        blocks=tuple(item for item in made if item is not None),
        connect=ref(cursor.get("connect")),
        listen=text(cursor.get("listen")),
        address=text(cursor.get("address")),
        budget=budget(cursor, fallback),
        hold_us=duration(cursor, "hold", HOLD) or 0,
        disk=_disk(cursor),
        instances=int(number.text or 1) if (number := cursor.get("instances")) is not None else 1,
        by=ref(cursor.get("by")),
        span=cursor.key_span,
        path=cursor.path,
        places=_places(cursor),
    )


def _disk(node: Cursor) -> int:
    """What is stated; else the default, which concerns nobody where nothing is sent."""
    sends = node.get("connect") is not None
    if not sends and node.get("disk") is None:
        return 0
    return _or_default(node, "disk", DISK, _size, parse_size, record=sends)


def _places(cursor: Cursor) -> dict[str, Span]:
    return {entry.name: inner_span(entry) for entry in cursor.entries() if isinstance(entry.node, Scalar)}


def _block(item: Cursor) -> Ref | None:
    if item.text is not None and _SEVERAL.fullmatch(item.text):
        return Ref(name=item.text, span=inner_span(item), path=item.path)
    return ref(item)


def _size(cursor: Cursor | None) -> int | None:
    return unit(cursor, parse_size)


def _section(owner: Cursor, key: str) -> Cursor:
    """The mapping at `key`, or an empty place of the same name where the document does not have it."""
    found = owner.get(key)
    return found if found is not None else owner.empty(key)


def _or_default(
    owner: Cursor,
    key: str,
    default: str,
    read: Callable[[Cursor | None], T | None],
    parse: Callable[[str], T],
    *,
    record: bool,
) -> T:
    """What the document says at `key`; else the default, recorded as filled in where `record`."""
    cursor = owner.get(key)
    if cursor is None and record:
        owner.findings.fill((*owner.steps, key), default)
    said = read(cursor)
    return said if said is not None else parse(default)
