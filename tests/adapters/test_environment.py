"""Questions to the outside, asked of real files and sockets."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from slac.adapters import discovery
from slac.adapters.environment import call, call_url, call_zmq, listen, readable, writable
from slac.testing import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield int(listener.getsockname()[1])


@pytest.fixture
def free() -> int:
    """A port on which nobody listens."""
    return free_port()


def test_who_listens_is_reached(taken: int) -> None:
    """By host and port, by http address, by ZeroMQ address."""
    assert not call("127.0.0.1", taken)
    assert not call_url(f"http://127.0.0.1:{taken}/x")
    assert not call_zmq(f"tcp://127.0.0.1:{taken}")


def test_who_does_not_is_named(free: int) -> None:
    """For ZeroMQ it may pass: either side may start first."""
    (problem,) = call("127.0.0.1", free)
    assert problem.code == "environment/unreachable"
    assert f"127.0.0.1:{free}" in problem.sentence
    assert not problem.may_pass
    assert call_zmq(f"tcp://127.0.0.1:{free}")[0].may_pass


def test_a_name_that_means_nothing() -> None:
    """It does not pass by waiting."""
    (problem,) = call_zmq("tcp://host.invalid:7000")
    assert "host.invalid" in problem.sentence
    assert not problem.may_pass


def test_ports_that_can_be_had_and_those_that_cannot(taken: int, free: int) -> None:
    """In either way of writing an address."""
    assert listen(f"127.0.0.1:{taken}")[0].code == "environment/occupied"
    assert listen(f"tcp://127.0.0.1:{taken}")
    assert not listen(f"127.0.0.1:{free}")
    assert not listen(f"tcp://*:{free}")
    assert not listen("127.0.0.1:0")
    assert listen("nowhere")


def test_files(tmp_path: Path) -> None:
    """To be read they must be there; to be written they need not, and asking makes nothing."""
    there = tmp_path / "there"
    there.write_text("x", encoding="utf-8")
    assert not readable(str(there))
    assert readable(str(tmp_path))
    assert readable(str(tmp_path / "missing"))
    assert not writable(str(there))
    assert not writable(str(tmp_path / "new" / "file"))
    assert writable(str(tmp_path))
    assert writable(str(there / "below"))
    assert not (tmp_path / "new").exists()
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        assert writable(str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("kind", "name", "settings", "setting"),
    [
        ("inputs", "file", {"path": "no/such.ndjson", "mode": "once"}, "path"),
        ("inputs", "http", {"listen": "host.invalid:1"}, "listen"),
        ("inputs", "zmq", {"connect": "tcp://host.invalid:1"}, "connect"),
        ("inputs", "zmq", {"bind": "tcp://host.invalid:1"}, "bind"),
        ("inputs", "prometheus", {"targets": ["http://host.invalid/metrics"]}, "targets"),
        ("inputs", "http_check", {"url": "https://host.invalid"}, "url"),
        ("outputs", "smtp", {"host": "host.invalid"}, "host"),
        ("outputs", "webhook", {"url": "http://host.invalid"}, "url"),
        ("outputs", "zmq", {"connect": "tcp://host.invalid:1"}, "connect"),
        ("outputs", "file", {"path": "."}, "path"),
    ],
)
def test_each_adapter_asks_for_what_it_names(
    kind: discovery.Kind, name: str, settings: dict[str, object], setting: str
) -> None:
    """The problem points at the setting."""
    module = discovery.input_adapter(name) if kind == "inputs" else discovery.output_adapter(name)
    assert [p.setting for p in discovery.probe_environment(module, settings)] == [setting]


def test_an_adapter_that_names_nothing_outside() -> None:
    """It has no such function, and nothing is wrong."""
    assert not discovery.probe_environment(discovery.input_adapter("host"), {})
    assert not discovery.probe_environment(discovery.output_adapter("stdout"), {})
