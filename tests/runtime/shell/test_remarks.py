"""What a runtime tells its operator about its inputs."""

import logging

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.runtime.shell.remarks import CALM, Remarks
from slac.stream.ports import Records

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: visits}
spec:
  events: {Visit: {payload: {user: string}}}
  inputs: {visits: {adapter: file, path: visits.ndjson, emits: Visit, rate: {normal: 1/s, keys: {user: 3}}}}
  computations: {users: {from: visits, by: user, window: tumbling 1m, select: [{n: COUNT(*)}]}}
  outputs: {out: {adapter: stdout, from: users}}
"""
NOW = 1_700_000_000_000_000


def core() -> Core:
    """The document, reading files to their end."""
    return Core(compile_document(Source("sla.yaml", DOCUMENT)).plan.part("all"), now=NOW, live=False)


def visits(*users: str, ahead: int = 0) -> Records:
    """One visit a user, so many seconds ahead of the machine's clock."""
    at = NOW // 1000 + ahead * 1000
    lines = [f'{{"timestamp": {at}, "payload": {{"user": "{user}"}}, "context": {{}}}}' for user in users]
    return Records(source="a", arrival=NOW, ndjson="\n".join(lines).encode(), origin="a")


def test_more_keys_than_declared_are_told_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The run goes on; who planned the machine hears of it, once."""
    runtime = core()
    remarks = Remarks(runtime.sources)
    runtime.on_records("visits", [visits("ann", "bob", "cid")])
    remarks.look()
    assert not caplog.records
    runtime.on_records("visits", [visits("dan", "eve")])
    remarks.look()
    remarks.look()
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "input visits has about 5 distinct values of (user), and its rate declares 3" in record.getMessage()


def test_a_file_from_the_future_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Its time is its own, so it is believed; but what follows is late, which nobody would guess."""
    runtime = core()
    remarks = Remarks(runtime.sources)
    runtime.on_records("visits", [visits("ann", ahead=3600)])
    remarks.look()
    assert not caplog.records
    runtime.on_records("visits", [visits("ann", ahead=3602), visits("bob")])
    remarks.look()
    remarks.look()
    [record] = caplog.records
    assert "input visits holds events dated more than an hour ahead" in record.getMessage()
    assert runtime.sources["visits"].late == 1


def test_a_publisher_left_unheard_is_told_each_time_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    """Not as long as it lasts."""
    runtime = core()
    remarks = Remarks(runtime.sources)
    source = runtime.sources["visits"]
    with caplog.at_level(logging.WARNING, "slac.runtime"):
        for waited in (0, 2, 5, 5, 6):
            source.unheard = waited
            remarks.look()
    assert [r.message.startswith("input visits cannot be read as fast") for r in caplog.records] == [True, True]


def test_senders_that_wait_are_told_once_as_long_as_they_do(caplog: pytest.LogCaptureFixture) -> None:
    """A queue that has room for a moment does not begin it anew, a calm does."""
    runtime = core()
    remarks = Remarks(runtime.sources)
    source = runtime.sources["visits"]
    with caplog.at_level(logging.WARNING, "slac.runtime"):
        for waited in (0, 2, 2, 5, *[5] * CALM, 6):
            source.pressed = waited
            remarks.look()
    assert [r.message.startswith("input visits cannot be worked on as fast") for r in caplog.records] == [True, True]
