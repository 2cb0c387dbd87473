"""`slac simulate`: scripts whose output is the same every time, and tables of varied inputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slac.cli.main import main
from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from tests.evidence.replay.logged import LoggedRun

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Call: {payload: {duration: float, ok: bool}, context: {pod: string, user: string}, sensitive: user}}
  inputs: {calls: {adapter: file, path: calls.ndjson, emits: Call, lateness: 1s, idle: 2s}}
  probes: {seen: {from: calls, where: user <> 'robot', select: [duration, ok, pod, user]}}
  computations:
    per_pod: {from: seen, by: pod, window: tumbling 10s, select: [{slowest: MAX(duration)}, {n: COUNT(*)}]}
  audits:
    pods:
      from: per_pod
      by: pod
      states: {fine: {when: slowest < 100, verdict: ok}, slow: {when: slowest >= 100, verdict: violated}}
      initial: fine
  violations: {silent: {absent: seen, for: 20s}}
  outputs: {out: {adapter: stdout, from: [pods, silent]}}
"""
EXPECTED = """\
> break per_pod when slowest > 50
break 1: per_pod when slowest > 50
> step
event 1 of 24, clock 2026-11-22T08:00:00Z, event time 2026-11-22T07:59:59Z
  made: calls 1, seen 1
> run
event 12 of 24, clock 2026-11-22T08:00:11Z, event time 2026-11-22T08:00:10Z
  made: calls 11, seen 9, per_pod 2, pods 2
  break 1: per_pod when slowest > 50
"""


def written(folder: Path) -> None:
    """The document, and a call a second to two pods, a gap, and one more; a robot calls now and then."""
    (folder / "sla.yaml").write_text(DOCUMENT)
    calls = []
    for second in [*range(20), *range(60, 64)]:
        payload = {"duration": 10.0 * second, "ok": True}
        context = {"pod": "ab"[second % 2], "user": "robot" if second % 7 == 3 else "ann"}
        at = f"2026-11-22T08:{second // 60:02}:{second % 60:02}Z"
        calls.append(json.dumps({"timestamp": at, "payload": payload, "context": context}))
    (folder / "calls.ndjson").write_text("\n".join(calls))


def simulated(folder: Path, capsys: pytest.CaptureFixture[str], script: str, *more: str) -> tuple[int, str]:
    """Exit code and output of a script."""
    (folder / "script").write_text(script)
    code = main(["simulate", "sla.yaml", "--input", "calls=calls.ndjson", "--script", "script", *more], environment={})
    return code, capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the document is."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    return tmp_path


def test_break_points(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stop at the first window that meets the condition, the same every time."""
    script = "break per_pod when slowest > 50\nstep\nrun\n"
    first, second = simulated(folder, capsys, script), simulated(folder, capsys, script)
    assert first == second
    assert first[0] == 0
    head, *rows = first[1].split("    {")
    assert head == EXPECTED
    assert [json.loads("{" + row)["slowest"] for row in rows] == [80.0, 90.0]


def test_steps_forth_and_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By events, watermarks, windows, timers; what was gone back over comes again as it was."""
    code, out = simulated(
        folder,
        capsys,
        "# comments are left out\nstep 3\nstep watermark\nstep window\nshow pods\nback\nstep window\nshow pods pod=a\n"
        "run\nwait 5s\nstep due\nend\nblocks\nwhere\nquit\nstep\n",
    )
    assert code == 0
    shown = out.split("> step window\n")
    assert shown[1].split("> show")[0] == shown[2].split("> show")[0]
    assert "state fine" in shown[2]
    assert "silent" in out
    assert "there are no more events" in out
    assert "> quit" in out
    assert out.count("> step\n") == 0
    assert "ann" not in out


def test_what_is_wrong_has_a_hint(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing happens then, and the exit code says so."""
    wrong = {
        "stp": 'no command "stp"; did you mean "step"?',
        "step widow": 'did you mean "window"?',
        "break per_pot": 'no block "per_pot"; did you mean "per_pod"?',
        "break per_pod when slowes > 3": 'no column "slowes" (did you mean "slowest"?',
        "break per_pod slowest > 3": "write break per_pod when slowest > 3",
        "show": "show which block?",
        "show pods a": "write COLUMN=VALUE",
        "delete 3": 'there is no break point "3"',
        "back": "there is nothing to go back to",
        "wait": "wait 5m",
        "wait soon": "wrong: ",
        "give call {}": 'did you mean "calls"?',
        "give calls {": "this is not JSON",
        "where now": "where takes nothing",
    }
    code, out = simulated(folder, capsys, "\n".join(wrong))
    told = [part.split("\n", 1)[1] for part in out.split("> ")[1:] if "\n" in part]
    assert code == 1
    assert out.count("wrong: ") == len(wrong)
    for line, hint in wrong.items():
        assert hint in out, line
    assert "event " not in "".join(told).replace("events", "")


def test_an_event_of_ones_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is taken, or refused with the reason; sensitive fields are hashed here too."""
    event = {"timestamp": "2026-11-22T08:00:01Z", "payload": {"duration": 1, "ok": True}, "context": {"pod": "z"}}
    good = {**event, "context": {"pod": "z", "user": "zoe"}}
    _, out = simulated(
        folder, capsys, f"step\ngive calls {json.dumps(good)}\ngive calls {json.dumps(event)}\nshow seen"
    )
    assert "made: calls 1, seen 1" in out
    assert "refused by calls: context.user: missing" in out
    assert '"user":"hashed:' in out
    assert "zoe" not in out.split("> show seen")[1]


def test_inputs_are_varied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each combination; what would come of other values."""
    code, out = simulated(folder, capsys, "", "--vary", "calls.duration=*0.5..1.5:0.5", "--vary", "calls.duration=50")
    assert code == 0
    *_, last = out.splitlines()
    assert len(out.splitlines()) == 4
    assert last.split("  ")[0] == "×1.5"
    for text, hint in {
        "calls.duraton=1..2:1": 'did you mean "duration"?',
        "call.duration=1..2:1": 'did you mean "calls"?',
        "calls.ok=1..2:1": "only numbers can be varied",
        "calls.duration": "varies nothing",
        "calls.duration=2..1:1": "the range leads nowhere",
        "calls.duration=a..b:c": "these are no numbers",
        "calls.duration=1..9999:0.1": "more than 500 steps",
    }.items():
        assert main(["simulate", "sla.yaml", "--input", "calls=calls.ndjson", "--vary", text], environment={}) == 2
        assert hint in capsys.readouterr().err


def test_what_is_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files that are not there, inputs that are not, lines that are no JSON; made-up events."""
    (folder / "bad").write_text("{}\n[1]\n")
    (folder / "worse").write_text("{\n")
    for given, hint in {
        "calls": "write --input BLOCK=FILE",
        "cals=calls.ndjson": 'did you mean "calls"?',
        "calls=none": "none cannot be read",
        "calls=bad": "bad, line 2: a record is a JSON object",
        "calls=worse": "worse, line 1: this is not JSON",
    }.items():
        assert main(["simulate", "sla.yaml", "--input", given, "--script", "-"], environment={}) == 2
        assert hint in capsys.readouterr().err
    lines = [json.dumps({"input": "calls", **json.loads(x)}) for x in Path("calls.ndjson").read_text().splitlines()]
    (folder / "trace").write_text("\n".join(lines))
    (folder / "script").write_text("end")
    assert main(["simulate", "sla.yaml", "--trace", "trace", "--script", "script"], environment={}) == 0
    assert "event 24 of 24" in capsys.readouterr().out


def test_a_log_has_no_clear_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a condition would have to see is not in it: files have it."""
    logged = DOCUMENT.replace("  outputs:", "  logging: {mode: full, directory: log}\n  outputs:")
    plan = compile_document(Source("sla.yaml", logged), CompileOptions(collapse=True)).plan
    run = LoggedRun(plan, folder)
    run.give("calls", [json.loads(line) for line in (folder / "calls.ndjson").read_text().splitlines()])
    run.end()
    (folder / "script").write_text("step\nshow per_pod\n")
    arguments = ["simulate", "sla.yaml", "--log", str(run.log.place), "--script", "script"]
    assert main(arguments, environment={}) == 2
    assert "see clear text, which no log holds" in capsys.readouterr().err
    (folder / "sla.yaml").write_text(DOCUMENT.replace("where: user <> 'robot', ", ""))
    assert main(arguments, environment={}) == 0
    assert "made: calls 1, seen 1" in capsys.readouterr().out
