"""What is asked of a runtime over its control socket, and what it answers: small typed messages in MessagePack."""

from __future__ import annotations

from typing import Final

import msgspec

from slac.diagnostics import SlacError
from slac.runtime.inspection.changing import LARGEST_CHANGE, ChangeAnswer, ChangeQuestion
from slac.runtime.inspection.status import RuntimeStatus
from slac.runtime.inspection.taps import TapForm
from slac.runtime.recorder import LogMode

VERSION: Final = 1
LARGEST: Final = 65_536
"""Bytes of a question."""


class AskStatus(msgspec.Struct, frozen=True, kw_only=True, tag="status"):
    """What the runtime says of itself. Needs the scope `read`."""

    version: int = VERSION


class AskTap(msgspec.Struct, frozen=True, kw_only=True, tag="tap"):
    """Rows of `block` as they pass, at most `rate` a second; said again within `TAP_LIVES`. Needs the scope `tap`.

    `form`: lines of JSON, or all rows, as Arrow IPC streams; then `rate` means nothing.
    """

    version: int = VERSION
    block: str
    rate: float
    form: TapForm = "json"


class EndTap(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """No more rows."""


class AskLog(msgspec.Struct, frozen=True, kw_only=True, tag="log"):
    """Log so much from now on; the status is the answer. Needs the scope `admin`."""

    version: int = VERSION
    mode: LogMode


class Rows(msgspec.Struct, frozen=True, kw_only=True, tag="rows"):
    """Rows of a tapped block as lines of JSON; `passed`: how many have passed since the tap began."""

    block: str
    lines: bytes
    passed: int


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told"):
    """The status that was asked for."""

    status: RuntimeStatus


class Denied(msgspec.Struct, frozen=True, kw_only=True, tag="denied"):
    """Why a question has no answer."""

    reason: str


Question = AskStatus | AskTap | EndTap | AskLog | ChangeQuestion
Answer = Told | Rows | Denied | ChangeAnswer

_encoder: Final = msgspec.msgpack.Encoder()
_questions: Final = msgspec.msgpack.Decoder(Question)
_answers: Final = msgspec.msgpack.Decoder(Answer)


class BadQuestion(SlacError):
    """Something came in that is no question of this protocol."""


def encode(message: Question | Answer) -> bytes:
    """The one frame of a message."""
    return _encoder.encode(message)


def question_of(frame: bytes, *, trusted: bool = False) -> Question:
    """A question; BadQuestion where it is none, or of another version. `trusted`: it may bring a plan and states."""
    largest = LARGEST_CHANGE if trusted else LARGEST
    if len(frame) > largest:
        raise BadQuestion(f"a question has at most {largest} bytes, not {len(frame)}")
    try:
        found: Question = _questions.decode(frame)
    except msgspec.DecodeError as error:
        raise BadQuestion(f"not a question: {error}") from error
    version = getattr(found, "version", VERSION)
    if version != VERSION:
        raise BadQuestion(f"version {version} of the control protocol is asked for; this runtime speaks {VERSION}")
    return found


def answer_of(frame: bytes) -> Answer:
    """An answer; BadQuestion where it is none that this version knows."""
    try:
        answer: Answer = _answers.decode(frame)
    except msgspec.DecodeError as error:
        raise BadQuestion(f"the answer is not understood, it may come from another version of slac: {error}") from error
    return answer
