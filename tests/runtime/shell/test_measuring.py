"""What a runtime measures of its nodes, and when it says that the model is off."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import msgspec

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.runtime.shell.measuring import EVERY, FILE, PATIENCE, Measuring
from slac.runtime.shell.settings import RunSettings
from slac.runtime.troubles.trouble import DRIFT
from slac.shedding.capacity.calibration import encode_calibration, shipped_calibration
from slac.shedding.capacity.measured import read_measured
from slac.stream.clock import SECOND
from slac.stream.ports import Records

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: measured}
spec:
  events:
    Seen: {payload: {value: float}, context: {key: string}}
  inputs:
    wire: {adapter: http, listen: "127.0.0.1:1", emits: Seen}
  probes:
    half: {from: wire, where: value > 0.5, select: [key, value]}
  computations:
    sums: {from: half, by: key, window: tumbling 1s, select: [{total: SUM(value)}]}
  outputs:
    told: {adapter: stdout, from: sums}
"""
START = 1_700_000_000 * SECOND


def _runtime(folder: Path, dear: float, calibration: Path | None = None) -> tuple[Core, Measuring]:
    """A core whose every call takes `dear` seconds, by its timer."""
    ticks = count()
    plan = compile_document(Source("measured.yaml", DOCUMENT)).plan
    core = Core(plan, now=START, live=True, timer=lambda: next(ticks) * dear)
    settings = RunSettings(node="all", instance="a", directory=folder, calibration=calibration)
    return core, Measuring(core, settings, folder)


def _minute(core: Core, measuring: Measuring, number: int) -> tuple[str, ...]:
    """A minute with a wave of ten events a second; what is wrong at its end."""
    for second in range(60):
        now = START + number * EVERY + second * SECOND
        lines = (
            f'{{"timestamp": {now // 1_000 + i}, "payload": {{"value": 0.{i}}}, "context": {{"key": "k"}}}}'
            for i in range(10)
        )
        core.on_records("wire", [Records(source="s", arrival=now, ndjson="\n".join(lines).encode())])
    return tuple(t.block for t in measuring.look(START + (number + 1) * EVERY))


def test_rates_shares_and_costs_come_from_the_counters(tmp_path: Path) -> None:
    """Ten events a second, of which four pass; a hundred microseconds a call; all of it in the file, too."""
    core, measuring = _runtime(tmp_path, 1e-4)
    measuring.look(START)
    _minute(core, measuring, 0)
    found = measuring.last
    assert found is not None
    assert found.rates == {"wire": 10.0}
    assert found.nodes["half"].rows_in == 10.0 or 9.5 < found.nodes["half"].rows_in < 10.1
    assert 3.9 < found.nodes["half"].rows_out < 4.1
    assert found.nodes["half"].call + 10 * found.nodes["half"].row > 0.9e-4
    assert read_measured((tmp_path / FILE).read_bytes(), FILE) == found
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_nothing_is_measured_before_a_minute(tmp_path: Path) -> None:
    """A look in between changes nothing."""
    core, measuring = _runtime(tmp_path, 1e-4)
    measuring.look(START)
    assert measuring.look(START + EVERY // 2) == ()
    assert measuring.last is None
    assert core.flow.counted["half"] == 0


def test_a_model_that_is_far_off_is_a_trouble_after_some_looks(tmp_path: Path) -> None:
    """A call of 100 ms is nothing that the model knows: said at the third look, no sooner, and by its block."""
    core, measuring = _runtime(tmp_path, 0.1)
    measuring.look(START)
    said = [_minute(core, measuring, n) for n in range(PATIENCE + 1)]
    assert said == [(), (), (DRIFT,), (DRIFT,)]
    (trouble,) = measuring.look(START + (PATIENCE + 1) * EVERY)
    assert trouble.reason == "dearer"
    assert "the capacity model says" in trouble.message


def test_a_machine_is_judged_by_its_own_calibration(tmp_path: Path) -> None:
    """Where a call of 100 ms is what was measured here, it is no news."""
    dear = {kind: msgspec.structs.replace(line, batches=0.1) for kind, line in shipped_calibration().kinds.items()}
    own = tmp_path / "calibration.json"
    own.write_bytes(encode_calibration(msgspec.structs.replace(shipped_calibration(), kinds=dear)))
    core, measuring = _runtime(tmp_path, 0.1, own)
    measuring.look(START)
    assert [_minute(core, measuring, n) for n in range(PATIENCE + 1)] == [()] * (PATIENCE + 1)


def test_a_model_that_is_right_is_no_trouble(tmp_path: Path) -> None:
    """Within a small part of a core nobody minds."""
    core, measuring = _runtime(tmp_path, 1e-5)
    measuring.look(START)
    assert [_minute(core, measuring, n) for n in range(PATIENCE + 1)] == [()] * (PATIENCE + 1)
