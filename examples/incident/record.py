"""Writes `spans.ndjson` and `rollouts.ndjson`: eleven minutes of a shop, in which a rollout makes checkouts slow.

`python -m examples.incident.record [DIRECTORY]` always writes the same. Version 2.4.0 of the service `checkout` asks
the stock once an item, and no longer once an order: what it takes grows with the orders.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

START: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ROLLOUT: Final = timedelta(minutes=6, seconds=20)
LENGTH: Final = timedelta(minutes=11)
EVERY: Final = timedelta(seconds=2)
LATE: Final = 77
"""The span with this number arrives so late that its minute is over."""


def spans() -> Iterator[dict[str, Any]]:
    """Calls of three operations in turns."""
    late: dict[str, Any] | None = None
    for number in range(LENGTH // EVERY):
        at = START + number * EVERY
        rolled = at >= START + ROLLOUT
        items = 1 + number * 7 % 9
        yield _span(at, "catalog", "list", "1.8.2", 20 + number * 5 % 11)
        checkout = _span(
            at, "checkout", "order", "2.4.0" if rolled else "2.3.1", 90 + items * 4 + (items * 110 if rolled else 0)
        )
        if number == LATE:
            late = checkout
        else:
            yield checkout
        if late is not None and number == LATE + 60:
            yield late
        if number % 4 == 0:
            yield _span(at, "checkout", "refund", "2.4.0" if rolled else "2.3.1", 130 + number % 13)


def rollouts() -> Iterator[dict[str, Any]]:
    """One that does no harm, and the one that does."""
    for after, service, image in (
        (timedelta(minutes=2), "catalog", "shop/catalog:1.8.2"),
        (ROLLOUT, "checkout", "shop/checkout:2.4.0"),
    ):
        yield {
            "timestamp": (START + after).isoformat(),
            "payload": {"image": image},
            "context": {"service": service},
        }


def _span(at: datetime, service: str, operation: str, version: str, duration: float) -> dict[str, Any]:
    context = {"service": service, "operation": operation, "version": version}
    return {"timestamp": at.isoformat(), "payload": {"duration_ms": duration}, "context": context}


def main(directory: Path) -> None:
    """Both files."""
    for name, events in (("spans", spans()), ("rollouts", rollouts())):
        text = "".join(json.dumps(event) + "\n" for event in events)
        (directory / f"{name}.ndjson").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
