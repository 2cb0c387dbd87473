"""The demo: its story step by step, what it reads and prints, and that it ends what it has started."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import cast

import orjson
import pytest
from rich.console import Console

from examples.demo.children import Children
from examples.demo.published import Alarm, Published, Report
from examples.demo.screen import PlainScreen, modules_table, told
from examples.demo.stage import DOCUMENT, ROOT, TIMES, Stage
from examples.demo.story import MODULES, Story, acts
from slac.compiler.compile import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source


class Doings:
    """A stage on which deeds are only written down."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.edge = self

    def fault(self, mode: str, endpoint: str = "checkout") -> None:
        """A fault was switched on."""
        self.done.append(f"{endpoint} {mode}")

    def repair(self) -> None:
        """All faults were lifted."""
        self.done.append("repaired")

    def stop(self) -> int:
        """The edge was stopped."""
        self.done.append("silence")
        return 0


def report(kind: str, state: str, module: str = "order", previous: str | None = None) -> dict[str, object]:
    """A record of the audit, as an output writes it."""
    case = {"test_case": "buy", "runs": 8, "success": 0.5, "state": state, "latest_exception": "step 3 failed"}
    return {
        "type": "report",
        "block": "module_availability",
        "time": "2026-01-01T00:00:04.000000Z",
        "kind": kind,
        "module": module,
        "state": state,
        "previous": previous,
        "verdict": "OK" if state == "up" else "VIOLATED",
        "cases": [case],
    }


def alarm(kind: str) -> dict[str, object]:
    """A record of the violation."""
    record = {"type": "violation", "block": "watchdog_silent", "time": "2026-01-01T00:01:00.000000Z"}
    return {**record, "kind": kind, "severity": "critical", "message": "No test event has come."}


class Scene:
    """A story on a stage of paper: records are written, and the story takes a step."""

    def __init__(self, folder: Path) -> None:
        self.doings = Doings()
        self.published = Published(folder / "reports.ndjson")
        self.story = Story(acts(), cast(Stage, self.doings), self.published)
        self.now = 0.0

    def step(self, *records: dict[str, object], after: float = 1.0) -> None:
        """Time passes, and these records come."""
        with self.published.path.open("ab") as file:
            file.writelines(orjson.dumps(r) + b"\n" for r in records)
        self.published.read()
        self.now += after
        self.story.step(self.now)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A story that has not begun."""
    return Scene(tmp_path)


def test_a_story_that_happens_misses_nothing(scene: Scene) -> None:
    """Each act begins with its deed when the act before it has had its effect."""
    scene.step()
    scene.step(*(report("initial", "up", module) for module in MODULES))
    scene.step(report("change", "low", previous="up"))
    scene.step(report("change", "down", previous="low"))
    scene.step(report("stay", "down", previous="down"))
    scene.step(report("change", "up", previous="down"))
    scene.step(alarm("raised"))

    assert scene.doings.done == ["checkout flaky", "checkout error", "repaired", "silence"]
    assert scene.story.over
    assert not scene.story.missing


def test_what_does_not_come_is_missing(scene: Scene) -> None:
    """An act that is over its limit is told as missing, and the next one begins."""
    scene.step()
    scene.step(*(report("initial", "up", module) for module in MODULES))
    scene.step(after=100)

    assert scene.story.missing == ["a report: order changes to low"]
    assert scene.doings.done == ["checkout flaky", "checkout error"]


def test_half_a_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    """The file is read while a runtime writes it."""
    published = Published(tmp_path / "reports.ndjson")
    line = orjson.dumps(report("change", "down"))
    published.path.write_bytes(line[:20])
    assert published.read() == []
    published.path.write_bytes(line + b"\n")

    assert [cast(Report, item).state for item in published.read()] == ["down"]


def test_plain_lines_say_what_was_published(tmp_path: Path) -> None:
    """Without a terminal each report and alarm is one line of plain text."""
    published = Published(tmp_path / "reports.ndjson")
    published.path.write_bytes(orjson.dumps(report("change", "low", previous="up")) + b"\n")
    (item,) = published.read()
    out = StringIO()
    PlainScreen(Console(file=out, width=60)).news(item, 8.25)

    assert out.getvalue() == ("  8.2 s    order changes from up to low (VIOLATED); buy 50 % of 8 runs: step 3 failed\n")
    assert modules_table(published).row_count == len(MODULES)


def test_an_alarm_in_a_line(tmp_path: Path) -> None:
    """An alarm says what, how bad, and the document's message."""
    published = Published(tmp_path / "reports.ndjson")
    published.path.write_bytes(orjson.dumps(alarm("raised")) + b"\n")
    (item,) = published.read()

    assert isinstance(item, Alarm)
    assert told(item).plain == "ALARM watchdog_silent raised (critical): No test event has come."


def test_children_end_with_the_demo(tmp_path: Path) -> None:
    """Leaving the context ends what runs, even where something went wrong inside."""
    children = Children(tmp_path)
    child = children.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path)
    with pytest.raises(ZeroDivisionError), children:
        raise ZeroDivisionError

    assert child.ended is not None


def test_the_times_are_parameters_of_the_document() -> None:
    """The demo scales times that the scenario has."""
    source = Source(DOCUMENT, (ROOT / DOCUMENT).read_text(encoding="utf-8"))
    compile_document(source, CompileOptions(parameters=TIMES))


@pytest.mark.processes
@pytest.mark.timeout(180)
def test_the_demo_plays_to_its_end() -> None:
    """All of the story happens within two minutes, and nothing of it goes on running."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo"], cwd=ROOT, capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 120
    assert "order changes from up to low" in done.stdout
    assert "ALARM watchdog_silent raised" in done.stdout
    assert not still_running()


def still_running() -> list[str]:
    """Processes that work in the demo's directory."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == ROOT / "var" / "demo":
                found.append(entry.name)
    return found
