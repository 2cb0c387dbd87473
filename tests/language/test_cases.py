"""Every file in `cases/` is a document with mistakes; beside it stands what the user is told, to the letter.

`SLAC_UPDATE=1 pytest tests/language/test_cases.py` writes the expected texts anew; the diff is what there is to review.
"""

import os
import re
from pathlib import Path

import pytest

from slac.diagnostics import CODES, page_of, render_text
from slac.language import decode, read_document

CASES = Path(__file__).parent / "cases"
LANGUAGE = Path(__file__).parents[2] / "slac" / "language"
ENVIRONMENT = {"MAIL_HOST": "mail.example.org"}


def told(case: Path) -> str:
    """What a user is told about a case; its lines `# set: name=value` are parameters."""
    data = case.read_bytes()
    source, diagnostics = decode(case.name, data)
    if source is not None:
        given = dict(re.findall(r"^# set: (\w+)=(.*)$", source.text, re.MULTILINE))
        document, diagnostics = read_document(source, environment=ENVIRONMENT, parameters=given)
        assert document is None
    return render_text(diagnostics)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda p: p.stem)
def test_case(case: Path) -> None:
    """The findings of a case are rendered as its text file says."""
    actual = told(case)
    expected = case.with_suffix(".txt")
    if os.environ.get("SLAC_UPDATE"):
        expected.write_text(actual, encoding="utf-8")

    assert actual == expected.read_text(encoding="utf-8")
    assert any(f"[{code}]" in actual for code in CODES if case.stem.startswith(page_of(code).removesuffix(".md")))


def test_every_code_of_the_language_has_a_case() -> None:
    """What reading a document may say is shown at least once."""
    code = re.compile(r'"((?:language|names|schema|yaml)/[a-z-]+)"')
    said = {found for path in LANGUAGE.rglob("*.py") for found in code.findall(path.read_text(encoding="utf-8"))}
    shown = "".join(path.read_text(encoding="utf-8") for path in CASES.glob("*.txt"))

    assert not sorted(found for found in said if f"[{found}]" not in shown)
