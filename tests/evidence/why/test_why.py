"""Explanations over several runtimes, of what is asked for in several ways, and of what is not there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from slac.compiler import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source, UsageError
from slac.evidence.log import LogDirectory, open_logs
from slac.evidence.recorder import RunLog
from slac.evidence.why import Step, Why, as_text, find
from slac.evidence.why.answer import answer
from slac.evidence.why.why_not import WhyNot, not_in_state
from slac.plan.graph import Plan
from slac.stream.ids import format_id
from slac.testing import Harness

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ms: float, ok: bool}, context: {service: string}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check, lateness: 5s}}
  probes: {good: {from: checks, where: ms < 1000, select: [service, ok]}}
  computations:
    minutes: {from: good, by: service, window: tumbling 1m, select: [{n: COUNT(*)}, {share: SHARE(ok)}]}
  audits:
    up:
      from: minutes
      by: service
      states:
        up: {when: share >= 0.5, verdict: ok}
        down: {when: share < 0.5 AND n > 2, verdict: violated}
  outputs: {told: {adapter: stdout, from: [up]}}
  placement:
    edge: {blocks: [checks, good, minutes], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
  logging: {mode: full}
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[LogDirectory]:
    """Two runtimes, five minutes of two services; `a` is down in the third, and one of its checks came late."""
    directory = tmp_path_factory.mktemp("log")
    plan = compile_document(Source("shop.yaml", DOCUMENT), CompileOptions()).plan
    harness = Harness(plan)
    books = []
    for (node, name), core in harness.cores.items():
        book = RunLog(plan, node=node, instance=name, directory=directory, memory=1 << 30)
        book.begin(core.flow, live=False, start=None, restored=0, now=0)
        books.append(book)
    for minute in range(5):
        for second in range(0, 60, 15):
            harness.give("checks", [_check(60 * minute + second, s, ok=s == "b" or minute != 2) for s in "ab"])
        if minute == 3:
            harness.give("checks", [_check(61, "a", ok=True)])
        for book in books:
            book.look((), minute)
    harness.end()
    for book in books:
        book.look((), 9)
        book.close()
    return open_logs([directory / "var" / "log"])


def _check(second: int, service: str, *, ok: bool) -> dict[str, object]:
    return {"timestamp": second * 1000, "payload": {"ms": 5.0, "ok": ok}, "context": {"service": service}}


def why(logs: Sequence[LogDirectory], name: str, **keys: str) -> Why:
    """The explanation."""
    return answer(logs, logs[0].plan, find(logs, logs[0].plan, name, keys))[0]


def why_not(logs: Sequence[LogDirectory], state: str, second: int, **keys: str) -> WhyNot:
    """Why another state was not reached."""
    return not_in_state(logs, logs[0].plan, "up", state, second * 1_000_000, keys)


def path(step: Step) -> list[tuple[str, str]]:
    """The first way down: nodes, and whose log they are from."""
    found = [(step.node, step.runtime)]
    for group in step.inputs:
        if not group.witness and group.steps:
            return found + path(group.steps[0])
    return found


def test_it_goes_across_runtimes(logs: list[LogDirectory]) -> None:
    """From the report in central to the checks at the edge."""
    assert path(why(logs, "up", service="a").root) == [
        ("up", "central/central"),
        ("minutes", "central/central"),
        ("minutes.partial.in.edge", "central/central"),
        ("minutes.partial", "edge/edge"),
        ("good", "edge/edge"),
        ("checks", "edge/edge"),
    ]


def test_the_numbers_are_told(logs: list[LogDirectory]) -> None:
    """The latest change of `a` is that it is up again."""
    explained = why(logs, "up", service="a")

    assert explained.root.values["previous"] == "down"
    assert "up: share >= 0.5: 1.0 >= 0.5 is TRUE" in as_text(explained)


def test_an_id_is_found(logs: list[LogDirectory]) -> None:
    """As it stands in what was published."""
    plan: Plan = logs[0].plan
    row = find(logs, plan, "up").row
    found = find(logs, plan, format_id(row["_id"].item()))

    assert (found.node, found.row["_id"].item()) == ("up", row["_id"].item())


def test_what_is_not_there_is_said(logs: list[LogDirectory]) -> None:
    """With what is."""
    with pytest.raises(UsageError, match='there is no block "upp"'):
        why(logs, "upp")
    with pytest.raises(UsageError, match="a row of up with service = c"):
        why(logs, "up", service="c")
    with pytest.raises(UsageError, match='no column "servise"'):
        why(logs, "up", servise="a")
    with pytest.raises(UsageError, match='has no state "donw"'):
        why_not(logs, "donw", 100)


def test_why_not_says_by_how_much(logs: list[LogDirectory]) -> None:
    """Each part of the condition that was not met."""
    told = why_not(logs, "down", 119, service="b").text()

    assert "service = 'b' was up" in told
    assert "1.0 < 0.5 is not true: it is 0.5 too high" in told


def test_why_not_says_what_came_late(logs: list[LogDirectory]) -> None:
    """The check of the second minute that came in the fourth."""
    assert "1 row of checks came late" in why_not(logs, "down", 121, service="a").text()


def test_why_not_before_anything_came(logs: list[LogDirectory]) -> None:
    """There was nothing to judge."""
    assert "no row of minutes had come by then" in why_not(logs, "down", 1).text()


def test_why_not_where_it_was_so(logs: list[LogDirectory]) -> None:
    """Nothing is denied then, and no condition is said to lack something."""
    text = why_not(logs, "up", 119, service="b").text()

    assert "was not up" not in text
    assert "holds" not in text


def test_why_not_long_after_the_last_row(logs: list[LogDirectory]) -> None:
    """What was forgotten is not said never to have come."""
    assert "longer ago than `retain`" in why_not(logs, "down", 10**7).text()


def test_one_log_alone_ends_at_the_link(logs: list[LogDirectory]) -> None:
    """What the other runtime has is not there; the rest is told."""
    central = [log for log in logs if log.header.node == "central"]

    assert path(why(central, "up", service="a").root)[-1] == ("minutes.partial.in.edge", "central/central")


def test_an_explanation_is_json(logs: list[LogDirectory]) -> None:
    """And comes back."""
    explained = why(logs, "up")

    assert msgspec.json.decode(msgspec.json.encode(explained), type=Why) == explained
