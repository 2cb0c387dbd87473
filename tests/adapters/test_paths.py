"""Paths into a record: keys joined by dots, quoted where they hold one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from slac.adapters.paths import parse_path


def test_keys_are_joined_by_dots() -> None:
    """With or without the sign for the whole, and with dots inside quotes."""
    assert parse_path("a.b") == parse_path("$.a.b") == ("a", "b")
    assert parse_path('labels."app.kubernetes.io/name"') == ("labels", "app.kubernetes.io/name")


@pytest.mark.parametrize("text", ["", "a..b", "a.", "a[0]", '"a'])
def test_what_is_no_path_is_told(text: str) -> None:
    """A sentence names it."""
    with pytest.raises(ValueError, match="is no path"):
        parse_path(text)


def test_the_settings_of_the_watchdog_come_without_an_http_client() -> None:
    """The compiler reads them, and a user waits for it: neither NumPy nor httpx is imported."""
    script = "import sys, slac.adapters.inputs.http_check; print({'httpx', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
