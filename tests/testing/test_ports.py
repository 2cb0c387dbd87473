"""Ports for servers that are started by address."""

import socket
from pathlib import Path

from slac.testing import free_port

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_port_is_given_once_and_can_be_listened_on() -> None:
    """Each caller has one of its own."""
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_no_outgoing_connection_is_given_it() -> None:
    """It lies below the range of which the kernel serves itself."""
    lowest = int(OUTGOING.read_text().split()[0])
    assert all(free_port() < lowest for _ in range(20))


def test_a_port_in_use_is_passed_over() -> None:
    """Whatever the next one would be, who listens already keeps it."""
    after = free_port() + 1
    with socket.create_server(("127.0.0.1", after)):
        assert free_port() != after
