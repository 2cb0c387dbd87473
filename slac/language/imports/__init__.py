"""Documents that a document imports: read through a loader, given their parameters, and joined into one."""

from slac.language.imports.instances import ImportUnreadable, Loader
from slac.language.imports.join import joined

__all__ = ["ImportUnreadable", "Loader", "joined"]
