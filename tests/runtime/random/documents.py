"""Random documents: blocks of every kind over one input, fed by one another, on one node or two.

A document is drawn as data and written as JSON, which is YAML. Every numeric column that a block gives is known, so
that what reads it can compute with it; a block that does not compile is a mistake of this file or of the compiler.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

__all__ = ["Drawn", "documents"]

Block = dict[str, Any]

PAYLOAD = {"seq": "int", "x": "float?", "n": "int", "ok": "bool"}
SPLIT = ("tumbling 5s", "hopping 10s every 5s", "calendar hour in Asia/Kolkata")
"""Windows that several instances of an edge compute parts of."""
WINDOWS = (*SPLIT, "session 4s", "sliding 6s", "running")
AGGREGATES = (
    "COUNT(*)",
    "COUNT({x})",
    "COUNT(*) FILTER (WHERE {x} > 2)",
    "SUM({x})",
    "SUM({x}) FILTER (WHERE {x} < 5)",
    "AVG({x})",
    "MIN({x})",
    "MAX({x})",
    "FIRST({x})",
    "LAST({x})",
    "COUNT_DISTINCT({x})",
    "QUANTILE({x}, 0.9)",
    "STDDEV_POP({x})",
    "10 * SHARE({x} > 2)",
    "RATE({x})",
    "INCREASE({x})",
    "DELTA({x})",
)
LATE = ("restate", "side")
CALENDAR = {
    "zone": "Europe/Berlin",
    "maintenance": [
        {"from": "2023-11-14 22:13:26Z", "to": "2023-11-14 22:13:31Z"},
        {"from": "2023-11-14 22:14:00Z", "to": "2023-11-14 22:14:20Z"},
    ],
}
"""Closed from 6 to 11 and from 40 to 60 seconds behind the start."""
COUNTERS = ("RATE", "INCREASE", "DELTA")
"""Aggregates that take samples in their order only, and so cannot be said again."""
PATTERNS = (
    "every a=m(x > 2) -> b=m(k = a.k and x > a.x)",
    "every a=m(ok) -> every b=m(k = a.k and not ok)",
    "every (a=m(ok and k = 'a') and b=m(k = 'a' and not ok))",
    "every a=m(x > 1) -> (timer:interval(3 sec) and not b=m(k = a.k))",
    "every [2] a=m(x > 3)",
    "a=m(x > 4) -> b=m(ok) until c=m(x < 1)",
)


@dataclass(frozen=True, slots=True)
class Made:
    """A stream that others may read: the numbers it has beside its key, and whether its window can be taken over."""

    name: str
    numbers: tuple[str, ...]
    windowed: bool = False
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document; `blocks` are all whose rows are published. `spread`: its edge may have several instances."""

    text: str
    blocks: tuple[str, ...]
    spread: bool


@st.composite
def _windowed(draw: st.DrawFn, name: str, source: Made, *, spread: bool) -> tuple[Block, Made]:
    window = draw(st.sampled_from(SPLIT if spread else WINDOWS))
    x = draw(st.sampled_from(source.numbers))
    # One series that comes in at two edges is reported and has no rate: it is the one thing that cannot be dealt out.
    usable = [a for a in AGGREGATES if not (spread and a.startswith(COUNTERS))]
    chosen = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=3, unique=True))
    columns = {f"{name}_{i}": text.format(x=x) for i, text in enumerate(chosen)}
    block: Block = {"from": source.name, "by": "k", "window": window, "select": [{n: c} for n, c in columns.items()]}
    if window in {"running", "session 4s"}:
        block["retain"] = "60s"
    if draw(st.booleans()):
        block["late"] = draw(st.sampled_from(("side",) if any(c.startswith(COUNTERS) for c in chosen) else LATE))
    if draw(st.booleans()):
        block["during"] = "open"
    if draw(st.booleans()):
        block["where"] = f"{x} IS NOT NULL"
    return block, Made(name, tuple(columns), windowed=True)


@st.composite
def _selected(draw: st.DrawFn, name: str, source: Made) -> tuple[Block, Made]:
    x = draw(st.sampled_from(source.numbers))
    block: Block = {"from": source.name, "select": ["k", {f"{name}_0": f"{x} * 2 + 1"}]}
    if draw(st.booleans()):
        block["where"] = f"{x} > 1"
    return block, Made(name, (f"{name}_0",))


@st.composite
def _joined(draw: st.DrawFn, name: str, left: Made, right: Made) -> tuple[Block, Made]:
    x, y = draw(st.sampled_from(left.numbers)), draw(st.sampled_from(right.numbers))
    block: Block = {
        "from": left.name,
        "join": {"r": {"latest": right.name, "by": "k"}},
        "select": ["k", {f"{name}_0": x}, {f"{name}_1": f"{x} - r.{y}"}],
    }
    return block, Made(name, (f"{name}_0", f"{name}_1"))


@st.composite
def _near(draw: st.DrawFn, name: str, left: Made, right: Made) -> tuple[Block, Made]:
    x, y = draw(st.sampled_from(left.numbers)), draw(st.sampled_from(right.numbers))
    bounds = draw(st.sampled_from(({"within": "3s"}, {"after": "4s"}, {"before": "2s", "after": "1s"})))
    join: Block = {"interval": right.name, "by": "k", **bounds, "outer": draw(st.booleans()), "limit": 20}
    block: Block = {
        "from": left.name,
        "join": {"r": join},
        "select": ["k", {f"{name}_0": x}, {f"{name}_1": f"{x} - r.{y}"}],
    }
    return block, Made(name, (f"{name}_0", f"{name}_1"))


@st.composite
def _counted(draw: st.DrawFn, name: str, source: Made) -> tuple[Block, Made]:
    x = draw(st.sampled_from(source.numbers))
    function = draw(st.sampled_from(COUNTERS))
    block: Block = {"from": source.name, "by": "k", "select": [{f"{name}_0": f"{function}({x})"}], "retain": "60s"}
    return block, Made(name, (f"{name}_0",))


@st.composite
def _matched(draw: st.DrawFn, name: str) -> tuple[Block, Made]:
    text = draw(st.sampled_from(PATTERNS))
    block: Block = {"pattern": text, "within": draw(st.sampled_from(("6s", "20s"))), "limit": 100}
    tag = "a[0]" if "[2]" in text else "a"
    block["select"] = [{"k": f"{tag}.k"}, {f"{name}_0": f"{tag}.x"}]
    return block, Made(name, (f"{name}_0",))


@st.composite
def _audit(draw: st.DrawFn, source: Made) -> Block:
    x = draw(st.sampled_from(source.numbers))
    states: dict[str, Any] = {
        "low": {"when": f"{x} <= 2", "verdict": "ok", "report_every": "20s"},
        "mid": {"when": f"{x} > 2 AND {x} <= 6", "verdict": "violated"},
        "high": {"when": f"{x} > 6", "verdict": "violated", "report_every": "7s"},
    }
    if source.windowed and draw(st.booleans()):
        states["mid"]["for"] = "2 windows"
    no_data = draw(st.sampled_from(("hold", "ok", "violated", "undecided")))
    audit = {"from": source.name, "by": "k", "states": states, "initial": "low", "no_data": no_data, "retain": "60s"}
    return {**audit, "during": "open"} if draw(st.booleans()) else audit


@st.composite
def documents(draw: st.DrawFn, *, spread: bool = False) -> Drawn:
    """Up to five computations, an audit and two violations. `spread`: only what several edges can share."""
    made, computations, sides = [Made("m", ("x", "n"))], {}, list[str]()
    kinds = ("window",) if spread else ("window", "select", "join", "near", "counted", "pattern")
    for i in range(draw(st.integers(1, 3 if spread else 5))):
        name = f"c{i}"
        source = draw(st.sampled_from(made))
        match draw(st.sampled_from(kinds)):
            case "window":
                block, stream = draw(_windowed(name, source, spread=spread))
            case "select":
                block, stream = draw(_selected(name, source))
            case "join":
                block, stream = draw(_joined(name, source, draw(st.sampled_from(made))))
            case "near":
                block, stream = draw(_near(name, source, draw(st.sampled_from(made))))
            case "counted":
                block, stream = draw(_counted(name, source))
            case _:
                block, stream = draw(_matched(name))
        computations[name] = block
        made.append(stream)
        if block.get("late") == "side":
            sides.append(f"{name}.late")
            computations[f"{name}s"] = {"from": f"{name}.late", "select": ["k", {f"{name}s_0": "1"}]}
            made.append(Made(f"{name}s", (f"{name}s_0",)))
    judged = draw(st.sampled_from(made[1:]))
    x = draw(st.sampled_from(judged.numbers))
    violations = {
        "over": {"from": judged.name, "by": "k", "where": f"{x} > 4"},
        "silent": {"absent": "m", "for": "14s", "by": "k"},
    }
    if draw(st.booleans()):
        violations = {name: {**violation, "during": "open"} for name, violation in violations.items()}
    blocks = (*computations, "state", *violations, *sides)
    spec = {
        "events": {"M": {"payload": PAYLOAD, "context": {"k": "string"}}},
        "inputs": {
            "m": {"adapter": "http", "listen": "127.0.0.1:1", "path": "/m", "emits": "M", "lateness": "2s", "id": "seq"}
        },
        "calendars": {"open": CALENDAR},
        "computations": computations,
        "audits": {"state": draw(_audit(judged))},
        "violations": violations,
        "outputs": {"out": {"adapter": "stdout", "from": list(blocks)}},
        "placement": draw(_placement(computations, spread=spread)),
    }
    head = {"apiVersion": "slac/v1", "kind": "SLA", "metadata": {"name": "random"}}
    return Drawn(json.dumps(head | {"spec": spec}), blocks, spread)


@st.composite
def _placement(draw: st.DrawFn, computations: Mapping[str, Block], *, spread: bool) -> Block:
    """The input and some of what it alone feeds on the edge, the rest in central."""
    edge = ["m"]
    for name, block in computations.items():
        direct = block.get("from") == "m" and "join" not in block
        if (direct if spread else direct or "pattern" in block) and draw(st.booleans()):
            edge.append(name)
    return {
        "edge": {"blocks": edge, "connect": "central"},
        "central": {"blocks": ["*"], "listen": "tcp://127.0.0.1:7000", "address": "tcp://127.0.0.1:7000"},
    }
