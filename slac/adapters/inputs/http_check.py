"""Input `http_check`, the watchdog: runs test cases of modules against HTTP endpoints and reports every run.

Each run is one event: its timestamp is the end of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from slac.adapters.environment import Problem, at, call_url
from slac.adapters.http_check.case import read_cases
from slac.adapters.settings import length_of_time, schema, text
from slac.stream.ports import InputContext

if TYPE_CHECKING:
    from slac.adapters.http_check.checker import HttpCheckInput

_HEADERS: Final = {"type": "object", "additionalProperties": {"type": "string"}}
_EXPECT: Final = schema(
    {
        "status": {
            "oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}, "minItems": 1}],
            "default": 200,
            "description": "The status, or the statuses, that are right.",
        },
        "body_contains": text("Text that the answer must contain."),
        "json": {"type": "object", "description": "Path in a JSON answer -> the value it must have."},
        "max_duration": {"type": "string", "format": "slac-duration", "description": "The longest the step may take."},
    }
)
_STEP: Final = schema(
    {
        "method": text("The HTTP method.", default="GET"),
        "url": text("Where to: a full address, or a path under `url`."),
        "headers": {**_HEADERS, "description": "Headers of this request."},
        "json": {"description": "Sent as JSON."},
        "body": text("Sent as it is."),
        "expect": {**_EXPECT, "description": "What the answer must be; without it, status 200."},
        "save": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Name -> path in the JSON answer; later steps write {name} for the value.",
        },
    },
    required=("url",),
)
_CASE: Final = schema(
    {"steps": {"type": "array", "items": _STEP, "minItems": 1, "description": "Requests, in order."}}, ("steps",)
)
_MODULE: Final = schema(
    {"cases": {"type": "object", "additionalProperties": _CASE, "minProperties": 1, "description": "Name -> case."}},
    ("cases",),
)
SCHEMA: Final = schema(
    {
        "url": text(
            "The address that paths in steps start from.",
            pattern="^https?://",
            form="a web address: write it like https://shop.example.org",
        ),
        "every": length_of_time("How often each case runs.", "30s"),
        "timeout": length_of_time("How long one step may take.", "5s"),
        "concurrency": {"type": "integer", "minimum": 1, "default": 8, "description": "Cases that run at a time."},
        "headers": {**_HEADERS, "description": "Headers of every request."},
        "follow_redirects": {"type": "boolean", "default": True, "description": "Whether redirections are followed."},
        "verify_tls": {"type": "boolean", "default": True, "description": "Whether certificates are checked."},
        "modules": {
            "type": "object",
            "additionalProperties": _MODULE,
            "minProperties": 1,
            "description": "Name -> module of the service, with its test cases.",
        },
    },
    required=("modules",),
)
CAN_WAIT: Final = False
EVENT: Final = {
    "outcome": "success or failure",
    "duration_ms": "how long the run took, all steps",
    "exception": "the step that failed, and why; NULL for success",
    "module": "the module that the case tests (context)",
    "test_case": "the case (context)",
}


def build(settings: Mapping[str, Any], context: InputContext) -> HttpCheckInput:
    """The input for checked settings."""
    # An HTTP client takes long to import, and the compiler asks for the settings only.
    from slac.adapters.http_check.checker import HttpCheckInput

    return HttpCheckInput(settings, read_cases(settings["modules"]), context)


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the service is there; that it is away is what this input is made to see."""
    return at("url", call_url(settings["url"]), may_pass=True) if "url" in settings else []
