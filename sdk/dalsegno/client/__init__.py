"""Clients of the API: start, wait, steer, look."""

from dalsegno.client.auth import KeyAuth, TokenAuth
from dalsegno.client.dalsegno import AsyncDalsegno, Dalsegno
from dalsegno.client.execution import AsyncExecution, Execution, WorkflowFailedError
from dalsegno.client.retries import Retries

__all__ = [
    "AsyncDalsegno",
    "AsyncExecution",
    "Dalsegno",
    "Execution",
    "KeyAuth",
    "Retries",
    "TokenAuth",
    "WorkflowFailedError",
]
