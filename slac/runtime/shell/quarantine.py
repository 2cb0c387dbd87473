"""Records that could not be used, kept with reason and origin in a bounded pair of NDJSON files an input."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import orjson

from slac.runtime.durable.files import append_lines
from slac.runtime.instructions import Refused

log = logging.getLogger("slac.quarantine")


class Quarantine:
    """Writes to `directory/<input>.ndjson`; a disk that refuses is told once and does not stop the run.

    `trouble`: why the last records could not be kept; empty where they were. Records that were not are gone.
    """

    def __init__(self, directory: Path) -> None:
        self.trouble = ""
        self._directory = directory
        self._counts: dict[str, int] = {}

    def write(self, refused: Iterable[Refused], now: int) -> None:
        """Append records that arrived at `now` (µs wall clock)."""
        by_input: dict[str, list[bytes]] = {}
        reasons: dict[str, str] = {}
        time = datetime.fromtimestamp(now / 1e6, UTC).isoformat()
        for record in refused:
            line = {
                "time": time,
                "input": record.input,
                "origin": record.origin,
                **({"record": record.record} if record.record else {}),
                "reason": record.reason,
            } | ({"hash": record.hash} if record.hash else {"raw": record.raw.decode("utf-8", "backslashreplace")})
            by_input.setdefault(record.input, []).append(orjson.dumps(line))
            reasons.setdefault(record.input, record.reason)
        for name, lines in by_input.items():
            path = self._directory / f"{name}.ndjson"
            self._append(path, lines)
            self._tell(name, len(lines), reasons[name], path)

    def _tell(self, name: str, new: int, reason: str, path: Path) -> None:
        """The first record of an input is told, and then each tenfold of that."""
        before = self._counts.get(name, 0)
        now = self._counts[name] = before + new
        if len(str(now)) > len(str(before)) or not before:
            records = "1 record" if now == 1 else f"{now} records"
            log.warning('%s of "%s" put aside, into %s; the latest because of: %s', records, name, path, reason)

    def _append(self, path: Path, lines: list[bytes]) -> None:
        try:
            append_lines(path, lines)
        except OSError as error:
            if not self.trouble:
                log.warning("quarantined records cannot be kept in %s: %s", self._directory, error.strerror)
            self.trouble = str(error.strerror or error)
        else:
            if self.trouble:
                log.warning("quarantined records are kept in %s again", self._directory)
            self.trouble = ""
