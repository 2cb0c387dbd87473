"""`slac explain`."""

import json

import pytest

from slac.cli.main import main
from slac.diagnostics import CODES

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("code", ["blocks/unused", "warning[blocks/unused]", "blocks-unused.md", "BLOCKS/UNUSED"])
def test_a_page(code: str, capsys: Captured) -> None:
    """However the code is copied from a message."""
    assert main(["explain", code], environment={}) == 0
    assert capsys.readouterr().out.startswith("# blocks/unused\n")


def test_all_codes(capsys: Captured) -> None:
    """Each with its title; as JSON with its page."""
    assert main(["explain"], environment={}) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(CODES)
    assert main(["explain", "--format", "json"], environment={}) == 0
    assert [row["code"] for row in json.loads(capsys.readouterr().out)] == list(CODES)


@pytest.mark.parametrize(
    ("code", "hint"), [("blocks/unusd", "Did you mean"), ("yaml", "Codes of this area"), ("zzz", "lists all codes")]
)
def test_a_code_that_does_not_exist(code: str, hint: str, capsys: Captured) -> None:
    """Near ones are named."""
    assert main(["explain", code], environment={}) == 2
    assert hint in capsys.readouterr().err
