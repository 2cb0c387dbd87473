"""Every rule set over its sample, which a real tool has made: what `slac run --once` publishes, to the letter.

`SLAC_UPDATE=1 pytest tests/sla_docs/test_samples.py` writes the expected rows anew: read the diff.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from slac.compiler import CompileOptions, compile_paths

ROOT: Final = Path(__file__).parents[2]
EXPECTED: Final = Path(__file__).parent / "samples"
# The samples last a minute or two, so windows are shorter here than the documents have them.
RUNS: Final[Mapping[str, Mapping[str, str]]] = {
    "logs/audit": {},
    "logs/images": {},
    "logs/levels": {"window": "30s"},
    "logs/templates": {},
    "metrics/cpu": {"window": "10s"},
    "metrics/memory": {"share": "0.05", "window": "30s"},
    "metrics/red": {"window": "30s", "errors": "0.05", "in_time": "0.99", "target": "0.1"},
    "metrics/spare": {},
    "metrics/use": {"window": "30s", "cpu_busy": "0.5"},
    "metrics/workloads": {"check": "10s", "patience": "30s"},
    "traces/latency": {},
    "traces/operations": {"window": "30s"},
    "traces/slow": {},
    "high_level/anomalies": {"cpu.window": "10s", "within": "1s"},
    "high_level/cpu_then_latency": {"window": "10s"},
    "high_level/rollouts": {"window": "10s"},
}


def published(document: str, parameters: Mapping[str, str], folder: Path) -> str:
    """What a run over the sample writes to the standard output; compiled here, which saves a start of Python."""
    options = CompileOptions(parameters=parameters)
    plan = folder / "plan.json"
    plan.write_bytes(compile_paths([f"sla_docs/{document}.yaml"], options)[0].plan.to_json())
    return ran("--plan", str(plan))


def ran(*words: str) -> str:
    """What `slac run --once` writes."""
    done = subprocess.run(
        [sys.executable, "-m", "slac.cli", "run", "--once", *words],
        cwd=ROOT,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.processes
@pytest.mark.parametrize("document", RUNS)
def test_a_rule_set_over_its_sample(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row, with ids."""
    monkeypatch.chdir(ROOT)
    made = published(document, RUNS[document], tmp_path)
    expected = EXPECTED / f"{document.replace('/', '-')}.ndjson"
    if os.environ.get("SLAC_UPDATE"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(made, encoding="utf-8")
    assert made == expected.read_text(encoding="utf-8")
    assert made, "a sample on which a rule set finds nothing shows nothing"


@pytest.mark.processes
def test_the_command_says_the_same() -> None:
    """From the document itself."""
    made = ran("sla_docs/high_level/rollouts.yaml", "--set", "window=10s")
    assert made == (EXPECTED / "high_level-rollouts.ndjson").read_text(encoding="utf-8")


def test_every_rule_set_is_run() -> None:
    """None is left out."""
    folder = ROOT / "sla_docs"
    sets = ("logs", "metrics", "traces", "high_level")
    found = {f"{s}/{p.stem}" for s in sets for p in (folder / s).glob("*.yaml") if not p.name.endswith(".test.yaml")}
    assert found == set(RUNS)
