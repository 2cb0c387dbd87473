"""The one form of a document: `slac fmt`. Comments, quotes, flow style and order stay as their author wrote them."""

from slac.language.formatting.document import format_document

__all__ = ["format_document"]
