"""Keys and the allow-list on disk, and what `slac keys` makes of them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import zmq

from slac.cli.main import main
from slac.diagnostics import RunFailed, UsageError
from slac.runtime.trust.allowed import AllowList, Entry
from slac.runtime.trust.keyring import KeyRing
from slac.runtime.trust.trust import make_trust, refuse_plain
from slac.stream.addresses import is_local

KEY = "-h" + zmq.curve_keypair()[0].decode()[2:]
"""Keys of others may begin with any sign."""


def test_a_pair_and_its_secret(tmp_path: Path) -> None:
    """The secret is for its owner alone, in its file and nowhere else."""
    ring = KeyRing(tmp_path / "keys")
    made = ring.new("edge/web-1")

    path = tmp_path / "keys" / "edge@web-1.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert ring.own("edge/web-1") == made
    assert ring.names() == ["edge/web-1"]
    assert made.secret.decode() not in repr(made)
    with pytest.raises(UsageError, match="has a key already"):
        ring.new("edge/web-1")
    for bad in ("", "a b", "../x", "a/b/c", "/a"):
        with pytest.raises(UsageError, match="cannot name a key"):
            ring.new(bad)


def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    """Nor one that is missing or damaged."""
    ring = KeyRing(tmp_path)
    ring.new("edge/a")
    (tmp_path / "edge@a.secret").chmod(0o640)
    with pytest.raises(RunFailed, match="can be read by others"):
        ring.own("edge/a")
    with pytest.raises(RunFailed, match="slac keys new edge/b"):
        ring.own("edge/b")
    (tmp_path / "edge@c.secret").write_text("too short")
    with pytest.raises(RunFailed, match="cannot be read"):
        ring.own("edge/c")


def test_the_list_follows_its_file(tmp_path: Path) -> None:
    """A runtime that runs sees what another process allows and revokes."""
    path = tmp_path / "keys" / "allowed.json"
    seen, other = AllowList(path), AllowList(path)
    assert seen.of_key(KEY) is None

    entry = Entry(name="edge/a", key=KEY, scopes=("link",))
    other.allow(entry)
    assert seen.of_key(KEY) == entry
    other.allow(Entry(name="edge/a", key=KEY, scopes=("link", "read")))
    assert [e.scopes for e in seen.entries()] == [("link", "read")]
    with pytest.raises(UsageError, match="revoke it before"):
        other.allow(Entry(name="edge/a", key=zmq.curve_keypair()[0].decode(), scopes=("link",)))
    assert other.revoke("edge/a") is not None
    assert other.revoke("edge/a") is None
    assert seen.of_key(KEY) is None


def test_a_damaged_list_allows_nobody(tmp_path: Path) -> None:
    """It is told, not passed over."""
    (tmp_path / "allowed.json").write_text('[{"name": "edge/a"}]')
    with pytest.raises(RunFailed, match="cannot be read"):
        AllowList(tmp_path / "allowed.json").of_key(KEY)


def test_the_key_of_the_one_that_is_dialled(tmp_path: Path) -> None:
    """Exactly one runtime of a node may be dialled."""
    ring = KeyRing(tmp_path)
    with pytest.raises(RunFailed, match='no key of a runtime of node "central"'):
        ring.of_node("central")
    ring.allowed.allow(Entry(name="central/one", key=KEY, scopes=("link",)))
    assert ring.of_node("central") == KEY
    ring.allowed.allow(Entry(name="central/two", key=zmq.curve_keypair()[0].decode(), scopes=("link",)))
    with pytest.raises(RunFailed, match="several keys"):
        ring.of_node("central")


def test_the_key_of_one_of_several_that_is_dialled(tmp_path: Path) -> None:
    """By its address; who answers with the key of another one there is nobody."""
    ring = KeyRing(tmp_path)
    other = zmq.curve_keypair()[0].decode()
    first, second = "tcp://10.0.0.5:7000", "tcp://10.0.0.6:7000"
    ring.allowed.allow(Entry(name="central/one", key=KEY, scopes=("link",), address=first))
    ring.allowed.allow(Entry(name="central/two", key=other, scopes=("link",), address=second))
    assert (ring.of_node("central", first), ring.of_node("central", second)) == (KEY, other)
    with pytest.raises(RunFailed, match='no key of a runtime of node "central"'):
        ring.of_node("central", "tcp://10.0.0.7:7000")


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("tcp://127.0.0.1:7000", True),
        ("tcp://127.8.8.8:7000", True),
        ("tcp://localhost:7000", True),
        ("tcp://[::1]:7000", True),
        ("ipc:///tmp/x", True),
        ("tcp://*:7000", False),
        ("tcp://0.0.0.0:7000", False),
        ("tcp://[::]:7000", False),
        ("tcp://10.0.0.1:7000", False),
        ("tcp://127.0.0.1.example.org:7000", False),
        ("tcp://central:7000", False),
        ("pgm://127.0.0.1:1", False),
    ],
)
def test_addresses_of_one_machine(address: str, local: bool) -> None:  # noqa: FBT001 - a case
    """Only what cannot be reached from elsewhere needs no keys."""
    assert is_local(address) is local


def test_a_plain_link_stays_on_its_machine(tmp_path: Path) -> None:
    """Without keys it is refused; with keys it may go anywhere."""
    refuse_plain(None, "tcp://127.0.0.1:7000", "the link to")
    with pytest.raises(RunFailed, match=r"the link to tcp://central:7000 would be open to everybody"):
        refuse_plain(None, "tcp://central:7000", "the link to")
    assert make_trust(None, "edge/a") is None
    with pytest.raises(RunFailed, match="slac keys new edge/a"):
        make_trust(tmp_path, "edge/a")


def test_keys_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New, allow, list, revoke; what is wrong is said in one line."""
    where = ["--keys", str(tmp_path / "keys")]

    def slac(*arguments: str) -> tuple[int, str, str]:
        code = main(["keys", *arguments, *where], environment={})
        return code, *capsys.readouterr()

    code, public, told = slac("new", "edge/web-1")
    assert code == 0
    assert f"slac keys allow '{public.strip()}' --as edge/web-1" in told
    assert slac("allow", public.strip(), "--as", "edge/web-1")[0] == 0
    assert slac("allow", KEY, "--as", "ops", "--scope", "read", "--scope", "tap")[0] == 0

    listed = json.loads(slac("list", "--format", "json")[1])
    assert listed["own"] == {"edge/web-1": public.strip()}
    assert [(e["name"], e["scopes"]) for e in listed["allowed"]] == [("edge/web-1", ["link"]), ("ops", ["read", "tap"])]
    assert f"allowed  {KEY}  ops  read, tap" in slac("list")[1]

    assert slac("revoke", "opps") == (
        2,
        "",
        f'slac: "opps" is not allowed in {tmp_path / "keys"}; allowed are: edge/web-1, ops; did you mean "ops"?\n',
    )
    assert slac("revoke", "ops")[0] == 0
    assert "ops" not in slac("list")[1]
    assert slac("allow", "nonsense", "--as", "x")[0] == 2
    secret = (tmp_path / "keys" / "edge@web-1.secret").read_text().strip()
    assert secret not in slac("list")[1] + slac("list", "--format", "json")[1]
