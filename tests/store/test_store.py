"""What is written to a store and read from it, in SQLite and in a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source, UsageError
from slac.plan.graph import Plan
from slac.store import Store, StoreUnavailable, migrations, open_store
from slac.store.deploying import deploy, end
from slac.store.engine import HEAD
from slac.store.reading import Wanted, episodes, history, runs, states
from slac.store.retention import purge, used
from slac.store.tables import METADATA, documents, records
from slac.store.writing import write_rows
from tests.postgres import PASSWORD, server
from tests.store.rows import AUDIT, VIOLATION, alarms, minute, reports

postgres = pytest.fixture(scope="module")(server)
YEAR = 365 * 86_400_000_000
LARGE = 1 << 30


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{tmp_path}/var/slac.db")
    else:
        address = request.getfixturevalue("postgres").replace("slac@", f"slac:{PASSWORD}@").replace("+psycopg", "")
        opened = open_store(address)
        with opened.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(sa.delete(table))
    yield opened
    opened.close()


def write_reports(store: Store, *said: tuple[Any, ...]) -> None:
    """Rows of the audit "up"."""
    with store.begin() as connection:
        write_rows(connection, "shop", "up", AUDIT, reports(*said))


def write_alarms(store: Store, *said: tuple[Any, ...]) -> None:
    """Rows of the violation "slow"."""
    with store.begin() as connection:
        write_rows(connection, "shop", "slow", VIOLATION, alarms(*said))


def test_reports_are_kept_once(store: Store) -> None:
    """The same rows again, as after a crash, change nothing; the state of a key is its latest."""
    for _ in range(2):
        write_reports(store, (1, 0, "a", "initial", "up"), (2, 0, "b", "initial", "up"), (3, 5, "a", "change", "down"))

    found = history(store, Wanted(block="up"))
    assert [(r["id"], r["module"], r["kind"]) for r in found] == [
        (f"{1:016x}", "a", "initial"),
        (f"{2:016x}", "b", "initial"),
        (f"{3:016x}", "a", "change"),
    ]
    assert [(s["key"], s["state"], s["time"]) for s in states(store)] == [
        ('{"module":"a"}', "down", minute(5)),
        ('{"module":"b"}', "up", minute(0)),
    ]


def test_what_comes_later_but_is_older_changes_no_state(store: Store) -> None:
    """Rows of one key may be written out of order after a restart."""
    write_reports(store, (3, 5, "a", "change", "down"))
    write_reports(store, (1, 0, "a", "initial", "up"))

    assert [s["state"] for s in states(store)] == ["down"]


def test_a_withdrawn_change_gives_the_state_back(store: Store) -> None:
    """A revision takes the place of what was said; all revisions can be asked for."""
    write_reports(store, (1, 0, "a", "initial", "up"), (2, 5, "a", "change", "down"))
    write_reports(store, (2, 5, "a", "withdrawn", "down", -1))

    assert [s["state"] for s in states(store)] == ["up"]
    assert [r["revision"] for r in history(store, Wanted(block="up"))] == [0]
    every = history(store, Wanted(block="up", all_revisions=True))
    assert [(r["revision"], r.get("withdrawn", False)) for r in every] == [(0, False), (0, False), (1, True)]

    write_reports(store, (1, 0, "a", "withdrawn", "up", -1))
    assert states(store) == []


def test_a_violation_from_raise_to_resolve(store: Store) -> None:
    """One episode, which stands until it is resolved."""
    write_alarms(store, (7, 1, "a", "raised", 7), (8, 2, "b", "raised", 8), (9, 4, "a", "stay", 7))
    assert [(e["key"], e["raised"], e["told"]) for e in episodes(store)] == [
        ('{"module":"a"}', minute(1), minute(4)),
        ('{"module":"b"}', minute(2), minute(2)),
    ]

    write_alarms(store, (10, 6, "a", "resolved", 7))
    assert [e["key"] for e in episodes(store)] == ['{"module":"b"}']
    first = episodes(store, only_raised=False)[0]
    assert (first["status"], first["severity"], first["raised"], first["resolved"]) == (
        "resolved",
        "critical",
        minute(1),
        minute(6),
    )


def test_a_violation_that_was_taken_back(store: Store) -> None:
    """It does not stand any more, and its history has no record of it unless asked for all."""
    write_alarms(store, (7, 1, "a", "raised", 7))
    write_alarms(store, (7, 1, "a", "withdrawn", 7, -1))

    assert [e["status"] for e in episodes(store, only_raised=False)] == ["withdrawn"]
    assert history(store, Wanted(block="slow")) == []


def test_a_part_of_the_history(store: Store) -> None:
    """By time, by a column, the latest of many, of a document."""
    write_reports(store, *((i, i, "ab"[i % 2], "stay", "up") for i in range(1, 11)))

    between = history(store, Wanted(block="up", begin=minute(3), until=minute(6)))
    assert [int(r["id"], 16) for r in between] == [3, 4, 5]
    assert [int(r["id"], 16) for r in history(store, Wanted(block="up", key={"module": "b"}))] == [1, 3, 5, 7, 9]
    assert [int(r["id"], 16) for r in history(store, Wanted(block="up", limit=2))] == [9, 10]
    with pytest.raises(UsageError, match='nothing of "upp"; it has: up; did you mean "up"'):
        history(store, Wanted(block="upp"))
    with pytest.raises(UsageError, match='of document "other"'):
        history(store, Wanted(block="up", document="other"))


TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Hit: {payload: {n: int}}}
  inputs: {hits: {adapter: file, path: hits.ndjson, emits: Hit}}
  computations: {total: {from: Hit, window: tumbling 1m, select: [{n: SUM(n)}]}}
"""


def _plan(text: str) -> Plan:
    return compile_document(Source("shop.yaml", text)).plan


def test_documents_and_their_runtimes(store: Store) -> None:
    """A new text is a new version, the same text none; a runtime that did not end was lost."""
    first, second = (_plan(text) for text in (TEXT, TEXT.replace("1m", "2m")))
    with store.begin() as connection:
        begun = deploy(connection, first, "central", "one")
        end(connection, begun)
        deploy(connection, first, "central", "one")
        deploy(connection, second, "central", "one")
        other = deploy(connection, second, "central", "two")

    assert (begun.version, other.version) == (1, 2)
    assert [(r["version"], r["instance"], r["outcome"]) for r in runs(store, "shop")] == [
        (1, "one", "ended"),
        (1, "one", "lost"),
        (2, "one", "running"),
        (2, "two", "running"),
    ]
    with store.begin() as connection:
        kept = connection.execute(sa.select(documents.c.plan).order_by(documents.c.version)).scalars().all()
    assert kept == [first.to_json(), second.to_json()]


def test_old_records_go_and_what_stands_stays(store: Store) -> None:
    """By the time of storing; a violation that stands keeps its records, an audit its states."""
    write_reports(store, (1, 0, "a", "initial", "up"), (2, 1, "b", "initial", "up"), (3, 2, "b", "forgotten", "up"))
    write_alarms(store, (7, 1, "a", "raised", 7), (8, 2, "b", "raised", 8), (9, 3, "b", "resolved", 8))
    assert purge(store, retain=YEAR, limit=LARGE) == 0

    _make_old(store)
    assert purge(store, retain=YEAR, limit=LARGE) == 5
    assert [e["key"] for e in episodes(store, only_raised=False)] == ['{"module":"a"}']
    assert [s["key"] for s in states(store)] == ['{"module":"a"}']
    assert [r["id"] for r in history(store, Wanted(block="slow"))] == [f"{7:016x}"]


def _make_old(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(sa.update(records).values(stored=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)))


def test_a_store_that_grows_too_large_loses_its_oldest(tmp_path: Path) -> None:
    """Its contents come down to the bound, and pages are given back."""
    store = open_store(str(tmp_path / "slac.db"))
    for part in range(10):
        write_reports(store, *((part * 100 + i, i, f"key-{i}", "stay", "up") for i in range(1, 100)))
    store.close()
    before = (tmp_path / "slac.db").stat().st_size
    store = open_store(str(tmp_path / "slac.db"))
    bound = used(store) // 2

    assert purge(store, retain=YEAR, limit=bound) > 0
    assert used(store) <= bound
    left = [int(r["id"], 16) for r in history(store, Wanted(block="up", limit=10_000))]
    assert left
    assert min(left) > 100
    assert (tmp_path / "slac.db").stat().st_size < before
    store.close()


def test_stores_that_cannot_be(tmp_path: Path) -> None:
    """Each says what is wrong in one sentence, and no password."""
    (tmp_path / "file").write_text("not a database, but long enough to be taken for a damaged one" * 100)
    for address, said in (
        ("mysql://root@127.0.0.1/x", "SQLite or PostgreSQL, not mysql"),
        ("sqlite://", "in memory"),
        ("nonsense://", "SQLite or PostgreSQL, not nonsense"),
        (str(tmp_path / "file"), "file is not a database"),
        (str(tmp_path / "file" / "below" / "slac.db"), "cannot be made: Not a directory"),
        ("postgresql://slac:hush@127.0.0.1:1/x", r"postgresql\+psycopg://slac:\*\*\*@127.0.0.1:1/x cannot be opened"),
    ):
        with pytest.raises(StoreUnavailable, match=said) as wrong:
            open_store(address)
        assert "hush" not in str(wrong.value)
    with pytest.raises(StoreUnavailable, match="there is no store at"):
        open_store(str(tmp_path / "none.db"), make=False)
    assert not (tmp_path / "none.db").exists()


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """What this version does not know it does not touch."""
    path = tmp_path / "slac.db"
    open_store(str(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(StoreUnavailable, match="newer version of slac"):
        open_store(str(path))


def test_the_migrations_lead_to_the_tables(store: Store) -> None:
    """What `tables.py` says is what the database has: columns, their order, and indexes."""
    inspector = sa.inspect(store.engine)
    for table in METADATA.sorted_tables:
        assert [c["name"] for c in inspector.get_columns(table.name)] == list(table.columns.keys())
        assert {i.name for i in table.indexes} <= {i["name"] for i in inspector.get_indexes(table.name)}


def test_the_head_is_the_last_migration() -> None:
    """A store of this form is opened without asking Alembic."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


CHANGES = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from("ab"), st.sampled_from(["up", "down"])), min_size=1, max_size=12
)


@given(CHANGES, st.data())
@settings(max_examples=15)
def test_the_order_of_writing_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    """Records come again after a crash, and in other parts: states are those of the latest records."""
    rows = [(i + 1, at, key, "stay", state) for i, (at, key, state) in enumerate(dict.fromkeys(said))]
    latest = {key: max((r for r in rows if r[2] == key), key=lambda r: (r[1], r[0])) for key in {r[2] for r in rows}}
    cut = data.draw(st.integers(0, len(rows) - 1))
    store = open_store(str(tmp_path_factory.mktemp("store") / "slac.db"))
    write_reports(store, *rows)
    write_reports(store, *rows[cut:])

    assert {(s["key"], s["time"]) for s in states(store)} == {
        (f'{{"module":"{key}"}}', minute(row[1])) for key, row in latest.items()
    }
    assert len(history(store, Wanted(block="up"))) == len(rows)
    store.close()
