"""What is wrong with a definition, told by step."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a definition.

    Attributes:
        message: What is wrong, and what to do about it.
        path: Where in the JSON: ``tasks[2].inputParameters``; empty if it is the whole.
        step: Reference name of the step, None if it is none's fault.
        line: Line of the file, from 1, where that is known.
    """

    message: str
    path: str = ""
    step: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return step, path and message."""
        step = f"step {self.step}" if self.step else ""
        place = f"{step} ({self.path})" if step and self.path else step or self.path
        return f"{place}: {self.message}" if place else self.message


class InvalidDefinitionError(ValueError):
    """A definition that no engine would take.

    Attributes:
        problems: Everything that is wrong with it.
    """

    def __init__(self, what: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        faults = [
            f"line {problem.line}: {problem}" if problem.line else str(problem)
            for problem in self.problems
        ]
        message = f"{what} cannot be used: "
        super().__init__(
            message + (faults[0] if len(faults) == 1 else "\n  - ".join(["", *faults]))
        )


class MissingExtraError(ImportError):
    """An optional part of Dalsegno is needed, and not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs an extra: pip install 'dalsegno[{extra}]'")


def refuse(what: str, message: str) -> InvalidDefinitionError:
    """Return the error for a single fault of ``what``."""
    return InvalidDefinitionError(what, [Problem(message)])
