"""Esper, by a program of our own (`src/`) that Maven builds with it; each form is an EPL text under `resources/epl`."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.peers import HOME, Absent, CannotInstall, Peer
from slac.diagnostics import RunFailed

SOURCE: Final = Path(__file__).parent
HEAP: Final = ("-Xms3g", "-Xmx3g", "-Xmn1500m")
JAVA: Final = 17
_PATIENCE: Final = 900
"""Seconds that Maven may take, most of them for what it has to get."""
_KINDS: Final = {
    "requests": "Request",
    "quotas": "Quota",
    "steps_fast": "Step",
    "steps_slow": "Step",
    "module_runs": "TestRun",
}


@dataclass(frozen=True, slots=True)
class Esper:
    """Esper built into `home`."""

    home: Path
    release: str
    java: str

    @property
    def name(self) -> str:
        """With its version."""
        return f"Esper {self.release}"

    @property
    def version(self) -> str:
        """And of Java."""
        return f"{self.release}, Java {self.java}"

    def command(self, form: str, *, step: int, span: int, inputs: Sequence[tuple[str, Path]]) -> list[str]:
        """One core, one thread, and the collector that suits them."""
        virtual_machine = self._java(*HEAP)
        files = [
            part for kind, path in inputs for part in (_KINDS[kind] if path.suffix == ".csv" else "Line", str(path))
        ]
        return [*virtual_machine, "slac.peer.Peer", form, str(step), str(span), *files]

    def overload(self, port: int, room: int, memory: int) -> list[str]:
        """One that reads NDJSON from a port of this machine into a queue of `room` lines (0: any), in so many MiB."""
        heap = self._java(f"-Xmx{memory}m", "-XX:+ExitOnOutOfMemoryError")
        return [*heap, "slac.peer.Overload", str(port), str(room)]

    def _java(self, *heap: str) -> list[str]:
        target = self.home / "target"
        jars = f"{target / 'esper-peer-1.jar'}:{target / 'dependency'}/*"
        return ["java", "-XX:+UseSerialGC", "-XX:ActiveProcessorCount=1", *heap, "-cp", jars]


@cache
def install() -> Peer | Absent:
    """Build it where this has not been done yet."""
    try:
        java = _java()
        return Esper(_built(), _release(), java)
    except CannotInstall as reason:
        return Absent("Esper 9", str(reason))


def _built() -> Path:
    home = HOME / f"esper-{_fingerprint()}"
    if not home.exists():
        if shutil.which("mvn") is None:
            raise CannotInstall("Maven (mvn) is not installed")
        unfinished = home.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(SOURCE, unfinished, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        _maven(unfinished)
        unfinished.rename(home)
    return home


def _maven(folder: Path) -> None:
    goals = ["mvn", "-q", "-B", "package", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(goals, cwd=folder, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise CannotInstall("Maven did not end in time") from None
    said = [line for line in done.stdout.splitlines() if "ERROR" in line]
    if any("COMPILATION ERROR" in line for line in said):
        raise RunFailed("the program for Esper does not compile:\n" + "\n".join(said))
    if done.returncode:
        raise CannotInstall(f"Maven failed: {said[0][:200] if said else done.returncode}")


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise CannotInstall("Java is not installed")
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)([^"]*)"', done.stderr)
    if found is None or int(found[1]) < JAVA:
        raise CannotInstall(f"Java {JAVA} is needed")
    return found[1] + found[2]


def _release() -> str:
    found = re.search(r"<esper.version>(.*)</esper.version>", (SOURCE / "pom.xml").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def _fingerprint() -> str:
    """A changed program is built anew."""
    files = sorted([SOURCE / "pom.xml", *(path for path in (SOURCE / "src").rglob("*") if path.is_file())])
    text = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(text).hexdigest()[:12]
