"""Tests that are run: what a step does, and what makes a test fail."""

from pathlib import Path

import pytest

from slac.testing.cases import load_tests, run_test
from tests.testing.shop import run, steps

GOOD = "given: {requests: [{at: 1s, ok: true, millis: 4, user: ada}]}"
BAD = "given: {requests: [{ok: false, millis: 8, user: bob}]}"


def failures(folder: Path, *written: str) -> list[str]:
    """What is said against one test of these steps."""
    (result,) = run(folder, steps(*written))
    return [f.summary for f in result.failures]


@pytest.mark.parametrize(
    "written",
    [
        ("expect: {requests: none, shop: none}",),
        (GOOD, "expect: {requests: [{at: 1s, ok: true, millis: 4.0, user: ada}]}"),
        (GOOD, "wait: 2s", "expect: {served: {count: 1}}"),
        (GOOD, "expect: {requests: {count: 1}}", "expect: {requests: none}"),
        (GOOD, "wait: 1m", "expect: {quality: [{at: 1m, all: 1, good: 1, mean: {about: 4.01}}]}"),
        (GOOD, "wait: 1m", "expect: {shop: [{at: 1m, kind: initial, state: good, since: 1m, period_end: 1m}]}"),
        (GOOD, "wait: 1m", "expect: {shop: [{users: [{user: ada, n: 1}]}]}"),
        (GOOD, BAD, "expect: {requests: {contains: [{user: bob}]}}"),
        ("silence: 2m", "expect: {quiet: [{at: 2m, kind: raised}]}"),
        ("wait: 2m", "expect: {quiet: none}", "wait: 1s", "expect: {quiet: {count: 1}}"),
        (
            "given: {requests: [{timestamp: 1704067201000, payload: {ok: 1, millis: 1}}]}",
            "expect: {requests: {refused: 1}}",
        ),
        (
            "series: {block: requests, every: 20s, for: 1m, row: {ok: true, millis: 1}}",
            "wait: 1s",
            "expect: {quality: [{all: 3}]}",
        ),
        (
            "series: {block: requests, every: 10s, for: 1m, row: {ok: true}, vary: {millis: 1+1x2 _}}",
            "expect: {requests: [{at: 0s, millis: 1.0}, {at: 10s, millis: 2.0}, {at: 30s}, {at: 40s}]}",
        ),
        # Rows of blocks that are no input.
        ("given: {quality: [{at: 1m, all: 10, good: 9}]}", "wait: 1s", "expect: {shop: [{state: good}]}"),
        ("given: {quality: [{at: 1m, all: 10, good: 8}]}", "wait: 1s", "expect: {shop: [{state: bad}]}"),
        # A test with an end: time is that of the rows.
        (GOOD, "expect: {quality: none}", "end: true", "expect: {quality: [{at: 1m}], shop: {count: 1}, quiet: none}"),
        # Runtimes come and go.
        (GOOD, "restart: [edge, central]", "restart: edge/edge", BAD, "wait: 1m", "expect: {quality: [{all: 2}]}"),
        ("wait: 30s", GOOD, "crash: edge", "wait: 1m", "crash: central", "wait: 1s", "expect: {quality: [{all: 1}]}"),
        ("wait: 30s", BAD, "crash: {runtime: edge, input: lost}", "wait: 1m", "expect: {quality: none}"),
    ],
    ids=lambda written: written[-1],
)
def test_what_passes(written: tuple[str, ...], tmp_path: Path) -> None:
    """Each step does what it says."""
    assert not failures(tmp_path, *written)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ((GOOD, "expect: {requests: none}"), "expected none, got 1 row"),
        (("expect: {requests: [{user: ada}]}",), "expected 1 row, got none"),
        ((GOOD, "expect: {requests: [{user: bob}]}"), 'what "requests" made'),
        ((GOOD, "expect: {requests: [{at: 2s}]}"), "expected 1 row, got 1 row"),
        ((GOOD, "expect: {requests: {count: 2}}"), "2 were expected"),
        ((GOOD, "expect: {requests: {contains: [{user: ada}, {user: ada}]}}"), "not among"),
        ((GOOD, BAD, "expect: {requests: [{user: bob}, {user: ada}]}"), "2 rows"),
        ((GOOD, "wait: 1m", "expect: {quality: [{mean: 4.00000001}]}"), "quality"),
        (("given: {requests: [{timestamp: now, payload: {}}]}",), "aside"),
        (("expect: {requests: {refused: 1}}",), "refused 0"),
    ],
)
def test_what_fails(written: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """With a sentence."""
    (said,) = failures(tmp_path, *written)
    assert told in said


def test_a_difference_is_aligned(tmp_path: Path) -> None:
    """A missing row is missing, one that differs says in which columns, one that nobody expected is unexpected."""
    given = (
        "given: {requests: ["
        + ", ".join(f"{{at: {i}s, ok: true, millis: {i}, user: {user}}}" for i, user in enumerate("abcd"))
        + "]}"
    )
    wanted = "{user: a, millis: 0}, {user: x, millis: 1}, {user: b, millis: 9}, {user: c, millis: 2}"
    expect = f"expect: {{requests: [{wanted}]}}"
    (result,) = run(tmp_path, steps(given, expect))
    diff = result.failures[0].diff
    assert diff is not None
    assert diff.columns == ("at", "user", "millis")
    marks = [line.mark for line in diff.lines]
    assert marks[0] == "same"
    assert "unexpected" in marks or "differs" in marks
    assert {c for line in diff.lines for c in line.wrong} <= {1, 2}
    assert result.failures[0].span.start.line == 8


def test_parameters_of_a_file_of_a_test_and_of_the_command_line(tmp_path: Path) -> None:
    """The nearer one holds; the command line over all."""
    test = """\
  - name: it
    parameters: {window: 30s}
    steps:
      - given: {requests: [{at: 1s, ok: true, millis: 4}]}
      - wait: "${window}"
      - expect: {quality: [{at: "${window}", all: 1}]}
"""
    assert run(tmp_path, test)[0].passed
    assert run(tmp_path, test, {"window": "20s"})[0].passed


def test_instances(tmp_path: Path) -> None:
    """`on` says which one gets the rows; the sums are over all."""
    test = """\
  - name: it
    instances: {edge: [a, b]}
    steps:
      - given: {requests: [{at: 1s, ok: true, millis: 4}]}
      - given: {requests: [{at: 2s, ok: false, millis: 4}]}
        on: b
      - crash: edge/b
      - wait: 1m
      - expect: {quality: [{all: 2, good: 1}]}
"""
    (result,) = run(tmp_path, test)
    assert result.passed, result.failures


PLACED = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: placed}
spec:
  events: {Request: {payload: {user: string, millis: float}}}
  inputs: {requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request, idle: 1s}}
  tables: {limits: {path: limits.csv, columns: {user: string, most: float}, key: user}}
  computations:
    early: {from: requests, join: {t: {table: limits, by: user}}, where: millis > t.most, select: [user]}
    counts: {from: requests, by: user, window: tumbling 1m, select: [{slowest: MAX(millis)}]}
    judged: {from: counts, join: {t: {table: limits, by: user}}, select: [user, {slow: slowest > t.most}]}
  outputs: {screen: {adapter: stdout, from: [early, judged]}}
  placement:
    edge: {blocks: [requests, EDGE], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7900"}
  tests:
    - name: the table is given once, and read wherever it is needed
      steps:
        - given: {limits: [{user: ada, most: 5}]}
        - given: {requests: [{user: ada, millis: 6}]}
        - wait: 2m
        - expect: {early: [{user: ada}], judged: [{user: ada, slow: true}]}
"""


@pytest.mark.parametrize("edge", ["counts", "counts, early", "limits, counts"])
def test_tables_of_a_placed_document(edge: str, tmp_path: Path) -> None:
    """A table may be given whatever nodes read it."""
    (tmp_path / "placed.yaml").write_text(PLACED.replace("EDGE", edge), encoding="utf-8")
    (test,) = load_tests([str(tmp_path / "placed.yaml")], environment={}, parameters={}).tests
    assert not run_test(test.plan, test.test).failures
