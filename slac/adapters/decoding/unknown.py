"""Fields of a record that nobody declared."""

from collections.abc import Iterator
from typing import Any

import msgspec

from slac.adapters.decoding.wire import Path


def unknown_paths(line: bytes, known: frozenset[Path]) -> tuple[str, ...]:
    """Dotted paths in one record that no declared field covers, none where it is no object."""
    try:
        record = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return ()
    return tuple(_undeclared(record, (), known)) if isinstance(record, dict) else ()


def _undeclared(value: dict[str, Any], prefix: Path, known: frozenset[Path]) -> Iterator[str]:
    for key, inner in value.items():
        path = (*prefix, key)
        if path in known:
            continue
        if not any(k[: len(path)] == path for k in known):
            yield ".".join(path)
        elif isinstance(inner, dict):
            yield from _undeclared(inner, path, known)
