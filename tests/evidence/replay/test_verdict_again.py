"""Verdicts made again from nothing but their evidence, as `slac replay` does with a log in mode `evidence`."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from slac.cli.main import main
from slac.evidence.log.parts import Part, digest_of, read_parts, replace_parts
from tests.evidence.test_run_log import Run, plan


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Nine minutes, of which the third is bad."""
    run = Run(tmp_path, plan("evidence"))
    for number in range(9):
        run.minute(number, ok=number != 2)
    run.end()
    return run


def test_each_is_the_same(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The violation, and its end; as text and as JSON, and of one block."""
    assert main(["replay", str(run.place)], environment={}) == 0
    assert "  bad  2 verdicts  the same\n" in capsys.readouterr().out
    assert main(["replay", str(run.place), "--block", "bad", "--format", "json"], environment={}) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert [(b["block"], b["verdicts"], b["same"]) for b in told["blocks"]] == [("bad", 2, 2)]


def test_what_is_not_there_is_not_made(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Without some of the checks a minute is taken as it was logged, and the exit code is that of what is not whole."""
    next(run.place.rglob("checks/rows.*.parquet")).unlink()

    assert main(["replay", str(run.place)], environment={}) == 4
    said = capsys.readouterr().out
    assert "what minutes was made of is not there for 1" in said
    assert "not whole" in said


def test_what_was_changed_differs(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict that its evidence does not bear out: exit code 1."""
    _forge(next(run.place.glob("0*")), "bad", pl.lit("critical").alias("severity"))

    assert main(["replay", str(run.place)], environment={}) == 1
    assert "severity was 'critical', and is 'warning'" in capsys.readouterr().out


def test_what_cannot_be_asked_of_it(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Evidence is no run: there is no part of it, and nothing says verdicts but audits and violations."""
    assert main(["replay", str(run.place), "--from", "minutes"], environment={}) == 2
    assert "need a full log" in capsys.readouterr().err
    assert main(["replay", str(run.place), "--block", "minutes"], environment={}) == 2
    assert '"minutes" says no verdicts; audits and violations: bad' in capsys.readouterr().err


def _forge(segment: Path, node: str, column: pl.Expr) -> None:
    """Other values in the rows of a node, and an account that goes with them."""
    parts, _ = read_parts(segment)
    made: list[Part] = []
    for part in parts:
        if part.node == node:
            path = segment / part.file
            pl.read_parquet(path).with_columns(column).write_parquet(path)
            fields = {name: getattr(part, name) for name in part.__struct_fields__}
            made.append(Part(**{**fields, "bytes": path.stat().st_size, "digest": digest_of(path)}))
        else:
            made.append(part)
    replace_parts(segment, made)
