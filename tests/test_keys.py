"""Keys between real processes: an edge that is allowed delivers, one that is not is not heard, and none is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slac.cli.main import main
from slac.testing import free_port

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: keyed}
spec:
  events: {Hit: {payload: {n: int}, context: {k: string}}}
  inputs: {hits: {adapter: file, path: hits.ndjson, emits: Hit}}
  computations: {total: {from: hits, by: k, window: tumbling 1m, select: [{n: SUM(n)}]}}
  outputs: {out: {adapter: file, path: out.ndjson, from: total}}
  placement:
    edge: {blocks: [hits], connect: central}
    central: {blocks: ["*"], listen: "tcp://LISTEN:PORT", address: "tcp://127.0.0.1:PORT"}
"""


def started(folder: Path, node: str, instance: str, *more: str) -> subprocess.Popen[str]:
    """One runtime that reads its inputs to their end."""
    command = [sys.executable, "-m", "slac.cli", "run", "sla.yaml", "--once", "--node", node, "--instance", instance]
    return subprocess.Popen([*command, *more], cwd=folder, stderr=subprocess.PIPE, text=True)


def written(folder: Path, listen: str) -> None:
    """The document, and hits of three minutes."""
    (folder / "sla.yaml").write_text(DOCUMENT.replace("PORT", str(free_port())).replace("LISTEN", listen))
    hits = ({"timestamp": i * 1_000, "payload": {"n": 1}, "context": {"k": "ab"[i % 2]}} for i in range(180))
    (folder / "hits.ndjson").write_text("".join(json.dumps(hit) + "\n" for hit in hits))


@pytest.fixture
def keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Keys of central, of an edge that central allows, and of one that it does not."""

    def slac(*arguments: str) -> str:
        assert main(["keys", *arguments], environment={}) == 0
        return capsys.readouterr().out.strip()

    central = slac("new", "central/c", "--keys", str(tmp_path / "c"))
    for name in ("edge/a", "edge/x"):
        public = slac("new", name, "--keys", str(tmp_path / name[-1]))
        slac("allow", central, "--as", "central/c", "--keys", str(tmp_path / name[-1]))
        if name == "edge/a":
            slac("allow", public, "--as", name, "--keys", str(tmp_path / "c"))
    return tmp_path


@pytest.mark.processes
def test_only_who_is_allowed_delivers(keys: Path) -> None:
    """The stranger dials first and goes on dialling; what comes out is of the other alone."""
    written(keys, "127.0.0.1")
    central = started(keys, "central", "c", "--keys", "c", "--expect", "1")
    stranger = started(keys, "edge", "x", "--keys", "x")
    assert central.stderr is not None
    heard = next(line for line in central.stderr if "refused a connection with the key" in line)
    assert "not allowed" in heard
    edge = started(keys, "edge", "a", "--keys", "a")
    told = edge.communicate(timeout=120)[1]
    assert edge.returncode == 0, told
    said = central.communicate(timeout=120)[1]
    assert central.returncode == 0, said
    assert stranger.stderr is not None
    refused = next(line for line in stranger.stderr if "does not allow this runtime's key" in line)
    stranger.kill()
    stranger.communicate()
    assert refused

    rows = [json.loads(line) for line in (keys / "out.ndjson").read_text().splitlines()]
    assert sorted((row["k"], row["n"]) for row in rows) == [("a", 30)] * 3 + [("b", 30)] * 3


@pytest.mark.processes
def test_without_keys_nothing_leaves_the_machine(tmp_path: Path) -> None:
    """A link that listens everywhere is refused before it does."""
    written(tmp_path, "0.0.0.0")
    central = started(tmp_path, "central", "c")
    said = central.communicate(timeout=60)[1]
    assert central.returncode == 4
    assert "would be open to everybody who can reach it" in said
