"""What the runtime in the middle publishes, read from its file while it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case as a report tells it, over the reporting period."""

    name: str
    state: str
    runs: int
    success: float
    exception: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit published of a module: `kind` is initial, change or stay."""

    time: datetime
    kind: str
    module: str
    state: str
    previous: str | None
    verdict: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A violation that was raised or resolved."""

    time: datetime
    block: str
    kind: str
    severity: str
    message: str


@dataclass(slots=True)
class Published:
    """All that was published so far; `read` takes what has come since."""

    path: Path
    reports: list[Report] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    _offset: int = 0

    def read(self) -> list[Report | Alarm]:
        """What is new, in the order in which it was written."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [self._take(orjson.loads(line)) for line in whole.splitlines()]

    def states(self) -> dict[str, str]:
        """The state of each module by its last report."""
        return {r.module: r.state for r in self.reports}

    def _take(self, record: dict[str, Any]) -> Report | Alarm:
        if record["type"] == "report":
            report = _report(record)
            self.reports.append(report)
            return report
        alarm = Alarm(
            time=_time(record),
            block=record["block"],
            kind=record["kind"],
            severity=record["severity"],
            message=record["message"] or "",
        )
        self.alarms.append(alarm)
        return alarm


def _report(record: dict[str, Any]) -> Report:
    cases = (
        Case(
            name=case["test_case"],
            state=case["state"] or "?",
            runs=case["runs"] or 0,
            success=case["success"] or 0.0,
            exception=case["latest_exception"],
        )
        for case in record["cases"]
    )
    return Report(
        time=_time(record),
        kind=record["kind"],
        module=record["module"],
        state=record["state"],
        previous=record["previous"],
        verdict=record["verdict"],
        cases=tuple(cases),
    )


def _time(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["time"])
