"""Documents that are hard to read, kept: each ends in a message that can be shown, and soon."""

from pathlib import Path

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import DocumentInvalid, Source, render_text
from slac.language import decode
from slac.language.tests import read_test_file

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
SOUND = {"byte-order-mark", "carriage-returns", "escaped-nul", "huge-scalar", "many-anchors"}
"""Strange to look at, and well."""


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_what_is_hard_to_read_ends_in_a_message(path: Path) -> None:
    """As a document, whole and collapsed, and as a file of tests."""
    source, found = decode(path.name, path.read_bytes())
    if source is None:
        assert render_text(found)
        return
    render_text(read_test_file(source)[1])
    for collapse in (False, True):
        assert "error[" in told(source, CompileOptions(collapse=collapse)) or path.stem in SOUND


def told(source: Source, options: CompileOptions) -> str:
    """What the user is told."""
    try:
        return render_text(compile_document(source, options).diagnostics)
    except DocumentInvalid as invalid:
        return render_text(invalid.diagnostics)
