"""The buffer of a link as files: what a torn end, a damaged piece, another process and a full disk make of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slac.runtime.durable.segments import SegmentFiles
from slac.runtime.links.held import Held
from slac.runtime.links.protocol import Part
from slac.runtime.links.spool import Spool

LIMIT = 1 << 20


def held(mark: int, size: int = 200) -> Held:
    """A message with so many bytes."""
    return Held(Part(stream="s", watermark=mark, size=size), bytes([mark % 251]) * size)


def filled(folder: Path, count: int, *, limit: int = LIMIT, size: int = 200) -> Spool:
    """A buffer with messages 1 to `count`."""
    spool = Spool(SegmentFiles(folder), limit)
    spool.open(0)
    for mark in range(1, count + 1):
        assert spool.append(mark, held(mark, size), sent=False)
    return spool


def marks(spool: Spool) -> list[int]:
    """All that would be sent."""
    spool.rewind()
    found: list[int] = []
    while some := spool.read({}):
        found += [h.data.watermark for h in some]
        assert all(h.body == held(h.data.watermark, len(h.body)).body for h in some)
    return found


def opened(folder: Path, end: int = 1_000) -> Spool:
    """What another process finds there."""
    spool = Spool(SegmentFiles(folder), LIMIT)
    spool.open(end)
    return spool


def segments(folder: Path) -> list[Path]:
    """The files."""
    return sorted(folder.glob("*.segment"))


def test_segments_follow_one_another_and_go_as_they_are_safe(tmp_path: Path) -> None:
    """A small buffer has a few; each goes when all that it holds is safe, and its room is there again."""
    spool = filled(tmp_path, 30, limit=8_000)
    assert len(segments(tmp_path)) > 5
    assert marks(spool) == list(range(1, 31))
    before = spool.bytes

    spool.release({"s": 20})

    assert spool.bytes == sum(p.stat().st_size for p in segments(tmp_path)) < before
    assert marks(spool)[-10:] == list(range(21, 31))
    spool.release({"s": 30})
    assert (segments(tmp_path), spool.bytes, spool.messages) == ([], 0, 0)


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """They hold what events hold."""
    filled(tmp_path, 1)

    assert [oct(p.stat().st_mode & 0o777) for p in segments(tmp_path)] == ["0o600"]


def test_a_torn_end_is_cut_off(tmp_path: Path) -> None:
    """Wherever the last record was cut, all before it is there, and what comes next follows it."""
    filled(tmp_path, 3)
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    record = len(whole) // 3
    for torn in (1, 10, 23, 24, 30, record - 1):
        path.write_bytes(whole[: 2 * record + torn])
        spool = opened(tmp_path)
        assert marks(spool) == [1, 2]
        assert path.stat().st_size == 2 * record
        assert spool.append(1_000, held(77), sent=False)
        assert marks(spool) == [1, 2, 77]


def test_what_comes_behind_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    """The core that goes on from it says that again."""
    filled(tmp_path, 10)

    assert marks(opened(tmp_path, end=7)) == [1, 2, 3, 4, 5, 6]
    assert marks(opened(tmp_path)) == [1, 2, 3, 4, 5, 6]


def test_a_large_message_takes_a_segment_of_its_own(tmp_path: Path) -> None:
    """It is larger than what is read at a time."""
    spool = Spool(SegmentFiles(tmp_path), 64 << 20)
    spool.open(0)
    for mark in (1, 2, 3):
        assert spool.append(mark, held(mark, 5 << 20), sent=False)

    assert marks(spool) == [1, 2, 3]
    assert marks(opened(tmp_path)) == [1, 2, 3]


def test_a_damaged_piece_is_given_up_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The rest of its segment is lost; the run goes on with the next."""
    spool = filled(tmp_path, 30, limit=8_000)
    path = segments(tmp_path)[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    found = marks(spool)

    assert 0 < spool.lost < 6
    assert len(found) == 30 - spool.lost
    assert found == sorted(found)
    assert "are lost" in caplog.text


def test_a_file_that_may_not_grow_refuses_and_leaves_no_trace(tmp_path: Path) -> None:
    """A quota is reached in the middle of a record: what was there before is whole, and room makes it go on."""
    script = """
import resource, sys
from pathlib import Path
from tests.runtime.links.test_spool import filled, held, marks
spool = filled(Path(sys.argv[1]), 10)
resource.setrlimit(resource.RLIMIT_FSIZE, (spool.bytes + 100, resource.RLIM_INFINITY))
assert not spool.append(11, held(11), sent=False)
assert "large" in spool.refusing, spool.refusing
assert not spool.append(11, held(11), sent=False)
assert marks(spool) == list(range(1, 11))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.retry()
assert spool.append(11, held(11), sent=False)
assert (spool.refusing, spool.refusals) == ("", 1)
assert marks(spool) == list(range(1, 12))
"""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr
    assert marks(opened(tmp_path)) == list(range(1, 12))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB; skipped where nothing may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    """When others need the disk there is no room; when they let go, it goes on where it was."""
    others = small_disk / "others"
    others.write_bytes(bytes(200 * 1024))
    spool = Spool(SegmentFiles(small_disk), LIMIT)
    spool.open(0)
    mark = 1
    while spool.append(mark, held(mark), sent=False):
        mark += 1
    assert "space" in spool.refusing
    assert marks(spool) == list(range(1, mark))

    others.unlink()
    spool.retry()

    assert spool.append(mark, held(mark), sent=False)
    assert marks(spool) == marks(opened(small_disk)) == list(range(1, mark + 1))
    spool.close()
