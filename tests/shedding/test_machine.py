"""Limits of cgroups, version 1 and 2, from folders that look like theirs."""

from __future__ import annotations

from pathlib import Path

from slac.shedding.machine import Limits, read_limits, read_machine


def _files(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")


def test_version_2_takes_the_tightest_of_the_parents(tmp_path: Path) -> None:
    """A limit of a parent holds for all below it."""
    root, membership = tmp_path / "cgroup", tmp_path / "self"
    membership.write_text("0::/service/web\n")
    _files(
        root,
        {
            "service/web/cpu.max": "max 100000",
            "service/web/memory.max": "1000000",
            "service/cpu.max": "50000 100000",
            "service/memory.max": "max",
        },
    )
    assert read_limits(root, membership) == Limits(cpu_cores=0.5, memory_bytes=1_000_000)


def test_version_1_has_a_folder_a_controller(tmp_path: Path) -> None:
    """Quota over period, and the memory limit; -1 is none."""
    root, membership = tmp_path / "cgroup", tmp_path / "self"
    membership.write_text("5:cpu,cpuacct:/box\n4:memory:/box\n3:cpuset:/box\n")
    _files(
        root,
        {
            "cpu,cpuacct/box/cpu.cfs_quota_us": "150000",
            "cpu,cpuacct/box/cpu.cfs_period_us": "100000",
            "cpu,cpuacct/cpu.cfs_quota_us": "-1",
            "cpu,cpuacct/cpu.cfs_period_us": "100000",
            "memory/box/memory.limit_in_bytes": "2000000",
        },
    )
    assert read_limits(root, membership) == Limits(cpu_cores=1.5, memory_bytes=2_000_000)


def test_inside_a_container_the_root_is_read(tmp_path: Path) -> None:
    """The path of the host is not to be seen there; the limits stand at the root."""
    root, membership = tmp_path / "cgroup", tmp_path / "self"
    membership.write_text("0::/docker/abc\n")
    _files(root, {"cpu.max": "200000 100000", "memory.max": "3000000"})
    assert read_limits(root, membership) == Limits(cpu_cores=2.0, memory_bytes=3_000_000)


def test_no_cgroups_no_limits(tmp_path: Path) -> None:
    """Elsewhere than on Linux there is nothing to read."""
    assert read_limits(tmp_path, tmp_path / "none") == Limits()


def test_this_machine_has_cores_and_memory() -> None:
    """What is read of the real machine is positive, and names no host."""
    machine = read_machine()
    assert machine.cpu_cores > 0
    assert machine.memory_bytes > 1 << 20
    assert machine.polars
