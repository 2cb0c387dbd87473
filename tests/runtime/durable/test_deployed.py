"""A change in a state directory: sealed, begun or given up, and whole after a crash at any step."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import xxhash

from slac.diagnostics import RunFailed
from slac.plan.graph import Placement, Plan, PlanData
from slac.runtime.checkpoint import Cut, StateDirectory
from slac.runtime.durable.deployed import DEPLOYED, SEALED, Deployed, plan_in_place
from slac.runtime.durable.pieces import cut
from slac.runtime.operator import State

OLD, NEW = "old", "new"


def plan(digest: str) -> Plan:
    """A plan of this digest."""
    return Plan(PlanData(document="d", digest=digest, nodes=(), placements=(Placement(name="all"),)))


def made(number: int, digest: str) -> Cut:
    """A checkpoint that holds its number."""
    return Cut(digest=digest, taken=0, number=number, states=cut({"x": State({"number": number})}))


def sealed(folder: Path) -> StateDirectory:
    """A directory with two checkpoints of the old plan, and a change that was agreed to."""
    (folder / "journal" / "gone").mkdir(parents=True)
    directory = StateDirectory(folder)
    directory.open()
    directory.write(made(1, OLD))
    directory.write(made(2, OLD))
    change = Deployed(change="c", plan=plan(NEW).to_json(), replaced=(OLD,), forget=("gone",))
    directory.seal(made(3, NEW), change)
    return directory


def whole(body: bytes) -> bytes:
    """A record of whatever it says, as it stands in its file."""
    return b"slac-deployed\n" + xxhash.xxh3_64_digest(body) + body


def number(directory: StateDirectory, digest: str) -> int:
    """The newest checkpoint."""
    restored = directory.read(digest)
    assert restored is not None
    return int(restored.states["x"].values["number"])


def test_begun(tmp_path: Path) -> None:
    """The new checkpoint is the only one, journals of inputs that are gone go, and the old document means the new."""
    directory = sealed(tmp_path)
    assert number(directory, OLD) == 2
    directory.deploying.commit()
    directory.close()
    again = StateDirectory(tmp_path)
    again.open()
    assert number(again, NEW) == 3
    assert not (tmp_path / "checkpoint.previous").exists()
    assert not (tmp_path / "journal" / "gone").exists()
    assert plan_in_place(plan(OLD), tmp_path).data.digest == NEW
    assert plan_in_place(plan("another"), tmp_path).data.digest == "another"
    again.close()


def test_given_up(tmp_path: Path) -> None:
    """Nothing of it is left, and the old one goes on."""
    directory = sealed(tmp_path)
    directory.deploying.abandon()
    assert directory.deploying.sealed is None
    directory.write(made(3, OLD))
    assert number(directory, OLD) == 3
    assert sorted(p.name for p in tmp_path.glob("checkpoint*")) == ["checkpoint", "checkpoint.previous"]
    assert plan_in_place(plan(OLD), tmp_path).data.digest == OLD
    directory.close()


def test_open_after_a_crash(tmp_path: Path) -> None:
    """It is asked for; checkpoints that are written meanwhile leave what was sealed alone."""
    sealed(tmp_path).close()
    again = StateDirectory(tmp_path)
    again.open()
    assert again.deploying.sealed is not None
    again.write(made(3, OLD))
    again.deploying.commit()
    again.close()
    last = StateDirectory(tmp_path)
    last.open()
    assert number(last, NEW) == 3
    last.close()


@pytest.mark.parametrize("found", [b"nonsense", whole(msgspec.msgpack.encode({"format": 2, "plans": []}))])
def test_a_damaged_record(found: bytes, tmp_path: Path) -> None:
    """Which plan runs is not guessed, also where another version has written it with other fields."""
    directory = sealed(tmp_path)
    directory.deploying.commit()
    assert not (tmp_path / SEALED).exists()
    (tmp_path / DEPLOYED).write_bytes(found)
    directory.close()
    with pytest.raises(RunFailed, match="says what plan runs here, is damaged"):
        StateDirectory(tmp_path).open()
