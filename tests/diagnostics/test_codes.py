"""Codes are a promise to users: each has a title, a page, and a form."""

import re
from pathlib import Path

import pytest

from slac.diagnostics import CODES, page_of

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "diagnostics"
USED = re.compile(r'"([a-z]+/[a-z]+(?:-[a-z]+)*)"')


def test_codes_are_sorted_and_well_formed() -> None:
    """Codes are `area/what-is-wrong`, in alphabetical order, each with a title that is one line without a full stop."""
    assert list(CODES) == sorted(CODES)
    assert all(re.fullmatch(r"[a-z]+/[a-z]+(-[a-z]+)*", code) for code in CODES)
    assert not [code for code, title in CODES.items() if not title or title.endswith(".") or "\n" in title]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_page(code: str) -> None:
    """The page begins with the code, says its title, and shows an example."""
    text = (PAGES / page_of(code)).read_text(encoding="utf-8")

    assert text.startswith(f"# {code}\n")
    assert CODES[code] in text
    assert "```" in text


def test_every_page_has_a_code() -> None:
    """No page is left over from a code that is gone."""
    assert {page.name for page in PAGES.glob("*-*.md")} <= {page_of(code) for code in CODES}


def test_every_code_in_the_source_is_registered() -> None:
    """What looks like the code of a finding, where findings are made, is in the registry."""
    found = {
        (path.relative_to(ROOT).as_posix(), code)
        for folder in ("language", "compiler")
        for path in (ROOT / "slac" / folder).rglob("*.py")
        for code in USED.findall(path.read_text(encoding="utf-8"))
    }
    areas = {code.partition("/")[0] for code in CODES}
    unknown = [(path, code) for path, code in found if code not in CODES and code.partition("/")[0] in areas]
    assert not sorted(f"{path}: {code}" for path, code in unknown)
