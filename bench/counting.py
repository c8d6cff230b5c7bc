"""Ports that count how they are used."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final

from dalsegno_state.ports import Ports

WRITES: Final = "writes"
QUEUE_REQUESTS: Final = "queue requests"
STORAGE_CALLS: Final = "storage calls"

# Calls that write one item each, whatever the store; a commit writes one for each of its writes.
_SINGLE_WRITES: Final = frozenset(
    {
        "state.create_workflow",
        "state.arrive",
        "limits.acquire_slot",
        "limits.release_slot",
        "limits.acquire_rate",
    }
)
_STORAGE: Final = frozenset({"state", "definitions", "payloads", "limits", "logs"})
_UNCOUNTED: Final = frozenset({"clock", "secrets", "polls"})


class _CountedPort:
    """One port; its methods count their calls and go on to the real one."""

    def __init__(self, name: str, port: object, counts: Counter[str]) -> None:
        self._name = name
        self._port = port
        self._counts = counts

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real: Callable[..., Any] = getattr(self._port, method)
        call = f"{self._name}.{method}"

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._note(call, args)
            return real(*args, **kwargs)

        return counted

    def _note(self, call: str, args: Sequence[Any]) -> None:
        self._counts[call] += 1
        if self._name in _STORAGE:
            self._counts[STORAGE_CALLS] += 1
        if self._name == "queues":
            self._counts[QUEUE_REQUESTS] += 1
        if call == "state.commit":
            self._counts[WRITES] += len(args[0])
        elif call in _SINGLE_WRITES:
            self._counts[WRITES] += 1


def counted(ports: Ports, counts: Counter[str]) -> Ports:
    """Return ports that count in ``counts`` what is asked of these."""
    wrapped: dict[str, Any] = {}
    for field in fields(Ports):
        port = getattr(ports, field.name)
        is_counted = field.name not in _UNCOUNTED
        wrapped[field.name] = _CountedPort(field.name, port, counts) if is_counted else port
    return Ports(**wrapped)
