"""Where the stages of reading put what they find; one mistake is told once, by the stage that knows best."""

from __future__ import annotations

from dataclasses import dataclass, field

from slac.diagnostics import Diagnostic, Related, Span
from slac.language.terms import DefaultFilled
from slac.language.yaml.nodes import Steps, path_text


@dataclass(slots=True)
class Findings:
    """Diagnostics and filled-in defaults of one document, and the places about which no more needs to be said."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    defaults: list[DefaultFilled] = field(default_factory=list)
    spoiled: set[Steps] = field(default_factory=set)

    def add(
        self,
        code: str,
        summary: str,
        steps: Steps,
        span: Span,
        *,
        suggestion: str = "",
        details: str = "",
        related: tuple[Related, ...] = (),
    ) -> None:
        """Records a finding at `steps`, unless that place is spoiled."""
        if not self.is_spoiled(steps):
            self.diagnostics.append(
                Diagnostic(
                    code=code,
                    summary=summary,
                    span=span,
                    path=path_text(steps),
                    suggestion=suggestion,
                    details=details,
                    related=related,
                )
            )

    def spoil(self, steps: Steps) -> None:
        """From now on, nothing more is said about `steps` and what lies below."""
        self.spoiled.add(steps)

    def is_spoiled(self, steps: Steps) -> bool:
        """Whether `steps` or something around it is spoiled."""
        return bool(self.spoiled) and any(steps[:n] in self.spoiled for n in range(len(steps) + 1))

    def fill(self, steps: Steps, value: str) -> None:
        """Records that the document does not state `steps`, and what holds instead."""
        self.defaults.append(DefaultFilled(path_text(steps), value))
