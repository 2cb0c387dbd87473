"""What is different between two plans of a document: blocks, their words, and what becomes of their state."""

from slac.plan.changes.collapsed import collapsed
from slac.plan.changes.compare import BlockChange, Changes, compare
from slac.plan.changes.heirs import Heir, heirs
from slac.plan.changes.home import at_home
from slac.plan.changes.state import Fate, fate_of
from slac.plan.changes.words import words_of

__all__ = ["BlockChange", "Changes", "Fate", "Heir", "at_home", "collapsed", "compare", "fate_of", "heirs", "words_of"]
