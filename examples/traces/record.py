"""`python -m examples.traces.record`: runs the scenario's watchdog against the shop and keeps what it reports.

The shop is well, fails now and then, fails, is repaired; then nobody watches it for a while, and the watchdog is back.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import httpx
import msgspec
import orjson
import uvicorn

from examples.shop.app import build_shop
from examples.shop.faults import Fault, Mode
from slac.adapters.discovery import input_adapter
from slac.compiler.compile import compile_paths
from slac.compiler.draft import CompileOptions
from slac.plan.nodes import SourceNode
from slac.stream.ports import InputContext, Position, Records

ROOT: Final = Path(__file__).parents[2]
SCENARIO: Final = ROOT / "sla_docs/scenarios/watchdog.yaml"
TRACE: Final = Path(__file__).with_name("watchdog.ndjson")
ACTS: Final[tuple[tuple[str | None, float], ...]] = (
    ("repair", 22.0),
    ("flaky", 20.0),
    ("error", 22.0),
    ("repair", 14.0),
    (None, 14.0),
    ("repair", 12.0),
)
"""What is done to the shop and for how many seconds it is watched then; None: nobody watches."""


@dataclass(slots=True)
class Tape:
    """The sink of an input that only keeps what it is given."""

    lines: list[bytes] = field(default_factory=list)

    async def push(self, records: Records) -> bool:
        """Keep the records, each as one short line."""
        self.lines += [_short(orjson.loads(line)) for line in (records.ndjson or b"").splitlines()]
        return True

    async def lull(self) -> bool:
        """There is nothing to wait for."""
        return False

    def beyond(self, size: int) -> None:
        """Nothing is bounded here."""

    def resume(self, source: str) -> Position | None:
        """There is nothing to go on from."""
        return None


@click.command()
@click.option("--every", default="250ms", show_default=True, help="How often each test case runs.")
@click.option(
    "--out",
    default=TRACE,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write.",
)
def main(every: str, out: Path) -> None:
    """Record a trace; it takes as long as what it records (about two minutes)."""
    tape = asyncio.run(_record(every))
    out.write_bytes(b"".join(tape.lines))
    click.echo(f"{len(tape.lines)} events, {out.stat().st_size} bytes in {out}")


async def _record(every: str) -> Tape:
    tape = Tape()
    shop = build_shop(now=_now)
    server = uvicorn.Server(uvicorn.Config(shop, log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = _settings(every, url)
        for deed, seconds in ACTS:
            await _play(deed, seconds, url, settings, tape)
        server.should_exit = True
        await serving
    return tape


async def _play(deed: str | None, seconds: float, url: str, settings: Mapping[str, Any], tape: Tape) -> None:
    if deed is None:
        await asyncio.sleep(seconds)
        return
    await _switch(url, deed)
    context = InputContext(block="watchdog", instance="recorder", now=_now)
    with suppress(TimeoutError):
        await asyncio.wait_for(input_adapter("http_check").build(settings, context).run(tape), seconds)


async def _switch(url: str, deed: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        if deed == "repair":
            await client.delete("/faults")
        else:
            await client.post("/faults", json=msgspec.to_builtins(Fault(endpoint="checkout", mode=Mode(deed))))


def _settings(every: str, url: str) -> Mapping[str, Any]:
    options = CompileOptions(parameters={"every": every, "shop": url})
    plan = compile_paths([str(SCENARIO)], options)[0].plan
    return next(n.settings for n in plan.nodes if isinstance(n, SourceNode) and n.block == "watchdog")


def _short(event: dict[str, Any]) -> bytes:
    """The event with its time in milliseconds and without what is null, so that the file stays small."""
    moment = datetime.fromisoformat(event["timestamp"])
    payload = {name: value for name, value in event["payload"].items() if value is not None}
    payload["duration_ms"] = round(payload["duration_ms"], 1)
    short = {"timestamp": int(moment.timestamp() * 1000), "payload": payload, "context": event["context"]}
    return orjson.dumps(short, option=orjson.OPT_APPEND_NEWLINE)


def _now() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    main()
