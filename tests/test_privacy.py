"""A run whose events hold secrets: no file, socket or message of it shows one, but for the journal of its input."""

from __future__ import annotations

import http.client
import json
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from slac.cli.main import main
from slac.testing import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1200)]

DOCUMENT: Final = """
apiVersion: slac/v1
kind: SLA
metadata: {name: logins}
spec:
  events:
    Login: {payload: {user: string, ok: bool}, context: {address: string}, sensitive: [user, address]}
  inputs:
    feed: {adapter: http, listen: "127.0.0.1:FEED", emits: Login, idle: 500ms}
  probes:
    seen: {from: feed, where: user <> 'robot', select: [user, address, ok, {inside: address LIKE '10.%'}]}
  computations:
    tries: {from: seen, by: [user, inside], window: tumbling 1s, select: [{n: COUNT(*)}, {last: LAST(address)}]}
  audits:
    guessing:
      from: tries
      by: user
      states: {fine: {when: n < 2, verdict: ok}, bad: {when: n >= 2, verdict: violated}}
      initial: fine
  violations:
    outside: {from: tries, by: user, where: NOT inside, message: "{user} from {last}"}
  outputs:
    out: {adapter: file, path: out.ndjson, from: [guessing, outside, seen]}
  logging: {mode: full, directory: var/log}
  runtime: {checkpoint: 200ms}
  placement:
    edge: {blocks: [feed, seen], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:LINK"}
"""
SECRETS: Final = ("alice.liddell", "10.99.88.77", "203.0.113.99")
PATIENCE: Final = 300.0


def until(condition: Callable[[], bool], why: str) -> None:
    """Wait for what another process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def started(folder: Path, node: str, *more: str) -> subprocess.Popen[bytes]:
    """One runtime, whose words go to a file."""
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", "--node", node, "--instance", "one"]
    with (folder / f"{node}.err").open("wb") as told:
        return subprocess.Popen([*command, "--state", "state", *more], cwd=folder, stderr=told)


def ended(processes: list[subprocess.Popen[bytes]]) -> None:
    """Stop them in order, and see to it that none is left."""
    try:
        for process in processes:
            process.terminate()
            process.wait(PATIENCE)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def post(port: int, lines: list[str]) -> int | None:
    """The answer of the edge."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("POST", "/events", "\n".join(lines))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def login(user: str, address: str) -> str:
    """One event of now."""
    moment = {"timestamp": time.time_ns() // 1_000_000}
    return json.dumps({**moment, "payload": {"user": user, "ok": False}, "context": {"address": address}})


def found(folder: Path) -> dict[str, list[str]]:
    """The secrets in each file that holds one."""
    texts = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    held = {str(p.relative_to(folder)): [s for s in SECRETS if s.encode() in data] for p, data in texts.items()}
    return {name: secrets for name, secrets in held.items() if secrets}


def test_nothing_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs, store, checkpoints, logs, quarantine, taps, status, metrics and words on stderr."""
    monkeypatch.chdir(tmp_path)
    feed, link, web = free_port(), free_port(), free_port()
    Path("sla.yaml").write_text(DOCUMENT.replace("FEED", str(feed)).replace("LINK", str(link)))
    assert main(["keys", "new-deployment", "deployment.key"], environment={}) == 0

    without = started(tmp_path, "edge")
    assert without.wait(PATIENCE) != 0
    assert "slac keys new-deployment" in Path("edge.err").read_text()

    central = started(tmp_path, "central")
    edge = started(tmp_path, "edge", "--sensitive-key", "deployment.key", "--http", f"127.0.0.1:{web}")
    seen: list[subprocess.Popen[bytes]] = []
    try:
        until(lambda: post(feed, []) is not None, "the edge does not listen")
        for block in ("feed", "seen"):
            command = [sys.executable, "-m", "slac.cli", "tap", block, "--runtime", "edge/one", "--rows", "2"]
            seen.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))

        def worked() -> bool:
            bad = json.dumps({"payload": {"user": SECRETS[0], "ok": SECRETS[0]}})
            post(feed, [login(SECRETS[0], SECRETS[1]), login(SECRETS[0], SECRETS[2]), login("robot", SECRETS[1]), bad])
            out = Path("out.ndjson")
            return out.exists() and b"VIOLATED" in out.read_bytes() and all(s.poll() is not None for s in seen)

        until(worked, "nothing comes out")
        taps = [s.communicate()[0].decode() for s in seen]
        assert main(["status", "--format", "json"], environment={}) == 0
        connection = http.client.HTTPConnection("127.0.0.1", web, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        words = [*taps, capsys.readouterr().out, connection.getresponse().read().decode()]
        connection.close()
    finally:
        ended([edge, central])
        ended(seen)

    assert not [s for s in SECRETS for text in words if s in text]
    assert all("hashed:" in text for text in taps), taps
    journals = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("journal/**/*") if p.is_file()}
    assert not found(tmp_path).keys() - journals
    assert all(stat.S_IMODE(Path(name).stat().st_mode) == 0o600 for name in journals)
    rows = [json.loads(line) for line in Path("out.ndjson").read_text().splitlines()]
    assert all(row["user"].startswith("hashed:") for row in rows)
    [kept] = {json.loads(line)["reason"] for line in Path("var/quarantine/feed.ndjson").read_text().splitlines()}
    assert kept.startswith("payload.ok: expected bool") or "missing" in kept
    with sqlite3.connect("var/slac.db") as store:
        assert store.execute("SELECT COUNT(*) FROM records").fetchone()[0] > 0
