"""A recorded trace through `slac run --once`: the same rows in one process, in two, again, and across restarts."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from slac.testing import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "examples/traces/watchdog.yaml"
TRACE = ROOT / "examples/traces/watchdog.ndjson"
COPIES = 90
"""How often the trace is repeated where a run must last long enough to be interrupted."""
REPEATED_EVERY_MS = 120_000
FEW = 120.0
"""Seconds that anything here may take, on a machine that has other things to do."""


def command(*arguments: str) -> list[str]:
    """`slac run --once` of the trace's document, reading `trace.ndjson` of the working directory."""
    options = ["--once", "--set", "trace=trace.ndjson", *arguments]
    return [sys.executable, "-m", "slac.cli", "run", str(DOCUMENT), *options]


def run(folder: Path, *arguments: str) -> None:
    """A run to its end."""
    done = subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True, timeout=FEW, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run that goes on beside the test; it does not outlive it."""
    with subprocess.Popen(command(*arguments), cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ends_well(process: subprocess.Popen[str]) -> None:
    """It ends by itself, with exit code 0."""
    _, errors = process.communicate(timeout=FEW)
    assert process.returncode == 0, errors


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + FEW
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def lines(folder: Path, name: str = "reports.ndjson") -> list[str]:
    """What was published to a file."""
    return (folder / name).read_text(encoding="utf-8").splitlines()


def free_address() -> str:
    """An address of this machine that nobody uses just now."""
    return f"tcp://127.0.0.1:{free_port()}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with the recorded trace."""
    shutil.copy(TRACE, tmp_path / "trace.ndjson")
    return tmp_path


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded trace, and what one process publishes of it."""
    folder = tmp_path_factory.mktemp("once")
    shutil.copy(TRACE, folder / "trace.ndjson")
    run(folder, "--set", "record=reports.ndjson")
    return folder


@pytest.fixture(scope="module")
def long_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace many times over, each time later, and what an undisturbed run publishes of it."""
    folder = tmp_path_factory.mktemp("long")
    events = [(int(line[13:26]), line[26:]) for line in TRACE.read_text(encoding="utf-8").splitlines(keepends=True)]
    with (folder / "trace.ndjson").open("w", encoding="utf-8") as file:
        for copy in range(COPIES):
            file.writelines(f'{{"timestamp":{at + copy * REPEATED_EVERY_MS}{rest}' for at, rest in events)
    run(folder, "--set", "record=reports.ndjson")
    return folder


def told(folder: Path) -> list[Mapping[str, Any]]:
    """The records that were published."""
    return [json.loads(line) for line in lines(folder)]


def test_the_trace_tells_its_story(once: Path) -> None:
    """Reports and the alarm are those of what was done to the shop, each report with the whole list of its cases."""
    reports = [r for r in told(once) if r["block"] == "module_availability"]
    order = [(r["kind"], r["state"]) for r in reports if r["module"] == "order"]
    changes = [state for kind, state in order if kind == "change"]
    assert order[0] == ("initial", "up")
    assert changes in (["low", "down", "low", "up"], ["low", "down", "up"])
    assert ("stay", "down") in order
    assert {r["state"] for r in reports if r["module"] != "order"} == {"up"}
    assert all([c["test_case"] for c in r["cases"]] == ["buy", "cart"] for r in reports if r["module"] == "order")
    down = next(r for r in reports if (r["kind"], r["state"]) == ("stay", "down"))
    buy = next(c for c in down["cases"] if c["test_case"] == "buy")
    assert (buy["state"], buy["success"]) == ("down", 0.0)
    assert "POST /checkout" in buy["latest_exception"]
    alarms = [r["kind"] for r in told(once) if r["block"] == "watchdog_silent"]
    assert alarms == ["raised", "resolved"]


def test_twice_is_byte_identical(once: Path, folder: Path) -> None:
    """The same trace again, elsewhere, gives the same bytes."""
    run(folder, "--set", "record=reports.ndjson")

    first = (once / "reports.ndjson").read_bytes()
    assert first
    assert (folder / "reports.ndjson").read_bytes() == first


def test_one_process_or_two(once: Path, folder: Path) -> None:
    """As edge and central processes, the same rows with the same ids come out."""
    options = ["--set", f"central={free_address()}", "--set", "record=two.ndjson"]
    with started(folder, "--node", "central", "--expect", "1", *options) as central:
        with started(folder, "--node", "edge", *options) as edge:
            ends_well(edge)
        ends_well(central)

    assert sorted(lines(folder, "two.ndjson")) == sorted(lines(once))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: str(s.name))
def test_interrupted_and_started_again(long_trace: Path, tmp_path: Path, number: signal.Signals) -> None:
    """A run that is interrupted goes on from its checkpoint; a killed one may say things twice, with the same ids."""
    (tmp_path / "trace.ndjson").symlink_to(long_trace / "trace.ndjson")
    options = ["--set", "record=reports.ndjson", "--set", "checkpoint=200ms", "--state", "state"]
    with started(tmp_path, *options) as process:
        until(lambda: (tmp_path / "reports.ndjson").exists() and len(lines(tmp_path)) > 0)
        process.send_signal(number)
        process.wait(FEW)
    before = len(lines(tmp_path))
    run(tmp_path, *options)

    undisturbed = lines(long_trace)
    assert 0 < before < len(undisturbed), "the run was not interrupted in its middle"
    if number == signal.SIGKILL:
        assert set(lines(tmp_path)) == set(undisturbed)
    else:
        assert Counter(lines(tmp_path)) == Counter(undisturbed)


def test_a_checkpoint_torn_in_the_middle(long_trace: Path, tmp_path: Path) -> None:
    """The one before it takes its place, and the run goes on from there with the same rows."""
    (tmp_path / "trace.ndjson").symlink_to(long_trace / "trace.ndjson")
    options = ["--set", "record=reports.ndjson", "--set", "checkpoint=200ms", "--state", "state", "--instance", "i"]
    state = tmp_path / "state/watchdog-trace/all/i"
    with started(tmp_path, *options) as process:
        until(lambda: (state / "checkpoint.previous").exists() and (tmp_path / "reports.ndjson").exists())
        process.kill()
        process.wait(FEW)
    newest = state / "checkpoint"
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    with started(tmp_path, *options) as process:
        _, errors = process.communicate(timeout=FEW)
    assert process.returncode == 0, errors
    assert "is damaged; going on from number" in errors
    assert Counter(lines(tmp_path)) == Counter(lines(long_trace))


@pytest.mark.parametrize("lost", ["edge", "central"])
def test_one_of_two_is_killed_and_started_again(long_trace: Path, tmp_path: Path, lost: str) -> None:
    """The node that stays keeps what the other one misses; nothing is lost, and what is said twice has the same id."""
    (tmp_path / "trace.ndjson").symlink_to(long_trace / "trace.ndjson")
    options = ["--set", f"central={free_address()}", "--set", "record=reports.ndjson", "--set", "checkpoint=200ms"]
    nodes = {
        "edge": ["--node", "edge", "--state", "state", *options],
        "central": ["--node", "central", "--expect", "1", "--state", "state", *options],
    }
    (stays,) = nodes.keys() - {lost}
    # The edge is far ahead of what central publishes: it is in its middle when it has just written a checkpoint.
    signs = {"edge": tmp_path / "state/watchdog-trace/edge/lost/checkpoint", "central": tmp_path / "reports.ndjson"}
    with started(tmp_path, *nodes[stays]) as kept:
        with started(tmp_path, *nodes[lost], "--instance", "lost") as killed:
            until(lambda: signs[lost].exists() and signs[lost].stat().st_size > 0)
            killed.kill()
            killed.wait(FEW)
        assert kept.poll() is None, "it was not interrupted in its middle"
        run(tmp_path, *nodes[lost], "--instance", "lost")
        ends_well(kept)

    assert set(lines(tmp_path)) == set(lines(long_trace))


def test_the_trace_is_judged_by_the_scenario() -> None:
    """The document of the trace says of its blocks what the scenario says, word for word."""
    scenario, trace = (
        yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        for path in (ROOT / "sla_docs/scenarios/watchdog.yaml", DOCUMENT)
    )
    for section in ("events", "probes", "computations", "audits", "violations"):
        assert trace[section] == {name: scenario[section][name] for name in trace[section]}
