"""Test cases as the settings describe them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slac.adapters.paths import Path, parse_path
from slac.adapters.settings import microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the answer to a step must be; `longest` is the time it may take in µs, None for any."""

    statuses: frozenset[int]
    body_contains: str | None = None
    json: tuple[tuple[Path, Any], ...] = ()
    longest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request, what is expected of its answer, and what is kept of it for later steps."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: str | None = None
    expect: Expectation
    save: tuple[tuple[str, Path], ...] = ()

    @property
    def name(self) -> str:
        """What messages call the step."""
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Steps of one test case of one module, run in order."""

    module: str
    name: str
    steps: tuple[Step, ...]


def read_cases(modules: Mapping[str, Any]) -> tuple[Case, ...]:
    """All cases in the order of the document."""
    return tuple(
        Case(module=module, name=name, steps=tuple(_step(step) for step in case["steps"]))
        for module, body in modules.items()
        for name, case in body["cases"].items()
    )


def _step(settings: Mapping[str, Any]) -> Step:
    return Step(
        method=settings.get("method", "GET").upper(),
        url=settings["url"],
        headers=settings.get("headers", {}),
        json=settings.get("json"),
        body=settings.get("body"),
        expect=_expectation(settings.get("expect", {})),
        save=tuple((name, parse_path(path)) for name, path in settings.get("save", {}).items()),
    )


def _expectation(settings: Mapping[str, Any]) -> Expectation:
    status = settings.get("status", 200)
    return Expectation(
        statuses=frozenset(status if isinstance(status, list) else [status]),
        body_contains=settings.get("body_contains"),
        json=tuple((parse_path(path), value) for path, value in settings.get("json", {}).items()),
        longest=microseconds(settings, "max_duration", "0s") if "max_duration" in settings else None,
    )
