"""Delay or drop: one rule, at its edges."""

from __future__ import annotations

from slac.shedding.patience import Patience, Pressed
from slac.stream.clock import SECOND


def _patience(usual: float, age: float, at: int = 100 * SECOND) -> Patience:
    """Somebody who knows the usual load, and that there is too much for so many seconds."""
    made = Patience(usual={"in": usual})
    made.look(at - int(age * SECOND), {"in": 2.0}, too_much=True)
    return made


def _pressed(**changes: object) -> dict[str, Pressed]:
    given: dict[str, object] = {"offered": 1.0, "queued": 0.0, "room": 100.0, "patience": 10 * SECOND, **changes}
    return {"in": Pressed(**given)}  # type: ignore[arg-type]


def test_a_declared_burst_that_is_worked_off_in_time_waits() -> None:
    """4 s more of twice the room build up 2 core seconds, which half of the room works off in 8 s: 12 s in all."""
    patience = _patience(0.25, 0.0)
    at = 100 * SECOND
    assert patience.may_wait(at, _pressed(burst=4.0, patience=13 * SECOND), 0.5)
    assert not patience.may_wait(at, _pressed(burst=4.0, patience=11 * SECOND), 0.5)


def test_an_undeclared_burst_is_taken_to_last_as_long_again() -> None:
    """The longer it has lasted, the longer it will: at some time it is no burst any more."""
    at = 100 * SECOND
    pressed = _pressed(queued=0.2)
    assert _patience(0.1, 1.0).may_wait(at, pressed, 0.6)
    assert not _patience(0.1, 8.0).may_wait(at, pressed, 0.6)


def test_what_does_not_fit_into_the_queue_does_not_wait() -> None:
    """However soon it would be worked off."""
    at = 100 * SECOND
    assert not _patience(0.1, 1.0).may_wait(at, _pressed(room=0.1), 0.6)


def test_without_spare_room_nothing_is_ever_worked_off() -> None:
    """A load that is usual is no burst."""
    assert not _patience(0.6, 1.0).may_wait(100 * SECOND, _pressed(), 0.6)


def test_a_queue_left_behind_by_a_burst_is_still_worked_off() -> None:
    """When the burst is over, only the queue counts."""
    at = 100 * SECOND
    patience = Patience(usual={"in": 0.2})
    assert patience.may_wait(at, _pressed(offered=0.2, queued=3.0), 0.6)
    assert not patience.may_wait(at, _pressed(offered=0.2, queued=5.0), 0.6)
