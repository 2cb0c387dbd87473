"""What the scripts behind `make` and CI say and answer when something is missing."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def program(folder: Path, name: str, script: str) -> Path:
    """A stand-in for a program of the machine."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the house."""
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_without_a_python_that_is_new_enough(tmp_path: Path) -> None:
    """An interpreter that is missing or too old is answered with what is needed and how to name another."""
    old = program(tmp_path, "python3", "exit 1")
    for python in ("no-such-python", str(old)):
        result = run("tools/make-venv.sh", str(tmp_path / "venv"), PYTHON=python)
        assert result.returncode == 1
        assert "slac needs Python 3.11 or newer" in result.stderr
        assert "make PYTHON=" in result.stderr


def test_without_the_module_that_makes_virtual_environments(tmp_path: Path) -> None:
    """Debian splits `venv` off; the message names its package."""
    bare = program(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    result = run("tools/make-venv.sh", str(tmp_path / "venv"), PYTHON=str(bare))
    assert result.returncode == 1
    assert "apt-get install python3-venv" in result.stderr


def test_debian_packages_that_cannot_be_installed_fail_nothing(tmp_path: Path) -> None:
    """Where the packages are missing and cannot be had, the script says what will be skipped, and succeeds."""
    program(tmp_path, "apt-get", "exit 100")
    program(tmp_path, "id", "echo 0")
    result = run("/bin/bash", "tools/install-debian.sh", PATH=str(tmp_path))
    assert result.returncode == 0
    assert "prometheus-node-exporter could not be installed" in result.stdout
    assert "skipped without it: the test of the prometheus input" in result.stdout


@pytest.mark.parametrize("code", [0, 2])
def test_ci_passes_the_exit_code_through_and_closes_with_pytests_line(tmp_path: Path, code: int) -> None:
    """CI answers what `make test` answered, and pytest's closing line stands last, whatever came after it."""
    closing = "===== 3 passed, 1 skipped in 75.31s (0:01:15) ====="
    program(tmp_path, "make", f'echo "{closing}"; echo "make: something else"; exit {code}')
    result = run(".ci/run", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.returncode == code
    assert result.stdout.splitlines()[-1] == closing
