"""`kill -9` of any runtime of a system at any moment: row by row and id by id as an undisturbed run.

`SLAC_SOAK_ROUNDS` says how often one is killed (2 unless set); `make soak` says 100.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from slac.adapters.publication.records import to_records
from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.testing import Harness
from tests.soak.senders import FAR_MS, START_MS, STEP_MS, Senders, event
from tests.soak.system import DOCUMENT, EDGES, INPUTS, NAMES, ROUNDS, System, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(7200)]

KINDS = {"each": "row", "load": "row", "health": "report", "slow": "violation"}
FRESH = 20
Key = tuple[str, str, int]
Last = dict[tuple[str, str], int]
"""By edge and input, the number of the event that ends it."""


def undisturbed(by_input: dict[str, list[int]], last: Last, end_ms: int) -> dict[Key, dict[str, Any]]:
    """What one process says of the same events, in the order of their numbers."""
    harness = Harness(compile_document(Source("soak.yaml", DOCUMENT), CompileOptions(collapse=True)).plan)
    chosen = sorted((seq, name) for name, seqs in by_input.items() for seq in seqs)
    for begin in range(0, len(chosen), 500):
        some = chosen[begin : begin + 500]
        for name in INPUTS:
            if events := [event(seq) for seq, of in some if of == name]:
                harness.give(name, events)
    for (_, name), seq in last.items():
        harness.give(name, [event(seq, end_ms)])
    harness.end()
    found = {}
    for block, kind in KINDS.items():
        for frame in harness._published[block]:
            for record in to_records(frame, document="soak", block=block, kind=kind):
                found[block, record["id"], record["revision"]] = json.loads(json.dumps(record))
    return found


def settled(rows: dict[Key, dict[str, Any]], until_text: str) -> dict[Key, dict[str, Any]]:
    """Those of before an instant."""
    return {key: record for key, record in rows.items() if record["time"] < until_text}


def test_killed_at_any_moment_it_is_as_an_undisturbed_run(tmp_path: Path) -> None:
    """Nothing is lost, nothing is there twice, all has the same ids: with `http`, a file and `zmq`, on two levels."""
    system, chance = System(tmp_path), random.Random(6)
    senders = Senders(system)
    with system.running():
        with senders.sending():
            began = time.monotonic()
            _progress(system, senders)
            startup = time.monotonic() - began
            for number in range(ROUNDS):
                _pass(system, chance.uniform(0.05, startup))
                victim = chance.choice(NAMES)
                system.kill(victim)
                system.start(victim)
                if number % 5 == 4:
                    _progress(system, senders)
            _progress(system, senders)

        last = {(e, n): senders.numbers.count + i for i, (e, n) in enumerate((e, n) for e in EDGES for n in INPUTS)}
        end_ms = START_MS + senders.numbers.count * STEP_MS + FAR_MS
        for (edge, name), seq in last.items():
            senders.flush(edge, name, seq, end_ms)
        expected = undisturbed(senders.numbers.by_input, last, end_ms)
        horizon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime((end_ms - FAR_MS) / 1000 + 5))
        wanted = settled(expected, horizon)

        def all_out() -> bool:
            system.read()
            return wanted.keys() <= system.rows.by_key.keys()

        until(all_out, system.complain)
        system.stop()
        system.read()

    got = settled(system.rows.by_key, horizon)
    lost, twice = wanted.keys() - got.keys(), [*system.rows.twice, *(got.keys() - wanted.keys())]
    print(f"{ROUNDS} kills, {len(wanted)} rows: {len(lost)} lost, {len(twice)} duplicated")  # noqa: T201 - for `make soak`
    assert (len(lost), len(twice)) == (0, 0)
    assert {key: got[key] for key in wanted} == wanted
    assert {block for block, _, _ in wanted} == KINDS.keys()


def _pass(system: System, seconds: float) -> None:
    """Let time pass, and read on."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        system.read()
        time.sleep(0.02)


def _progress(system: System, senders: Senders) -> None:
    """All are up: what is sent from now on comes through."""
    count, published = senders.numbers.count, len(system.rows.by_key)

    def through() -> bool:
        system.read()
        fresh = [sum(seq >= count for seq in rows.seen) for rows in system.taken]
        return min(fresh) >= FRESH and len(system.rows.by_key) >= published + FRESH

    until(through, system.complain)
