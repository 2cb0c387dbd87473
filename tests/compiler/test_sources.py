"""Which files a command line means."""

from pathlib import Path

import pytest

from slac.compiler.sources import read_sources
from slac.diagnostics import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with three documents and another file."""
    (tmp_path / "more").mkdir()
    for name in ("b.yaml", "a.yml", "more/c.yaml", "notes.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str) -> list[str]:
    """The names of what is read."""
    return [name for name, _ in read_sources(paths, stdin=b"piped")]


@pytest.mark.usefixtures("folder")
def test_files_folders_globs_and_stdin() -> None:
    """Each in its way, every file once, in a stable order."""
    assert names("b.yaml") == ["b.yaml"]
    assert names(".") == ["a.yml", "b.yaml", "more/c.yaml"]
    assert names("*.y*ml", "b.yaml") == ["a.yml", "b.yaml"]
    assert names("**/*.yaml") == ["b.yaml", "more/c.yaml"]
    assert list(read_sources(["-"], stdin=b"piped")) == [("-", b"piped")]


def test_the_default_is_sla_yaml(folder: Path) -> None:
    """Without a name it is ./sla.yaml, and a message says so where there is none."""
    with pytest.raises(UsageError, match=r"no sla\.yaml in this folder"):
        names()
    (folder / "sla.yaml").write_text("x", encoding="utf-8")

    assert names() == ["sla.yaml"]


@pytest.mark.parametrize("path", ["nothing.yaml", "*.json", "empty", "a\0b"])
def test_what_leads_nowhere_is_said(folder: Path, path: str) -> None:
    """A missing file, a pattern without a match, a folder without documents, and a name that cannot be one."""
    (folder / "empty").mkdir()
    with pytest.raises(UsageError):
        names(path)
