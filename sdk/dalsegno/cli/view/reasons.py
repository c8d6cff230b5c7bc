"""Why executions have ended, in as few words as will do."""

import re
from collections.abc import Sequence
from typing import Final

_OF_A_TASK: Final = re.compile(r"Task \S+ failed with status: \S+ and reason: '(.*)'", re.DOTALL)


def reason(told: str | None, failed_refs: Sequence[str] = ()) -> str:
    """Return why an execution has ended; for a failed task its name and its own reason."""
    if not told:
        return ""
    match = _OF_A_TASK.fullmatch(told)
    if match is None:
        return told
    failed = ", ".join(filter(None, failed_refs))
    return f"{failed}: {match[1]}" if failed else match[1]
