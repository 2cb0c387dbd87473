"""What the demo plays on: the shop, the edge and the central runtime, with ports of their own and times scaled down."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from examples.demo.children import Child, Children
from slac.testing import free_port

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = "sla_docs/scenarios/watchdog.yaml"
TIMES: Final = {
    "window": "4s",
    "down_every": "8s",
    "low_every": "12s",
    "up_every": "20s",
    "silence": "6s",
    "every": "500ms",
    "timeout": "2s",
    "idle": "2s",
    "hold": "3s",
    "checkpoint": "2s",
}
"""The document's times: 10 min, 30 min, 60 min, 6 h and 5 min become seconds."""


class NotStarted(Exception):
    """A process of the demo did not come up; the text holds its last words."""


@dataclass(slots=True)
class Stage:
    """Everything that runs; `directory` is var/demo."""

    children: Children
    directory: Path
    shop_url: str
    shop: Child
    central: Child
    edge: Child

    def fault(self, mode: str, endpoint: str = "checkout") -> None:
        """Switch a fault of the shop on."""
        fault: dict[str, Any] = {"endpoint": endpoint, "mode": mode}
        httpx.post(f"{self.shop_url}/faults", json=fault, trust_env=False).raise_for_status()

    def repair(self) -> None:
        """Lift all faults of the shop."""
        httpx.delete(f"{self.shop_url}/faults", trust_env=False).raise_for_status()

    def broken(self) -> Child | None:
        """A process that ended though nobody asked it to."""
        return next((c for c in self.children.started if c.ended not in (None, 0)), None)


def build(children: Children, directory: Path, smtp_port: int) -> Stage:
    """Start the shop, then both runtimes. Raises NotStarted."""
    central_port = free_port()
    shop = children.start("shop", [sys.executable, "-m", "examples.shop", "--port", "0"], ROOT)
    shop_url = _shop_url(shop)
    values = {
        **TIMES,
        "shop": shop_url,
        "central": f"tcp://127.0.0.1:{central_port}",
        "smtp_port": str(smtp_port),
        "record": "reports.ndjson",
    }
    central, edge = (_runtime(children, directory, node, values) for node in ("central", "edge"))
    return Stage(children, directory, shop_url, shop, central, edge)


def _runtime(children: Children, directory: Path, node: str, values: dict[str, str]) -> Child:
    settings = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "slac.cli", "run", str(ROOT / DOCUMENT), "--node", node, "--instance", node]
    command += ["--state", "state", "--summary", f"{node}.json", *settings]
    return children.start(node, command, directory)


def _shop_url(shop: Child) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and shop.ended is None:
        if found := re.search(r"http://\S+", shop.log.read_text(encoding="utf-8")):
            return found.group()
        time.sleep(0.05)
    raise NotStarted(f"the shop did not start:\n{shop.last_words()}")
