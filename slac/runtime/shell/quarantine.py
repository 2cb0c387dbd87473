"""Records that could not be used, kept with reason and origin in a bounded pair of NDJSON files an input."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from slac.runtime.instructions import Refused

SEGMENT: Final = 8 * 1024 * 1024
"""Bytes after which a file is set aside; the one set aside before it goes."""

log = logging.getLogger("slac.quarantine")


class Quarantine:
    """Writes to `directory/<input>.ndjson`; a disk that refuses is told once and does not stop the run."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._complained = False

    def write(self, refused: Iterable[Refused], now: int) -> None:
        """Append records that arrived at `now` (µs wall clock)."""
        by_input: dict[str, list[bytes]] = {}
        time = datetime.fromtimestamp(now / 1e6, UTC).isoformat()
        for record in refused:
            line = {
                "time": time,
                "input": record.input,
                "origin": record.origin,
                "reason": record.reason,
                "raw": record.raw.decode("utf-8", "backslashreplace"),
            }
            by_input.setdefault(record.input, []).append(orjson.dumps(line))
        for name, lines in by_input.items():
            self._append(self._directory / f"{name}.ndjson", lines)

    def _append(self, path: Path, lines: list[bytes]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > SEGMENT:
                path.replace(path.with_suffix(".ndjson.1"))
            with path.open("ab") as file:
                file.write(b"\n".join(lines) + b"\n")
        except OSError as error:
            if not self._complained:
                log.warning("quarantined records cannot be kept in %s: %s", self._directory, error.strerror)
            self._complained = True
