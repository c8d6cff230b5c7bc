"""Clients of the API: start, wait, steer, look."""

from dalsegno.client.answers import UnreadableAnswerError
from dalsegno.client.async_dalsegno import AsyncDalsegno
from dalsegno.client.auth import KeyAuth, TokenAuth
from dalsegno.client.dalsegno import Dalsegno
from dalsegno.client.execution import AsyncExecution, Execution
from dalsegno.client.failures import StillRunningError, WorkflowFailedError
from dalsegno.client.retries import Retries

__all__ = [
    "AsyncDalsegno",
    "AsyncExecution",
    "Dalsegno",
    "Execution",
    "KeyAuth",
    "Retries",
    "StillRunningError",
    "TokenAuth",
    "UnreadableAnswerError",
    "WorkflowFailedError",
]
