"""Links between pages lead to a page and a heading that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(
    path.relative_to(ROOT).as_posix()
    for where in (
        ROOT.glob("*.md"),
        *((ROOT / f).rglob("*.md") for f in ("docs", "examples", "sla_docs", "benchmarks")),
    )
    for path in where
)
_FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_MARKS: Final = re.compile(r"[^\w\- ]")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Each names a file that exists, and where it names a heading, one that stands in it."""
    path = ROOT / page
    assert [link for link in _LINK.findall(_text(path)) if not _is_there(path, link)] == []


def _is_there(page: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = (page.parent / name) if name else page
    return target.exists() and (not heading or target.suffix != ".md" or heading in set(_headings(target)))


def _headings(path: Path) -> Iterator[str]:
    """As they are named in links: in small letters, without marks, with hyphens."""
    for title in _HEADING.findall(_text(path)):
        yield _MARKS.sub("", title.strip().lower()).replace(" ", "-")


def _text(path: Path) -> str:
    return _FENCED.sub("", path.read_text(encoding="utf-8"))
