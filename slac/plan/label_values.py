"""The value of one label in the texts of maps; a series says the same text again and again, so answers are kept."""

from __future__ import annotations

import json
import re
from typing import Final

import polars as pl

from slac.plan.scalar.collections import label_pattern
from slac.stream.framing import column_of_values

_TEXT: Final = pl.String()
_MOST: Final = 4096
"""So many texts are remembered, and then all forgotten."""
_LONG: Final = 1024
"""Longer texts are looked at each time."""


class LabelValues:
    """What `labels['name']` gives, as `slac.plan.scalar.collections` lowers it."""

    def __init__(self, name: str) -> None:
        self._search = re.compile(label_pattern(name)).search
        self._known: dict[str | None, str | None] = {None: None}

    def of(self, maps: pl.Series) -> pl.Series:
        """The values in the maps of a column of text."""
        known, texts = self._known, maps.to_list()
        try:
            values = [known[text] for text in texts]
        except KeyError:
            values = [self._known[text] if text in self._known else self._looked_up(text) for text in texts]
        return column_of_values(maps.name, values, _TEXT)

    def _looked_up(self, text: str) -> str | None:
        found = self._search(text)
        value = None if found is None else found[1]
        if value is not None and "\\" in value:
            value = str(json.loads(f'"{value}"'))
        if len(self._known) > _MOST:
            self._known = {None: None}
        if len(text) <= _LONG:
            self._known[text] = value
        return value
