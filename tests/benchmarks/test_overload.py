"""The overload benchmark: the feeder's truth, how what an engine said is judged by it, and the rows of the table."""

from __future__ import annotations

import io
import math
import socket
import threading
from functools import cache
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest

from benchmarks.overload import DOCUMENT
from benchmarks.overload.feeder import Line, Tally
from benchmarks.overload.judging import FAILING, NUMBERS, SLOW, Truth, judge, windows_of
from benchmarks.overload.leash import SAVED, allowed
from benchmarks.overload.rival import Endured, Progress
from benchmarks.overload.said import Said
from benchmarks.overload.subject import Run, Second
from benchmarks.overload.table import Rival, bars, judged_of, lost, of_esper, told, worked_off
from benchmarks.overload.traffic import ENDPOINTS, EVENTS, MESSAGES, WINDOW, Form, endpoint, facts, stamped
from benchmarks.overload.worth import lowest, outcome, promised
from benchmarks.report import Row
from slac.testing import free_port

BEGIN = 1_700_000_000_000
ALL = [{"at": BEGIN / 1e3 - 4, "rate": 1.0, "sent": 0, "left": 0}]
STEP = {"at": BEGIN / 1e3, "rate": 400.0, "sent": 100, "left": 0}
DOWN = {"at": BEGIN / 1e3 + 4, "rate": 1.0, "sent": 1300, "left": 400}
DONE = {"at": BEGIN / 1e3 + 8, "rate": 0.0, "sent": 1400, "left": 400}
PARTS = [*ALL, STEP, DOWN, DONE]


def decoded(form: Form, message: bytes) -> pl.DataFrame:
    """The events of a message as flat columns."""
    if form == "arrow":
        return pl.read_ipc_stream(io.BytesIO(message))
    rows = [orjson.loads(line) for line in message.splitlines()]
    return pl.DataFrame([{"timestamp": r["timestamp"], **r["payload"]} for r in rows])


@pytest.mark.parametrize("form", ["ndjson", "arrow"])
def test_messages_are_what_is_said_of_them(form: Form) -> None:
    """All events have the instant at which they are sent, and add up to the facts."""
    frame = decoded(form, stamped(form)[3](BEGIN + 7))
    assert frame.height == EVENTS[form]
    assert frame["timestamp"].unique().to_list() == [BEGIN + 7]
    found = np.zeros((ENDPOINTS, 3))
    for row in frame.iter_rows(named=True):
        number = int(row["endpoint"].removeprefix("/orders/"))
        found[number] += (1, not row["ok"], row["latency"])
    assert np.allclose(found, facts(form)[3])


def test_limits_are_those_of_the_document() -> None:
    """Truth is judged by what the document asks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.count(f"failed > {FAILING:g} * n") == 2
    assert text.count(f"latency > {SLOW:g}") == 2
    assert f"window: tumbling {WINDOW // 1000}s" in text


def tally() -> Tally:
    """Two windows; in the second half of what is offered is not taken."""
    made = Tally()
    for i in range(100):
        made.count(i % MESSAGES, BEGIN + i, taken=True)
        made.count(i % MESSAGES, BEGIN + WINDOW + i, taken=i % 2 == 0)
    return made


@cache
def truth() -> Truth:
    """As it comes out of the feeder."""
    return Truth(windows_of(tally().told()["windows"]), "ndjson")


def row_of(begin: int, number: int, *, late: float = 0.5, **values: Any) -> Said:
    """A true row, but for what is given."""
    true = truth().of(begin, endpoint(number))
    verdicts = {"failing": true["failed"] > FAILING * true["n"], "slow": true["latency"] > SLOW}
    at = (begin + WINDOW) / 1e3 + late
    return Said(begin=begin, endpoint=endpoint(number), values={**true, **verdicts, "kept": 10, **values}, at=at)


def said() -> list[Said]:
    """Everything, truly."""
    return [row_of(b, n) for b in (BEGIN, BEGIN + WINDOW) for n in range(ENDPOINTS) if truth().of(b, endpoint(n))]


def test_what_nobody_took_is_no_part_of_the_truth() -> None:
    """The truth is that of the messages that were handed over."""
    counts = tally().totals
    assert counts == [150, 50]
    total = sum(truth().of(BEGIN + WINDOW, endpoint(n)).get("n", 0) for n in range(ENDPOINTS))
    assert total == 50 * EVENTS["ndjson"]


def test_an_engine_that_says_all_in_time_is_right() -> None:
    """No errors, nothing open, nothing missing, and the latency of what came."""
    judged = judge(said(), truth(), BEGIN / 1e3, BEGIN / 1e3 + 4, math.inf)
    assert (judged.windows, judged.unsaid, judged.untrue, judged.wrong, judged.undecided) == (2, 0, 0, 0, 0)
    assert judged.rows == judged.exact / 3 == judged.verdicts / 2
    assert [judged.error(name, 1.0) for name in NUMBERS] == [0.0, 0.0, 0.0]
    assert judged.latency(0.5) == pytest.approx(0.5)


def test_errors_intervals_and_verdicts_are_told_apart() -> None:
    """An interval that misses, a number that is no longer exact, a verdict that is wrong, and one that is open."""
    n = truth().of(BEGIN, endpoint(0))["n"]
    bad = not row_of(BEGIN, 0).values["failing"]
    rows = [
        row_of(BEGIN, 0, n=1.1 * n, n_low=1.05 * n, n_high=1.2 * n, failing=bad),
        row_of(BEGIN, 1, n=0, failing=None, failing_undecided=True),
        row_of(BEGIN, 2, late=9.0),
    ]
    judged = judge(rows, truth(), BEGIN / 1e3, BEGIN / 1e3 + 2, BEGIN / 1e3 + 5)
    assert (judged.rows, judged.intervals, judged.held, judged.untrue) == (2, 1, 0, 1)
    assert (judged.verdicts, judged.wrong, judged.undecided) == (4, 1, 1)
    assert judged.errors["n"] == pytest.approx([0.1, 1.0])
    assert judged.unsaid == len([s for s in said() if s.begin == BEGIN]) - 2


def named(rows: list[Row]) -> dict[str, Row]:
    """Rows by what comes behind the colon."""
    return {r.name.partition(": ")[2] or r.name: r for r in rows}


def test_rows_of_a_load() -> None:
    """Offered, kept, used, late, wrong and recovered, against another engine's."""
    seconds = [Second(at=BEGIN / 1e3 + i, cores=0.4 + i / 10, resident=2**28) for i in range(1, 9)]
    gate = [(BEGIN / 1e3 + 1, 0.25), (BEGIN / 1e3 + 6, 1.0)]
    summary = {"inputs": {"requests": {"kept": 9, "counted": 40}}}
    made = Run(
        seconds=seconds,
        parts=PARTS,
        windows=windows_of(tally().told()["windows"]),
        said=said(),
        gate=gate,
        summary=summary,
        survived=True,
    )
    rival = Rival(name="E", events=50.0, latency=0.25)
    found = named(list(told("2 ×", made, "ndjson", offered=400.0, fits=200.0, rival=rival)))
    assert found["events offered"].value == 400.0
    assert found["of them nobody took"].value == 0.25
    kept = 10 * len(said()) / 4
    assert found["events kept"].value == pytest.approx(kept, rel=1e-2)
    assert (found["events kept"].peer, found["latency of a result, median"].ratio) == ("E", 2.0)
    assert found["events kept or counted, of what fits"].met == ((kept + 10) / 200 > 0.8)
    assert found["until nothing is dropped any more"].value == 2.0
    assert found["verdicts that are wrong"].value == 0.0
    near = named(list(bars([made], 0.5, 400)))
    assert near["readings"].value == 0
    assert near["runtimes that were killed, or ended"].met


def test_rows_of_an_engine_that_dies() -> None:
    """What it did as long as it lived, what never came, and when its heap was full."""
    made = Endured(
        seconds=[Second(at=BEGIN / 1e3 + 1, cores=0.5, resident=2**29)],
        parts=PARTS,
        windows=windows_of(tally().told()["windows"]),
        said=[s for s in said() if s.begin == BEGIN],
        progress=[Progress(at=BEGIN / 1e3 + i, done=100 * i, waiting=1000 * i) for i in range(3)],
        died=BEGIN / 1e3 + 3,
    )
    assert worked_off(made) == 100.0
    found = named(list(of_esper("Esper, 2 ×", made, judged_of(made))))
    assert found["dead, out of memory, after"].value == 3.0
    assert found["events that wait at the end"].value == 2000
    assert found["memory"].value == 512.0
    assert 0.4 < found["results that never came"].value < 0.6


def test_a_leash_saves_little() -> None:
    """What was not used is soon gone; what was used too much is owed."""
    assert allowed(0.0, 0.5, 10.0, 0.0) == 0.5 * SAVED
    assert allowed(0.0, 0.5, 0.02, 0.02) == pytest.approx(-0.01)


def test_a_line_that_is_full_takes_whole_messages_or_none() -> None:
    """Of a message that has begun the rest follows, also behind one that was not taken."""
    port, held = free_port(), list[socket.socket]()

    def connect() -> None:
        while not held:
            try:
                held.append(socket.create_connection(("127.0.0.1", port)))
            except OSError:
                continue

    dialling = threading.Thread(target=connect)
    dialling.start()
    line = Line(f"tcp://127.0.0.1:{port}")
    dialling.join()
    (client,) = held
    client.settimeout(30)
    message, taken = b"x" * 65_535 + b"\n", 0
    while line.offer(message):
        taken += 1
    assert not line.offer(message)
    with client, client.makefile("rb") as lines:
        first = lines.readline()
        assert first == message
        while not line.offer(b"last\n"):
            assert lines.readline() == message
            taken -= 1
        line.close()
        assert [*lines][-1] == b"last\n"


def test_nothing_may_be_lost_where_nothing_is_dropped() -> None:
    """A result that never came, a number that is not that of all events, and what was refused are each told."""
    made = Run(
        seconds=[],
        parts=PARTS,
        windows=windows_of(tally().told()["windows"]),
        said=[row_of(BEGIN, 0, n=1), *said()[2:]],
        gate=[],
        summary={"inputs": {"requests": {"kept": 9, "counted": 0, "dropped": {"refused": 3}}}},
        survived=True,
    )
    found = named(list(lost("never", made)))
    assert not found["results that never came"].met
    assert found["numbers that are not those of all events"].value == 1
    assert found["events dropped, or refused"].value == 3


def test_declared_shares_are_judged_by_chance() -> None:
    """Of 2000 windows one in a hundred times fewer than this share lie within, where 95 % do."""
    assert lowest(0.95, 2000) == pytest.approx(0.9384, abs=1e-4)


def test_intervals_hold_though_a_window_keeps_few_of_what_matters() -> None:
    """One in a hundred lasts thirty times as long, and is dropped unread: a window knows of it from those before."""
    found = outcome("1 % failures", "unread")
    assert found.held("value") > lowest(0.95, 2000)


def test_promises_are_kept_for_values_of_each_kind() -> None:
    """Of constants, the quickest; the others are told by the benchmark."""
    rows = [r for r in promised("constant") if r.bar is not None]
    assert len(rows) == 14
    assert all(r.met for r in rows)
