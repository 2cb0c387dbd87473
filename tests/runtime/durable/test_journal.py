"""The journal of an input: what was taken is replayed once and in order, whatever the disk does."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.durable import journal
from slac.runtime.durable.journal import JOURNAL, Journal
from slac.runtime.durable.segments import SegmentFiles
from slac.stream.ports import Records

LIMIT = 1 << 20


class FailingSegments(SegmentFiles):
    """Syncing, and with `at_all` anything, fails while `broken`."""

    broken = False
    at_all = False

    def append(self, number: int, at: int, parts: Sequence[bytes]) -> None:
        """As of old, or half of it."""
        if self.broken and self.at_all:
            super().append(number, at, [b"".join(parts)[:9]])
            raise OSError(28, "No space left on device")
        super().append(number, at, parts)

    def sync(self, numbers: Sequence[int]) -> None:
        """As of old, or not."""
        if self.broken:
            raise OSError(5, "Input/output error")
        super().sync(numbers)

    def cut(self, number: int, size: int) -> None:
        """As of old, or not."""
        if self.broken and self.at_all:
            raise OSError(5, "Input/output error")
        super().cut(number, size)


def record(number: int, size: int = 10) -> Records:
    """One that can be told from others."""
    return Records(source="s", arrival=number, ndjson=f'{{"n":{number}}}'.encode().ljust(size), origin="o")


def told(folder: Path, after: int = 0) -> list[int]:
    """Which records come again after a crash."""
    return [r.arrival for r in Journal(SegmentFiles(folder), LIMIT).replay(after)]


def begun(segments: SegmentFiles, after: int = 0, limit: int = LIMIT) -> Journal:
    """A journal that can take records."""
    made = Journal(segments, limit)
    assert list(made.replay(after)) == []
    return made


steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["no sync", "no disk"]), st.integers(1, 3)),
        st.tuples(st.just("forget"), st.integers(0, 12)),
        st.tuples(st.sampled_from(["restart", "tear"]), st.integers(0, 3)),
    ),
    max_size=12,
)


@given(steps)
@settings(max_examples=150)
def test_what_was_taken_is_replayed_once(history: list[tuple[str, int]]) -> None:
    """Through disks that fail, segments that are torn at their end, restarts, and what was forgotten."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "journal"
        segments = FailingSegments(folder)
        kept = begun(segments)
        taken, safe, count = [], 0, 0
        for what, how in history:
            segments.broken, segments.at_all = what.startswith("no"), what == "no disk"
            match what:
                case "take" | "no sync" | "no disk":
                    group = [record(count + 1 + i) for i in range(how)]
                    count += how
                    try:
                        taken += [r.arrival for r in group[: kept.append(group)]]
                    except OSError:
                        assert segments.broken
                case "forget":
                    safe = max(safe, min(how, len(taken)))
                    kept.forget(safe)
                case _:
                    if what == "tear" and segments.numbers():
                        with (folder / f"{segments.numbers()[-1]:012d}.segment").open("ab") as file:
                            file.write(b"\x07" * (5 + 9 * how))
                    segments.close()
                    segments = FailingSegments(folder)
                    kept = Journal(segments, LIMIT)
                    again = [r.arrival for r in kept.replay(safe)]
                    assert again == taken[safe:]
        segments.close()
        assert told(folder, safe) == taken[safe:]


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    """Text and frames, source, arrival and origin; the position is the number."""
    frame = pl.DataFrame({"x": [1, 2], "t": ["a", None]})
    begun(SegmentFiles(tmp_path)).append([record(7), Records(source="f", arrival=8, frame=frame, origin="p")])

    text, columns = Journal(SegmentFiles(tmp_path), LIMIT).replay(0)

    assert text == Records(source="s", arrival=7, ndjson=record(7).ndjson, origin="o", position={JOURNAL: 1})
    assert columns.frame is not None
    assert columns.frame.equals(frame)
    assert (columns.source, columns.arrival, columns.position) == ("f", 8, {JOURNAL: 2})


def test_what_is_safe_takes_no_room(tmp_path: Path) -> None:
    """Segments go as a whole, and what is written after that begins a new one."""
    kept = begun(SegmentFiles(tmp_path))
    for number in range(1, 7):
        kept.append([record(number)])
        kept.forget(number - 2)

    assert told(tmp_path, 4) == [5, 6]
    assert len(list(tmp_path.iterdir())) == 2
    kept.forget(6)
    assert list(tmp_path.iterdir()) == []
    assert kept.size == 0
    assert kept.append([record(7)]) == 1
    assert told(tmp_path, 6) == [7]


def test_a_full_journal_takes_what_it_has_room_for(tmp_path: Path) -> None:
    """And more when something has become safe."""
    kept = begun(SegmentFiles(tmp_path), limit=900)

    assert kept.append([record(n, 300) for n in range(1, 6)]) == 2
    assert kept.append([record(9, 300)]) == 0
    kept.forget(2)
    assert kept.append([record(9, 300)]) == 1
    assert told(tmp_path, 2) == [9]


def test_damage_in_the_middle_loses_no_later_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows in the same segment is lost, and said to be."""
    monkeypatch.setattr(journal, "SEGMENT", 100)
    kept = begun(SegmentFiles(tmp_path))
    for number in range(1, 10):
        kept.append([record(number)])
    first = min(tmp_path.iterdir())
    data = bytearray(first.read_bytes())
    data[-1] ^= 1
    first.write_bytes(data)

    following = int(sorted(p.stem for p in tmp_path.iterdir())[1])
    assert told(tmp_path) == [n for n in range(1, 10) if n != following - 1]


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """A journal holds events as they came, sensitive fields too."""
    begun(SegmentFiles(tmp_path / "j")).append([record(1)])

    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "j").iterdir()} == {0o600}


def test_what_was_looked_at_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look goes on behind the last record that was given, whatever is appended and forgotten between two."""
    read = list[int]()

    class Counting(SegmentFiles):
        def read(self, number: int, at: int, size: int) -> bytes:
            read.append(at)
            return super().read(number, at, size)

    monkeypatch.setattr(journal, "SEGMENT", 500)
    made, found = begun(Counting(tmp_path)), list[int]()
    for turn in range(12):
        made.append([record(turn * 5 + n) for n in range(5)])
        for _, records in zip(range(4), made.behind(len(found)), strict=False):
            found.append(records.arrival)
        made.forget(len(found))
    assert len(read) == 2 * len(found)  # a head and a body
    assert found + [r.arrival for r in made.behind(len(found))] == list(range(60))
    assert [r.arrival for r in made.behind(len(found) + 2)] == list(range(len(found) + 2, 60))


def test_what_need_not_last_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    """Nothing is synced, so nothing fails that way."""
    segments = FailingSegments(tmp_path)
    segments.broken = True
    made = Journal(segments, LIMIT, durable=False)
    assert made.append([record(1), record(2)]) == 2
    assert [r.arrival for r in made.behind(0)] == [1, 2]
