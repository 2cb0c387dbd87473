"""One run of one case: its steps in order, until one does not give what was expected."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson

from slac.adapters.http_check.case import Case, Step
from slac.adapters.paths import Path
from slac.language.durations import format_duration

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_LONGEST_BODY: Final = 4 * 2**20
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run went: its duration in ms, and what went wrong, None for success."""

    duration_ms: float
    exception: str | None


@dataclass(slots=True)
class Transaction:
    """The state of one run: the client with its cookies, and what steps have saved."""

    client: httpx.AsyncClient
    timeout: int
    """µs that one step may take."""
    monotonic: Callable[[], float]
    saved: dict[str, str] = field(default_factory=dict)

    async def run(self, case: Case) -> Outcome:
        """Run all steps; never raises for what the service does."""
        begin = self.monotonic()
        exception = None
        for number, step in enumerate(case.steps, 1):
            wrong = await self._wrong(step)
            if wrong is not None:
                exception = f"step {number} ({step.name}): {wrong}"
                break
        return Outcome(duration_ms=round((self.monotonic() - begin) * 1000, 3), exception=exception)

    async def _wrong(self, step: Step) -> str | None:
        begin = self.monotonic()
        try:
            async with asyncio.timeout(self.timeout / _MICROSECONDS):
                status, body = await self._request(step)
        except TimeoutError:
            return f"no answer within {format_duration(self.timeout)}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{type(error).__name__}: {error}".rstrip(": ")
        took = round((self.monotonic() - begin) * _MICROSECONDS)
        return _mismatch(step, status, body, took) or self._save(step, body)

    async def _request(self, step: Step) -> tuple[int, bytes]:
        content = step.body if step.json is None else orjson.dumps(self._filled(step.json)).decode()
        headers = {name: self._text(value) for name, value in step.headers.items()}
        if step.json is not None:
            headers.setdefault("content-type", "application/json")
        async with self.client.stream(
            step.method,
            self._text(step.url),
            headers=headers,
            content=self._text(content) if content is not None else None,
        ) as answer:
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _LONGEST_BODY:
                    break
            return answer.status_code, bytes(body)

    def _save(self, step: Step, body: bytes) -> str | None:
        for name, path in step.save:
            found, value = _look_up(body, path)
            if not found:
                return f"the answer has no {'.'.join(path)} to save as {name!r}"
            self.saved[name] = value if isinstance(value, str) else orjson.dumps(value).decode()
        return None

    def _text(self, template: str) -> str:
        """`{name}` becomes what an earlier step saved under it; other braces stay."""
        return _PLACEHOLDER.sub(lambda match: self.saved.get(match.group(1), match.group(0)), template)

    def _filled(self, value: Any) -> Any:
        match value:
            case str():
                return self._text(value)
            case Mapping():
                return {key: self._filled(inner) for key, inner in value.items()}
            case list():
                return [self._filled(inner) for inner in value]
            case _:
                return value


def _mismatch(step: Step, status: int, body: bytes, took: int) -> str | None:
    expect = step.expect
    if status not in expect.statuses:
        return f"expected status {' or '.join(map(str, sorted(expect.statuses)))}, got {status}"
    if expect.body_contains is not None and expect.body_contains not in body.decode(errors="replace"):
        return f"the answer does not contain {expect.body_contains!r}"
    for path, wanted in expect.json:
        found, value = _look_up(body, path)
        if not found:
            return f"the answer has no {'.'.join(path)}"
        if value != wanted:
            return f"expected {'.'.join(path)} to be {wanted!r}, got {value!r}"
    if expect.longest is not None and took > expect.longest:
        return f"took {format_duration(took)}, longer than {format_duration(expect.longest)}"
    return None


def _look_up(body: bytes, path: Path) -> tuple[bool, Any]:
    """Whether the JSON body has a value at the path, and the value; digits enter lists."""
    try:
        value = orjson.loads(body)
        for key in path:
            value = value[int(key)] if isinstance(value, list) else value[key]
    except (ValueError, LookupError, TypeError):
        return False, None
    return True, value
