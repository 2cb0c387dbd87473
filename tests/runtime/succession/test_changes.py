"""`slac apply` and `slac move` while real processes are under load: rows and ids are those of an undisturbed run.

A sixth of `SLAC_SOAK_ROUNDS` says how often one of them is killed meanwhile (once unless set).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime.inspection.changing import AskCommit
from slac.runtime.inspection.client import ask_status, places
from slac.runtime.succession.conducting import _Conductor, _connected, _drain, _prepare, _seal, running_plan
from slac.runtime.succession.partners import Partner, in_order_of_flow
from tests.runtime.succession.running import FEW, SHOPS, Deployment, deployed, document, expected, slac, until

ROUNDS = max(int(os.environ.get("SLAC_SOAK_ROUNDS", "6")) // 6, 1)
pytestmark = [pytest.mark.processes, pytest.mark.timeout(3600)]


def progressed(made: Deployment, by: int = 40) -> None:
    """Let some more orders come in."""
    goals = [s.next + by for s in made.senders]
    until(lambda: all(s.next >= g for s, g in zip(made.senders, goals, strict=True)), made.told)


def ends_as_undisturbed(made: Deployment) -> None:
    """Every order counts exactly once, in its window."""
    made.close_windows()
    wanted = expected({n: s.next for n, s in zip(made.ports, made.senders, strict=True)})
    until(lambda: len(sums(made)) == len(wanted), made.told)
    made.stop()
    assert sums(made) == wanted
    large = [r for (block, _, _), r in made.rows().items() if block == "large"]
    assert len({r["number"] for r in large}) == len(large)
    assert len(large) >= sum(n for n, _ in wanted.values())


def sums(made: Deployment) -> dict[tuple[str, int], tuple[int, int]]:
    """What was said of each shop and window with rows, each once."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for (block, _, _), row in made.rows().items():
        if block == "sums" and row["n"]:
            key = row["shop"], ms(row["window_start"])
            assert key not in found, row
            found[key] = row["n"], row["total"]
    return found


def ms(text: str) -> int:
    """A timestamp in milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def blocks(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """By block what a change says of its state."""
    lines = (line.split() for line in result.stdout.splitlines())
    return {words[0]: words[2] for words in lines if len(words) > 2 and words[2] in {"kept", "rebuilt", "lost"}}


def test_applied_and_moved_under_load(tmp_path: Path) -> None:
    """A threshold changes, a bad document is refused, a block goes to central and back, and somebody is killed."""
    with deployed(tmp_path) as made:
        progressed(made)
        (tmp_path / "new.yaml").write_text(document(limit=3))
        applied = made.change("apply", "new.yaml")
        assert applied.returncode == 0, applied.stderr + made.told()
        assert blocks(applied) == {"orders": "kept", "sums": "kept", "tops": "kept", "pace": "kept"}
        progressed(made)
        (tmp_path / "bad.yaml").write_text(document().replace("SUM(amount)", "SUM(amonut)"))
        refused = made.change("apply", "bad.yaml")
        assert refused.returncode == 1
        assert "amonut" in refused.stderr
        assert "nothing was changed" in refused.stderr
        for node in ("central", "edge"):
            moved = made.change("move", "large", "--to", node, "new.yaml")
            assert moved.returncode == 0, moved.stderr + made.told()
            assert blocks(moved)["sums"] == "kept"
            progressed(made)
        assert made.change("move", "large", "--to", "edge", "new.yaml").stdout.startswith("Nothing changes")
        chance = random.Random(4)
        for round_ in range(ROUNDS):
            killed_while_it_is_changed(made, 4 + round_ % 3, chance)
        ends_as_undisturbed(made)
    reports: list[dict[str, Any]] = [r for (block, _, _), r in made.rows().items() if block == "pace"]
    assert {r["state"] for r in reports} <= {"slow", "fast"}


def killed_while_it_is_changed(made: Deployment, limit: int, chance: random.Random) -> None:
    """Whoever dies whenever: all go on with one of both plans."""
    (made.folder / "new.yaml").write_text(document(limit=limit))
    victim, moment = chance.choice(["c", "e0", "e1"]), chance.uniform(0.8, 2.0)
    with subprocess.Popen(
        slac("apply", "new.yaml", *made.sets), cwd=made.folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as applying:
        with suppress(subprocess.TimeoutExpired):
            applying.wait(moment)
        made.kill(victim)
        made.start(victim)
        applying.wait(FEW)
    until(made.is_whole, made.told)
    progressed(made, 20)


def test_killed_between_the_decision_and_its_telling(tmp_path: Path) -> None:
    """It was made, and all who could tell of it die: whoever starts again learns of it, and nothing counts twice."""
    with deployed(tmp_path) as made:
        progressed(made, 20)
        partners = [Partner(place=p, status=ask_status(p)) for p in places(tmp_path)]
        old = Plan.from_json(running_plan(partners[0].place).plan)
        text = document(limit=3)
        new = compile_document(Source("shop.yaml", text), CompileOptions(parameters={"central": made.central})).plan
        conductor = decided(partners, old, new)
        for name in made.names:
            made.kill(name)
        assert {path.parent.name for path in tmp_path.glob("state/*/*/*/deployed")} == {"c"}
        for name in made.names:
            made.start(name)
        until(made.is_whole, made.told)
        assert {running_plan(p).change for p in places(tmp_path)} == {conductor}
        ends_as_undisturbed(made)


def decided(partners: list[Partner], old: Plan, new: Plan) -> str:
    """The name of a change that the runtime which decides has begun, and nobody else has heard of."""
    ordered = in_order_of_flow(partners, old)
    with _connected(ordered) as sockets:
        conductor = _Conductor("of-a-test", ordered, sockets)
        _prepare(conductor, new, lambda _: None)
        _drain(conductor, old, lambda _: None)
        _seal(conductor, lambda _: None)
        conductor.ask(ordered[-1], AskCommit(change=conductor.change))
    return conductor.change


def test_shared_keys(tmp_path: Path) -> None:
    """One of them is killed under load, and its share waits for it; together they say what one would."""
    with deployed(tmp_path, ("central-0", "central-1")) as made:
        progressed(made, 20)
        made.kill("central-1")
        progressed(made, 20)
        made.start("central-1")
        until(made.is_whole, made.told)
        refused = made.change("apply", "shop.yaml")
        assert refused.returncode == 2
        assert "send to nobody" in refused.stderr
        ends_as_undisturbed(made)
        shops = [
            {json.loads(line)["shop"] for line in (tmp_path / f"rows-{c}.ndjson").read_text().splitlines()}
            for c in made.centrals
        ]
        assert not shops[0] & shops[1]
        assert len(shops[0] | shops[1]) == SHOPS
        assert all(shops)
