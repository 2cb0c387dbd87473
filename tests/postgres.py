"""A real PostgreSQL server for the tests that need one, where one is installed."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slac.testing.ports import free_port

PASSWORD = "sesame-open"


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def server() -> Iterator[str]:
    """A fixture: the address of a server of our own; it does not run as root, so its files belong to its own user."""
    programs = _programs()
    if programs is None or (getpass.getuser() == "root" and shutil.which("runuser") is None):
        pytest.skip("there is no PostgreSQL server here")
    lead = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
    home = Path(tempfile.mkdtemp(prefix="slac-pg-", dir="/tmp"))
    (home / "password").write_text(PASSWORD, encoding="utf-8")
    if lead:
        for path in (home, home / "password"):
            shutil.chown(path, "postgres")
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home}"
    control = [*lead, str(programs / "pg_ctl"), "-D", str(home / "data"), "-w", "-s"]
    try:
        initdb = [str(programs / "initdb"), "-D", str(home / "data"), "-U", "slac", "-A", "scram-sha-256", "-N"]
        subprocess.run([*lead, *initdb, f"--pwfile={home / 'password'}"], check=True, capture_output=True, cwd=home)
        subprocess.run(
            [*control, "-o", options, "-l", str(home / "log"), "start"], check=True, stdin=subprocess.DEVNULL, cwd=home
        )
        yield f"postgresql+psycopg://slac@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=home)
        shutil.rmtree(home, ignore_errors=True)
