"""From a document to a plan, pass by pass."""

from slac.compiler.compile import Compiled, compile_document, compile_paths
from slac.compiler.draft import CompileOptions

__all__ = ["CompileOptions", "Compiled", "compile_document", "compile_paths"]
