"""`slac tap`: how many rows are written."""

from __future__ import annotations

import io

import polars as pl
import pytest

from slac.cli.commands.tap import _stream
from slac.runtime.inspection.protocol import Rows
from slac.runtime.links.bodies import to_body


def test_as_many_rows_as_were_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """However many come at once."""
    parts = [
        Rows(block="b", lines=to_body(pl.DataFrame({"x": range(start, start + 3)})), passed=start + 3)
        for start in (0, 3, 6)
    ]
    file = io.BytesIO()
    _stream(parts, file, 4)
    assert pl.read_ipc_stream(io.BytesIO(file.getvalue()))["x"].to_list() == [0, 1, 2, 3]
    assert capsys.readouterr().err == ""
