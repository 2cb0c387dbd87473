"""The key of a deployment: made once, found in three places, refused where others could read it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from slac.cli.main import main
from slac.compiler import compile_document
from slac.diagnostics import RunFailed, Source, UsageError
from slac.plan.nodes import AnyNode
from slac.runtime.trust.deployment import FILE, KEY, hasher_of, new_key

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: d}
spec:
  events: {E: {payload: {user: string}, sensitive: user}}
  inputs: {feed: {adapter: file, path: e.ndjson, emits: E}}
  probes: {seen: {from: feed, select: [user]}}
  outputs: {out: {adapter: stdout, from: seen}}
"""


def nodes() -> tuple[AnyNode, ...]:
    """Those of a document with a sensitive field."""
    return compile_document(Source("d.yaml", DOCUMENT)).plan.nodes


def test_a_key_is_made_for_its_owner_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not printed, and not written over."""
    assert main(["keys", "new-deployment", "--keys", str(tmp_path / "keys")], environment={}) == 0
    path, told = tmp_path / "keys" / FILE, capsys.readouterr()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in told.out + told.err
    assert str(path) in told.err
    with pytest.raises(UsageError, match="is there already"):
        new_key(path)


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    """The file that is said, before the environment, before the directory of keys."""
    files = [tmp_path / "own.key", tmp_path / FILE]
    own, beside = map(new_key, files)
    known = {KEY: "00" * 20}

    def found(path: Path | None, keys: Path | None, environment: dict[str, str]) -> str:
        hasher = hasher_of(nodes(), path=path, keys=keys, environment=environment)
        assert hasher is not None
        return hasher.fingerprint

    assert found(files[0], tmp_path, known) == own.fingerprint
    assert found(None, tmp_path, {}) == beside.fingerprint
    assert found(None, tmp_path, known) not in (own.fingerprint, beside.fingerprint)
    assert hasher_of((), path=None, keys=None, environment={}) is None


def test_what_is_no_key(tmp_path: Path) -> None:
    """None at all, one that others can read, and what is not hexadecimal, which is not shown."""
    path = tmp_path / "k"
    with pytest.raises(RunFailed, match=r"sensitive fields \(feed: user\).*slac keys new-deployment"):
        hasher_of(nodes(), path=None, keys=tmp_path, environment={})
    with pytest.raises(RunFailed, match="cannot be read"):
        hasher_of(nodes(), path=path, keys=None, environment={})
    new_key(path)
    path.chmod(0o640)
    with pytest.raises(RunFailed, match="can be read by others"):
        hasher_of(nodes(), path=path, keys=None, environment={})
    with pytest.raises(RunFailed, match="is no key") as refused:
        hasher_of(nodes(), path=None, keys=None, environment={KEY: "not so secret"})
    assert "not so secret" not in str(refused.value)
