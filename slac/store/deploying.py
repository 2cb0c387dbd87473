"""Documents with their versions, and the runtimes that ran them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from slac import __version__
from slac.plan.graph import Plan
from slac.store.tables import deployments, documents

RUNNING: Final = "running"
ENDED: Final = "ended"
LOST: Final = "lost"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One runtime of one version of a document."""

    id: int
    version: int


def deploy(connection: Connection, plan: Plan, node: str, instance: str) -> Deployment:
    """Note that a runtime has begun; the document gets a new version where its text is new.

    A runtime of the same name that has not ended was lost: two of one name cannot run at once.
    """
    version, document = _version(connection, plan)
    of_name = sa.select(documents.c.id).where(documents.c.name == plan.document)
    same = (deployments.c.node == node) & (deployments.c.instance == instance)
    open_ones = same & (deployments.c.outcome == RUNNING) & deployments.c.document_id.in_(of_name)
    connection.execute(sa.update(deployments).where(open_ones).values(outcome=LOST))
    made = connection.execute(
        sa.insert(deployments).values(
            document_id=document,
            node=node,
            instance=instance,
            slac=__version__,
            started=datetime.now(UTC),
            outcome=RUNNING,
        )
    )
    return Deployment(int(made.inserted_primary_key[0]), version)  # type: ignore[index]


def end(connection: Connection, deployment: Deployment) -> None:
    """Note that a runtime has ended in good order."""
    connection.execute(
        sa.update(deployments).where(deployments.c.id == deployment.id).values(ended=datetime.now(UTC), outcome=ENDED)
    )


def _version(connection: Connection, plan: Plan) -> tuple[int, int]:
    known = connection.execute(
        sa.select(documents.c.version, documents.c.id).where(
            documents.c.name == plan.document, documents.c.digest == plan.data.digest
        )
    ).one_or_none()
    if known is not None:
        return int(known.version), int(known.id)
    newest = connection.execute(
        sa.select(sa.func.max(documents.c.version)).where(documents.c.name == plan.document)
    ).scalar()
    version = (newest or 0) + 1
    made = connection.execute(
        sa.insert(documents).values(
            name=plan.document,
            version=version,
            digest=plan.data.digest,
            meaning=plan.meaning,
            plan=plan.to_json(),
            first_seen=datetime.now(UTC),
        )
    )
    return version, int(made.inserted_primary_key[0])  # type: ignore[index]
