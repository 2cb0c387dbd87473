"""SQL expressions: parsed by sqlglot, taken through an allow-list, typed, and handed on as expressions of the plan."""

from slac.compiler.sql.result import Translated, TranslatedAggregate
from slac.compiler.sql.scope import Scope
from slac.compiler.sql.translate import translate, translate_aggregate, translate_sample

__all__ = ["Scope", "Translated", "TranslatedAggregate", "translate", "translate_aggregate", "translate_sample"]
