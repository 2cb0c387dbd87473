"""A real SMTP server on this machine: the operators' mailbox of the demo."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(slots=True)
class Mailbox:
    """What was delivered: a subject a mail."""

    subjects: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd
        """Take a mail in."""
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        self.subjects.append(str(message["Subject"]))
        return "250 OK"


@contextmanager
def serving(mailbox: Mailbox, port: int) -> Iterator[None]:
    """The server on 127.0.0.1:`port`, in a thread of its own."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()
