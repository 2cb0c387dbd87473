"""Opening a store: the address, the form that this version of slac needs, and how SQLite is kept safe and small."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from slac.diagnostics import RunFailed

WAIT_S: Final = 10
"""How long a database may keep us waiting before a try counts as failed."""
HEAD: Final = "0001"
"""The last of the migrations."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x51AC
"""PostgreSQL's advisory lock under which one runtime at a time migrates."""
_BACKENDS: Final = ("sqlite", "postgresql")


class StoreUnavailable(RunFailed):
    """The store cannot be reached, or is of a form that this version of slac does not know."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store of the form that this version needs."""

    engine: Engine
    place: str
    """Its address without a password."""

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of ours."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction; StoreUnavailable where the database says no."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(f"the store {self.place} does not answer: {reason(error)}") from error

    def close(self) -> None:
        """Let go of the connections."""
        self.engine.dispose()


def open_store(address: str, *, make: bool = True) -> Store:
    """The store at a URL of SQLAlchemy (`sqlite:///var/slac.db`, `postgresql://…`) or the path of an SQLite file.

    It is brought to the present form first. StoreUnavailable says what is wrong; with `make` unset also where there is
    no such file.
    """
    url = _url(address)
    place = url.set(query={}).render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite":
        _file(url, make=make)
    try:
        engine = sa.create_engine(url, connect_args=_OPTIONS[url.get_backend_name()], pool_pre_ping=True)
    except (ArgumentError, ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreUnavailable(f"there is no driver for the store {place}: {reason(error)}") from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
    store = Store(engine, place)
    try:
        with _lone(store):
            _migrate(store)
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise StoreUnavailable(f"the store {place} cannot be opened: {reason(error)}") from error
    return store


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "postgresql": {"connect_timeout": WAIT_S, "options": f"-c lock_timeout={WAIT_S}s"},
    "sqlite": {"timeout": WAIT_S},
}


def reason(error: BaseException) -> str:
    """The first line of what a database or a driver said."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return said[0] if said else type(error).__name__


def _url(address: str) -> URL:
    if "://" not in address:
        return URL.create("sqlite", database=address)
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreUnavailable("the store's address is no URL like sqlite:///var/slac.db or postgresql://…") from error
    if url.get_backend_name() not in _BACKENDS:
        raise StoreUnavailable(f"a store is SQLite or PostgreSQL, not {url.get_backend_name()}")
    # Without a driver's name SQLAlchemy would look for psycopg2.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _file(url: URL, *, make: bool) -> None:
    if not url.database:
        raise StoreUnavailable("a store in memory would be gone with the process: name a file")
    path = Path(url.database)
    if not make and not path.exists():
        raise StoreUnavailable(f"there is no store at {path}: `slac run` makes it, or --store names another")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"the store {path} cannot be made: {error.strerror}") from error


def _prepare(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    # Freed pages go back to the disk bit by bit; readers and one writer do not wait for each other.
    for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _lone(store: Store) -> Iterator[None]:
    """Of several runtimes that start at once, one makes or migrates the tables, and the others wait."""
    if store.is_sqlite:
        with Path(f"{store.engine.url.database}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with store.engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


def _migrate(store: Store) -> None:
    with store.engine.begin() as connection:
        if _revision(connection) == HEAD:
            return
        # Only here: it takes some 15 MB that a runtime would keep.
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreUnavailable(
                f"the store {store.place} was written by a newer version of slac ({error})"
            ) from error


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
