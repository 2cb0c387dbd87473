"""Two edges and a central as real processes, whose senders never stop, and what must come out of them."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from slac.diagnostics import SlacError
from slac.plan.graph import Plan
from slac.runtime.inspection.client import Place, ask_status, places
from slac.runtime.inspection.status import RuntimeStatus
from slac.runtime.succession.conducting import running_plan
from slac.testing import free_port

FEW: Final = 120.0
"""Seconds that anything may take on a machine that has other things to do."""
EPOCH_MS: Final = 1_700_000_000_000
SHOPS: Final = 3
DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  parameters:
    port: {type: int, default: 1}
    central: {type: string, default: "tcp://127.0.0.1:1"}
    rows: {type: string, default: rows.ndjson}
  events:
    Order: {payload: {number: int, shop: string, amount: int}}
  inputs:
    orders: {adapter: http, listen: "127.0.0.1:${port}", emits: Order, id: number, lateness: 0s, idle: 1h, shed: never,
      disk: 1GiB}
  probes:
    large: {from: orders, where: amount >= 10, select: [number, shop, amount]}
  computations:
    sums: {from: large, by: shop, window: tumbling 10s, select: [{n: COUNT(*)}, {total: SUM(amount)}]}
    tops: {from: sums, by: shop, window: tumbling 30s, select: [{most: MAX(total)}, {n: SUM(n)}]}
  audits:
    pace:
      from: sums
      by: shop
      states:
        slow: {when: n < LIMIT, verdict: violated, report_every: 20s}
        fast: {when: n >= LIMIT, verdict: ok}
  outputs:
    rows: {adapter: file, path: "${rows}", from: [large, sums, tops, pace]}
  runtime: {checkpoint: 1s}
  placement:
    edge: {blocks: [orders, large], connect: central}
    central: {blocks: ["*"], listen: "${central}"}
"""


def document(limit: int = 5, *, instances: int = 1) -> str:
    """The document with a threshold, and so many instances of central."""
    text = DOCUMENT.replace("LIMIT", str(limit))
    return (
        text.replace('"${central}"}', f'"${{central}}", instances: {instances}, by: shop}}') if instances > 1 else text
    )


def slac(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "slac.cli", *arguments]


def until(condition: Callable[[], bool], told: Callable[[], str]) -> None:
    """Wait for it; `told` says what there is to know where it does not come about."""
    deadline = time.monotonic() + FEW
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


def order(number: int) -> dict[str, Any]:
    """Order `number` of all: a third of a second behind the one before."""
    amount = 7 + number * 7919 % 100
    payload = {"number": number, "shop": f"shop-{number % SHOPS}", "amount": amount}
    return {"timestamp": EPOCH_MS + number * 333, "payload": payload, "context": {}}


def post(port: int, orders: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it was taken."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FEW)
    try:
        connection.request("POST", "/events", b"\n".join(json.dumps(o).encode() for o in orders))
        return connection.getresponse().status == http.HTTPStatus.ACCEPTED
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Sender:
    """Posts the orders of one edge in order, each until it is taken."""

    def __init__(self, port: int, first: int, step: int) -> None:
        self.next = first
        self._port = port
        self._step = step
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, when what is being sent was taken."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            if post(self._port, [order(self.next)]):
                self.next += self._step
            self._stop.wait(0.01)


class Deployment:
    """The runtimes in `folder`; killed ones are started again with the arguments that they had."""

    def __init__(self, folder: Path, stack: ExitStack, centrals: Sequence[str] = ("c",)) -> None:
        self.folder = folder
        self.centrals = centrals
        self.central = f"ipc://{folder}/l"
        self.ports = {"e0": free_port(), "e1": free_port()}
        self.senders = [Sender(port, i, len(self.ports)) for i, port in enumerate(self.ports.values())]
        self._stack = stack
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*self.centrals, *self.ports]

    @property
    def sets(self) -> list[str]:
        """The parameters that all commands give."""
        return ["--set", f"central={self.central}"]

    def start(self, name: str) -> None:
        """A central, `e0` or `e1`."""
        node = ["--node", "central", "--expect", "2"] if name in self.centrals else ["--node", "edge"]
        own = f"port={self.ports[name]}" if name in self.ports else f"rows=rows-{name}.ndjson"
        sets = [*self.sets, "--set", own]
        command = slac("run", "shop.yaml", *node, "--instance", name, "--state", "state", "--store", "off", *sets)
        log = self._stack.enter_context((self.folder / f"{name}.log").open("ab"))
        process = self._stack.enter_context(subprocess.Popen(command, cwd=self.folder, stderr=log))
        self._stack.callback(process.kill)
        self._processes[name] = process

    def kill(self, name: str) -> None:
        """`kill -9`."""
        self._processes[name].kill()
        self._processes[name].wait(FEW)

    def stop(self) -> None:
        """All of them, in good order, those that send first."""
        for name in ("e0", "e1", *self.centrals):
            self._processes[name].terminate()
            assert self._processes[name].wait(FEW) == 0, self.told()

    def change(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`slac apply` or `slac move`."""
        command = slac(*arguments, *self.sets)
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=FEW, check=False)

    def statuses(self) -> list[RuntimeStatus]:
        """What all runtimes say of themselves; fewer where some do not answer."""
        found = []
        for place in places(self.folder):
            with suppress(SlacError):
                found.append(ask_status(place))
        return found

    def is_whole(self) -> bool:
        """Whether all run, with one meaning, and are connected."""
        assert all(p.poll() is None for p in self._processes.values()), self.told()
        found = self.statuses()
        peers = [p.connected for s in found for p in s.peers.values()]
        many, all_there = len(self.centrals), [True, True] * len(self.centrals)
        return len(found) == 2 + many and peers == all_there and len({_meaning(p) for p in places(self.folder)}) == 1

    def rows(self) -> dict[tuple[str, str, int], dict[str, Any]]:
        """What was published, by block, id and revision; a row that comes again is the same."""
        found: dict[tuple[str, str, int], dict[str, Any]] = {}
        for line in b"".join(p.read_bytes() for p in sorted(self.folder.glob("rows*.ndjson"))).splitlines():
            row = json.loads(line)
            again = found.setdefault((row["block"], row["id"], row["revision"]), row)
            assert {**again, "published": None} == {**row, "published": None}
        return found

    def told(self) -> str:
        """All logs, and who says what of whom."""
        peers = [f"{s.node}/{s.instance}: {s.peers}" for s in self.statuses()]
        return "\n".join([*(f"== {p.name}\n{p.read_text()}" for p in sorted(self.folder.glob("*.log"))), *peers])

    def close_windows(self) -> int:
        """Stop sending, and let all windows with data close; how many orders there were."""
        for sender in self.senders:
            sender.stop()
        orders = max(s.next for s in self.senders)
        far = orders + 600
        for i, port in enumerate(self.ports.values()):
            last = order(far + i)
            until(lambda p=port, o=last: post(p, [o]), self.told)  # type: ignore[misc]
        return orders


def _meaning(place: Place) -> str:
    return Plan.from_json(running_plan(place).plan).meaning


@contextmanager
def deployed(folder: Path, centrals: Sequence[str] = ("c",)) -> Iterator[Deployment]:
    """Two edges and a central (or several, that share keys) under load; nothing of it outlives the block."""
    (folder / "shop.yaml").write_text(document(instances=len(centrals)))
    with ExitStack() as stack:
        made = Deployment(folder, stack, centrals)
        for name in (*centrals, "e0", "e1"):
            made.start(name)
        until(made.is_whole, made.told)
        for sender in made.senders:
            sender.start()
        yield made


def expected(orders: Mapping[str, int]) -> dict[tuple[str, int], tuple[int, int]]:
    """By shop and window (10 s), how many large orders there are and what they add up to, of (edge → next number)."""
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for i, following in enumerate(orders.values()):
        for number in range(i, following, len(orders)):
            made = order(number)
            amount, shop = made["payload"]["amount"], made["payload"]["shop"]
            if amount >= 10:
                window = made["timestamp"] // 10_000 * 10_000
                n, total = sums.get((shop, window), (0, 0))
                sums[shop, window] = n + 1, total + amount
    return sums
