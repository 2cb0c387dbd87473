"""The store as a runtime sees it: one more place that rows are published to, at least once and without waiting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from slac.plan.graph import Plan
from slac.store.deploying import Deployment, deploy, end
from slac.store.engine import Store, StoreUnavailable, open_store
from slac.store.retention import purge
from slac.store.writing import BlockKind, write_rows
from slac.stream.clock import SECOND, Clock

PURGE_EVERY: Final = 600 * SECOND

log = logging.getLogger("slac.store")


class StoreOutput:
    """An output adapter (`slac.stream.ports.OutputAdapter`) over a store.

    `address` as for `open_store`; `retain` in µs and `limit` in bytes as for `purge`. A database that cannot be reached
    does not keep a runtime from starting: what is to be stored waits, as with any output.
    """

    def __init__(
        self,
        address: str,
        plan: Plan,
        *,
        node: str,
        instance: str,
        blocks: Mapping[str, BlockKind],
        retain: int,
        limit: int,
        clock: Clock,
    ) -> None:
        self._address = address
        self._plan = plan
        self._node, self._instance = node, instance
        self._blocks = blocks
        self._retain, self._limit = retain, limit
        self._clock = clock
        self._store: Store | None = None
        self._deployment: Deployment | None = None
        self._purged = 0

    async def open(self) -> None:
        """Note the deployment, if the store can be reached by now."""
        try:
            await asyncio.to_thread(self._opened)
        except StoreUnavailable as error:
            log.warning("%s; what is to be stored waits", error)

    async def publish(self, block: str, frame: pl.DataFrame) -> None:
        """Store rows; StoreUnavailable is a reason to call again."""
        await asyncio.to_thread(self._write, block, frame)

    async def close(self) -> None:
        """Note the end of the deployment."""
        await asyncio.to_thread(self._end)

    def _opened(self) -> Store:
        if self._store is None:
            store = open_store(self._address)
            with store.begin() as connection:
                self._deployment = deploy(connection, self._plan, self._node, self._instance)
            self._store = store
            log.info("reports and violations are kept in %s", store.place)
        return self._store

    def _write(self, block: str, frame: pl.DataFrame) -> None:
        store = self._opened()
        with store.begin() as connection:
            write_rows(connection, self._plan.document, block, self._blocks[block], frame)
        now = self._clock.now()
        if now - self._purged >= PURGE_EVERY:
            self._purged = now
            _quietly(lambda: purge(store, retain=self._retain, limit=self._limit))

    def _end(self) -> None:
        store, deployment = self._store, self._deployment
        if store is None or deployment is None:
            return

        def ended() -> None:
            with store.begin() as connection:
                end(connection, deployment)

        _quietly(ended)
        store.close()


def _quietly(action: Callable[[], object]) -> None:
    try:
        action()
    except StoreUnavailable as error:
        log.warning("%s", error)
