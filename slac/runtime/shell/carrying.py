"""What the core asks for is carried out: rows to outputs, messages to the link, what could not be used aside."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from slac.runtime.instructions import GaveUp, Instruction, Mixed, Publish, Refused, Send
from slac.runtime.links.sending import Sending
from slac.runtime.recorder import Logbook
from slac.runtime.shell.ledger import Ledger
from slac.runtime.shell.outputs import OutputWorker
from slac.runtime.shell.quarantine import Quarantine
from slac.stream.clock import Clock

log = logging.getLogger("slac.runtime")


class Carrying:
    """Who does what an instruction says; what is said of is in the log and the ledger before."""

    def __init__(
        self,
        outputs: Mapping[str, OutputWorker],
        client: Sending | None,
        quarantine: Quarantine,
        logbook: Logbook,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._outputs = outputs
        self._client = client
        self._quarantine = quarantine
        self._logbook = logbook
        self._ledger = ledger
        self._clock = clock

    def out(self, instructions: Sequence[Instruction]) -> None:
        """All of them, in order."""
        self._ledger.keep(instructions)
        self._logbook.look(instructions, self._clock.now())
        refused: list[Refused] = []
        for instruction in instructions:
            match instruction:
                case Publish(output=output, block=block, frame=frame):
                    self._outputs[output].put(block, frame)
                case Send():
                    if self._client is not None:
                        self._client.send(instruction)
                case Refused():
                    refused.append(instruction)
                case GaveUp(block=block, bound=bound, count=count):
                    log.warning('"%s" has given up %d partial matches, because of its %s', block, count, bound)
                case Mixed(block=block, count=count):
                    log.warning('"%s" has %d results of series that come from several sources at once', block, count)
        if refused:
            self._quarantine.write(refused, self._clock.now())
