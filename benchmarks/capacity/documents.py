"""The documents that are looked at, and with which parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from slac.compiler import CompileOptions, compile_paths
from slac.plan.graph import Plan

ROOT: Final = Path(__file__).parents[2]


def documents() -> list[Path]:
    """Every document of `sla_docs` that runs by itself."""
    found = sorted(p for p in (ROOT / "sla_docs").rglob("*.yaml") if not p.name.endswith(".test.yaml"))
    return [p for p in found if "outputs:" in p.read_text(encoding="utf-8")]


def compiled(path: Path) -> Plan:
    """Its plan, with windows that are over while somebody looks."""
    has_window = "    window: {type: duration" in path.read_text(encoding="utf-8")
    options = CompileOptions(parameters={"window": "10s"} if has_window else {})
    return compile_paths([str(path)], options)[0].plan
