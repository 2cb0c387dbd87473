"""An operator around another one, which does nothing of its own but where it says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slac.runtime.instructions import Notice
from slac.runtime.operator import Operator
from slac.stream.batch import Batch


class Around(Operator):
    """`_inner` may be exchanged for another one while it is at work."""

    _inner: Operator

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """As the operator does."""
        return self._inner.on_watermark(watermark, end=end)

    def on_doubt(self, certain: int) -> Iterable[Batch]:
        """As the operator does."""
        return self._inner.on_doubt(certain)

    def output_watermark(self, watermark: int) -> int:
        """That of the operator."""
        return self._inner.output_watermark(watermark)

    def next_due(self) -> int | None:
        """That of the operator."""
        return self._inner.next_due()

    def open_until(self) -> int | None:
        """That of the operator."""
        return self._inner.open_until()

    def statistics(self) -> Mapping[str, int]:
        """Those of the operator."""
        return self._inner.statistics()

    def notices(self) -> Iterable[Notice]:
        """Those of the operator."""
        return self._inner.notices()
