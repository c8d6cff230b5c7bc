"""Judges requests by the rights of the functions that make them, and remembers what it has seen."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.cloud.accesses import Access, Sent, accesses
from tests.cloud.policies import Statement, judged
from tests.cloud.template import Function

ANY = "any function"


@dataclass
class Judge:
    """IAM for the functions of one deployment.

    Attributes:
        functions: By their names.
        denied: What was refused, and to which function, each once.
        used: The actions that each function has made use of.
    """

    functions: Mapping[str, Function]
    denied: dict[str, Access] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self, function: str, sent: Sent) -> str | None:
        """Return why AWS would refuse a request of a function; None if it would not.

        ``ANY`` stands for code that is tested by itself: some function must have the right.
        """
        for access in accesses(sent):
            with self._lock:
                self.used.setdefault(function, set()).add(access.action)
            if not self.allows(function, access):
                said = f"{function} is not authorized to perform: {access}"
                with self._lock:
                    self.denied[said] = access
                return said
        return None

    def allows(self, function: str, access: Access) -> bool:
        """Return whether a function may do something."""
        return any(judged(statements, access) for statements in self._rights(function))

    def expect_nothing_denied(self) -> None:
        """Forget what was denied.

        Raises:
            AssertionError: Anything was.
        """
        denied, self.denied = self.denied, {}
        assert not denied, "\n".join(denied)

    def unused(self, function: str) -> set[str]:
        """Return the actions that a function is allowed and has never made use of."""
        allowed = {
            action
            for statement in self.functions[function].statements
            if statement.allows
            for action in statement.actions
        }
        return allowed - self.used.get(function, set())

    def _rights(self, function: str) -> Iterable[tuple[Statement, ...]]:
        if function == ANY:
            return [each.statements for each in self.functions.values()]
        return [self.functions[function].statements]
