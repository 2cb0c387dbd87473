"""Links between real processes: a receiver that is away for longer than memory holds, and three levels of runtimes."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from slac.testing import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

DOCUMENTS = Path(__file__).parent / "documents"
FEW = 120.0
"""Seconds that anything here may take, on a machine that has other things to do."""
EPOCH_MS = 1_700_000_000_000
ORDERS = 90_000
"""With their notes, half as much again as the edge of `away.yaml` holds in memory: a sixteenth of its budget."""
SPILLED = 2 * 1024 * 1024
"""Bytes on disk that tell that memory was not enough."""


def command(document: str, *arguments: str) -> list[str]:
    """`slac run --once` of a document."""
    return [sys.executable, "-m", "slac.cli", "run", str(DOCUMENTS / document), "--once", "--store", "off", *arguments]


@contextmanager
def started(folder: Path, document: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run that goes on beside the test; it does not outlive it."""
    made = command(document, *arguments)
    with subprocess.Popen(made, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def run(folder: Path, document: str, *arguments: str) -> None:
    """A run to its end."""
    with started(folder, document, *arguments) as process:
        ends_well(process)


def ends_well(process: subprocess.Popen[str]) -> str:
    """It ends by itself, with exit code 0; what it logged."""
    _, errors = process.communicate(timeout=FEW)
    assert process.returncode == 0, errors
    return errors


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for what a process does."""
    deadline = time.monotonic() + FEW
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def lines(folder: Path, name: str) -> list[str]:
    """What was published to a file, sorted."""
    path = folder / name
    return sorted(path.read_text(encoding="utf-8").splitlines()) if path.exists() else []


def write_orders(folder: Path, count: int, files: int, *, noted: int = 0) -> None:
    """Orders of five minutes, all of them and dealt out to `files`; notes have `noted` random bytes."""
    draw = random.Random(20)
    made = []
    for i in range(count):
        note = base64.b64encode(draw.randbytes(noted)).decode()
        at, shop = EPOCH_MS + i * 300_000 // count, f"shop-{draw.randrange(40)}"
        payload = f'"number":{i},"shop":"{shop}","amount":{draw.randrange(1000)},"note":"{note}"'
        made.append(f'{{"timestamp":{at},"payload":{{{payload}}}}}\n')
    (folder / "all.ndjson").write_text("".join(made), encoding="utf-8")
    for n in range(files) if files > 1 else ():
        (folder / f"{n}.ndjson").write_text("".join(made[n::files]), encoding="utf-8")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More orders than memory holds, and what one process says of them."""
    folder = tmp_path_factory.mktemp("many")
    write_orders(folder, ORDERS, 1, noted=240)
    run(folder, "away.yaml", "--set", "record=one.ndjson")
    return folder


@pytest.mark.parametrize("edge_dies", [False, True], ids=["the edge stays", "the edge is killed too"])
def test_central_is_away_for_longer_than_memory_holds(many: Path, tmp_path: Path, *, edge_dies: bool) -> None:
    """What memory does not hold waits on disk, also across a crash of the edge, and is caught up with in order."""
    (tmp_path / "all.ndjson").symlink_to(many / "all.ndjson")
    published = tmp_path / "two.ndjson"
    options = ["--set", f"central=tcp://127.0.0.1:{free_port()}", "--set", "record=two.ndjson", "--state", "state"]
    central = ["--node", "central", "--expect", "1", *options]
    edge = ["--node", "edge", "--instance", "e", *options]
    link = tmp_path / "state/away/edge/e/link"

    def on_disk() -> int:
        try:
            return sum(p.stat().st_size for p in link.glob("*.segment"))
        except FileNotFoundError:
            return 0

    with ExitStack() as stack:
        receiver = stack.enter_context(started(tmp_path, "away.yaml", *central))
        sender = stack.enter_context(started(tmp_path, "away.yaml", *edge))
        until(lambda: published.exists() and published.stat().st_size > 0, receiver)
        receiver.kill()
        receiver.wait(FEW)
        before = len(lines(tmp_path, "two.ndjson"))
        until(lambda: on_disk() > SPILLED, sender)
        if edge_dies:
            sender.kill()
            sender.wait(FEW)
            sender = stack.enter_context(started(tmp_path, "away.yaml", *edge))
        receiver = stack.enter_context(started(tmp_path, "away.yaml", *central))
        ends_well(sender)
        ends_well(receiver)

    undisturbed = lines(many, "one.ndjson")
    assert len(undisturbed) == ORDERS
    assert 0 < before < len(undisturbed), "central was not killed in its middle"
    assert set(lines(tmp_path, "two.ndjson")) == set(undisturbed)
    assert on_disk() == 0, "what is safe is deleted"


def test_three_levels_give_what_one_process_gives(tmp_path: Path) -> None:
    """Four edges, two groups and one central: row by row and id by id the results of one process."""
    write_orders(tmp_path, 20_000, 4)
    run(tmp_path, "levels.yaml", "--set", "orders=all.ndjson", "--set", "record=one.ndjson")
    top = f"tcp://127.0.0.1:{free_port()}"
    groups = [f"tcp://127.0.0.1:{free_port()}" for _ in range(2)]
    common = ["--set", f"central={top}", "--set", "record=three.ndjson"]
    with ExitStack() as stack:
        central = ["--node", "central", "--expect", "2", *common]
        running = [stack.enter_context(started(tmp_path, "levels.yaml", *central))]
        for n, group in enumerate(groups):
            middle = ["--node", "group", "--instance", f"g{n}", "--expect", "2", "--set", f"group={group}", *common]
            running.append(stack.enter_context(started(tmp_path, "levels.yaml", *middle)))
        for n in range(4):
            own = ["--set", f"orders={n}.ndjson", "--set", f"group={groups[n // 2]}"]
            edge = ["--node", "edge", "--instance", f"e{n}", *own, *common]
            running.append(stack.enter_context(started(tmp_path, "levels.yaml", *edge)))
        for process in reversed(running):
            ends_well(process)

    assert len(lines(tmp_path, "one.ndjson")) == 40 * 30
    assert lines(tmp_path, "three.ndjson") == lines(tmp_path, "one.ndjson")
