"""The house itself: what must hold of every file, whoever wrote it."""

import itertools
import re
import subprocess
import tokenize
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CODE = ("slac", "examples", "benchmarks", "tests")
MODULES = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
LONGEST = 400
"""Lines of a file at most; one that wants more is two."""

# Put together here, so that this file does not name what it forbids.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("deb", "debian", "org"),
            ("crates", "io"),
            ("proxy", "golang", "org"),
        )
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.*/-])/(?:work|farm|root|tmp|home/\w+)/\w")


def test_every_module_says_what_it_is() -> None:
    """Each module has a docstring."""
    assert not [path.relative_to(ROOT).as_posix() for path in MODULES if not begins_with_text(path)]


def begins_with_text(path: Path) -> bool:
    """Whether the first statement of a module is a text; what follows is not parsed."""
    with tokenize.open(path) as file:
        tokens = (t.type for t in tokenize.generate_tokens(file.readline))
        told = [*itertools.islice((t for t in tokens if t not in (tokenize.COMMENT, tokenize.NL)), 2)]
    return told == [tokenize.STRING, tokenize.NEWLINE]


def test_no_file_has_outgrown_a_reader() -> None:
    """No Python file is longer than the limit."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES
    }
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def tracked_text() -> dict[str, str]:
    """The text of each file that git tracks, by its path."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    texts: dict[str, str] = {}
    for name in filter(None, listing.stdout.split("\0")):
        try:
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
    return texts


@pytest.mark.parametrize("forbidden", [REGISTRIES, MACHINE_PATHS], ids=["registries", "paths of a machine"])
def test_no_file_names_what_only_one_machine_has(forbidden: re.Pattern[str]) -> None:
    """No tracked file holds a package registry's host or an absolute path of a developer's machine."""
    found = {name: match.group() for name, text in tracked_text().items() if (match := forbidden.search(text))}
    assert not found


def requirements() -> list[Requirement]:
    """What the project asks for, at run time and for development."""
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in [*PROJECT["dependencies"], *extras]]


def pins() -> dict[str, str]:
    """The exact versions in constraints.txt, by canonical name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    exact = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in exact}


def test_constraints_pin_what_the_project_asks_for() -> None:
    """Each dependency has an exact version, within its range; and nothing but names and versions stands there."""
    pinned = pins()
    outside = {
        str(wanted): pinned.get(canonicalize_name(wanted.name))
        for wanted in requirements()
        if not wanted.specifier.contains(pinned.get(canonicalize_name(wanted.name), "0"))
    }
    assert not outside


def test_each_dependency_says_why_it_is_there() -> None:
    """The decision on dependencies names each of them."""
    reasons = (ROOT / "docs/adr/0001-dependencies.md").read_text(encoding="utf-8")
    assert not [wanted.name for wanted in requirements() if not re.search(rf"\b{re.escape(wanted.name)}\b", reasons)]


@pytest.mark.parametrize(
    ("group", "name", "target"),
    [
        *(
            (group, name, target)
            for group, entries in PROJECT["entry-points"].items()
            for name, target in entries.items()
        ),
        *(("scripts", name, target) for name, target in PROJECT["scripts"].items()),
    ],
)
def test_entry_points_lead_somewhere(group: str, name: str, target: str) -> None:
    """Each entry point names a module that exists."""
    assert find_spec(target.partition(":")[0]) is not None, f"{group}: '{name}' names {target}, which is not there"


def test_each_adapter_has_an_entry_point() -> None:
    """A module among the adapters that nobody could name in a document would be dead code."""
    for side in ("inputs", "outputs"):
        named = {target.rpartition(".")[2] for target in PROJECT["entry-points"][f"slac.{side}"].values()}
        folder = ROOT / "slac" / "adapters" / side
        modules = {path.stem for path in folder.glob("[a-z]*.py")}
        assert modules <= named, f"no entry point in slac.{side} for {sorted(modules - named)}"


def test_decisions_are_numbered_without_gaps_and_links_to_them_hold() -> None:
    """Each number once, the same in name and title; and whoever names a decision names one that is there."""
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    titles = [path.read_text(encoding="utf-8").partition("\n")[0] for path in decisions]
    numbers = [f"{n:04}" for n in range(len(decisions))]
    assert [path.name[:4] for path in decisions] == numbers
    assert [title.partition(":")[0] for title in titles] == [f"# {number}" for number in numbers]
    named = {
        name
        for path in (*MODULES, *(ROOT / "docs").rglob("*.md"))
        for name in re.findall(r"\badr/(\d{4}-[a-z-]+\.md)", path.read_text(encoding="utf-8"))
    }
    assert named <= {path.name for path in decisions}
