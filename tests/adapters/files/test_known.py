"""What a file has already is recognised, as far back as is looked."""

from pathlib import Path

from slac.adapters.files.known import KnownLines


def test_lines_of_the_file_are_known(tmp_path: Path) -> None:
    """Whole ones only; half a line at the end is none."""
    path = tmp_path / "rows.ndjson"
    path.write_bytes(b"one\ntwo\nthr")
    assert KnownLines(path).without(b"zero\none\nthree\ntwo\nthr\n") == b"zero\nthree\nthr\n"


def test_only_the_end_of_a_long_file_is_looked_at(tmp_path: Path) -> None:
    """A line that begins before is not known."""
    path = tmp_path / "rows.ndjson"
    path.write_bytes(b"one\ntwo\nthree\n")
    assert KnownLines(path, reach=9).without(b"one\ntwo\nthree\n") == b"one\ntwo\n"


def test_a_file_that_is_not_there_knows_nothing(tmp_path: Path) -> None:
    """All is written."""
    assert KnownLines(tmp_path / "none").without(b"one\n") == b"one\n"
