"""Tables in files: read when their content has changed."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from slac.adapters.tables.files import FileTable
from slac.adapters.tables.reader import Unreadable


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A table of two rows."""
    path = tmp_path / "limits.csv"
    path.write_text("module,required,owner\na,0.9,ann\nb,,\n", encoding="utf-8")
    return path


def table(path: Path, form: str | None = None) -> FileTable:
    """The reader of two of its columns."""
    return FileTable(path.name, str(path.parent), form, ("module", "required"))


def test_a_csv_file_gives_text_and_null(csv: Path) -> None:
    """The declared columns; what is empty is NULL."""
    frame = table(csv).read(10)

    assert frame is not None
    assert frame.rows() == [("a", "0.9"), ("b", None)]


def test_a_parquet_file_gives_its_types(csv: Path) -> None:
    """By its ending, or because the document says so."""
    for path, form in ((csv.with_suffix(".parquet"), None), (csv.with_suffix(".bin"), "parquet")):
        pl.DataFrame({"module": ["a"], "required": [0.9]}).write_parquet(path)
        frame = table(path, form).read(10)

        assert frame is not None
        assert frame.schema == {"module": pl.String(), "required": pl.Float64()}


def test_it_is_read_again_when_its_content_has_changed(csv: Path) -> None:
    """A new time with the old content is no change."""
    reader = table(csv)
    assert reader.read(10) is not None
    assert reader.read(10) is None
    os.utime(csv, (1, 1))
    assert reader.read(10) is None
    csv.write_text("module,required\na,0.8\n", encoding="utf-8")
    changed = reader.read(10)

    assert changed is not None
    assert changed["required"].to_list() == ["0.8"]


def test_what_cannot_be_read(csv: Path, tmp_path: Path) -> None:
    """No file, no such column, too many rows, no Parquet: each in a sentence."""
    with pytest.raises(Unreadable, match=r"gone.csv cannot be read: No such file"):
        table(tmp_path / "gone.csv").read(10)
    with pytest.raises(Unreadable, match=r'no column "most" \(there are: module, required, owner\)'):
        FileTable(csv.name, str(tmp_path), None, ("most",)).read(10)
    with pytest.raises(Unreadable, match="more than 1 rows"):
        table(csv).read(1)
    with pytest.raises(Unreadable, match=r"limits.csv cannot be read: "):
        table(csv, "parquet").read(10)
