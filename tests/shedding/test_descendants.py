"""Who is below a process: the kernel's list, and psutil's where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from slac.shedding.descendants import descendants

FAMILY = (
    "import subprocess, sys; "
    "c = subprocess.Popen([sys.executable, '-c', 'import sys; print(1, flush=True); sys.stdin.read()'],"
    " stdout=subprocess.PIPE, stdin=subprocess.PIPE); "
    "c.stdout.readline(); print(c.pid, flush=True); sys.stdin.read(); c.stdin.close(); c.wait()"
)


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A child and its child, both waiting."""
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        yield child.pid, int(child.stdout.readline())
        child.stdin.close()


def test_children_of_children_are_found(family: tuple[int, int]) -> None:
    """Both generations."""
    assert set(family) <= {p.pid for p in descendants(psutil.Process())}


def test_without_the_kernels_list_it_is_the_same(family: tuple[int, int], tmp_path: Path) -> None:
    """Then psutil looks through all processes."""
    assert set(family) <= {p.pid for p in descendants(psutil.Process(), proc=tmp_path)}


def test_one_that_has_ended_has_nobody_below() -> None:
    """It may end between two looks."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as ended:
        process = psutil.Process(ended.pid)
        assert descendants(process) == []


def test_one_without_children_is_told_by_one_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Then no file is looked at; a child that has ended counts until somebody has waited for it."""
    process = psutil.Process()
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert child.pid in {p.pid for p in descendants(process)}

    def nobody(*_: int) -> None:
        raise ChildProcessError

    monkeypatch.setattr(os, "waitid", nobody)
    assert descendants(process, proc=tmp_path) == []
