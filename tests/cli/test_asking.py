"""Which runtimes a command asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from slac.cli.asking import found_places
from slac.runtime.inspection import client
from slac.runtime.inspection.client import Place


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("all/dock", ["ferry.all.dock", "port.all.dock"]),
        ("ferry.all.dock", ["ferry.all.dock"]),
        ("ferry/all/dock", ["ferry.all.dock"]),
        (None, ["ferry.all.dock", "port.all.dock"]),
    ],
)
def test_a_runtime_is_told_from_one_of_another_document(
    wanted: str | None, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where node and instance are the same."""
    there = [Place("ferry.all.dock", "ipc://a", None), Place("port.all.dock", "ipc://b", None)]
    monkeypatch.setattr(client, "places", lambda _: there)

    assert [p.name for p in found_places(Path(), None, None, None, wanted)] == names
