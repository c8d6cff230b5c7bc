"""Results on their way: sent again and again until they are taken, or never will be."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from dalsegno.errors import (
    ConductorError,
    ForbiddenError,
    NotFoundError,
    PayloadTooLargeError,
    UnauthorizedError,
)
from dalsegno.models import TaskResult, TaskResultStatus
from dalsegno.workers.backoff import Backoff
from dalsegno.workers.http import is_gone
from dalsegno.workers.metrics import Metrics
from dalsegno.workers.source import Delivery

logger = logging.getLogger(__name__)

_INTERNAL_SERVER_ERROR: Final = 500
# Answers of 500 are the server's own mistakes: a few are worth another attempt, not all.
_MOST_INTERNAL_ERRORS: Final = 8


class Outbox:
    """Hands results over, for as long as it takes."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def send(self, delivery: Delivery, result: TaskResult) -> Delivery | None:
        """See a result taken; return another task if one came with the answer.

        One that never can be taken is logged, and its task dropped.
        """
        backoff = Backoff(longest_seconds=5.0)
        while True:
            try:
                return await delivery.send(result)
            except PayloadTooLargeError as error:
                if not result.output_data:
                    await self._lose(delivery, result, error)
                    return None
                result = _without_output(result, error)
            except ConductorError as error:
                wait = backoff.next_seconds()
                if not _may_be_taken_later(error, result, backoff.failures):
                    await self._lose(delivery, result, error)
                    return None
                logger.warning("%s is sent again in %.1f s: %s", _of(result), wait, error)
                await asyncio.sleep(wait)

    async def _lose(self, delivery: Delivery, result: TaskResult, error: ConductorError) -> None:
        self._metrics.result_lost(delivery.task.task_def_name)
        logger.error("%s is not taken, and never will be: %s", _of(result), error)
        with suppress(ConductorError):
            await delivery.drop()


def _may_be_taken_later(error: ConductorError, result: TaskResult, failures: int) -> bool:
    if isinstance(error, NotFoundError):
        return not is_gone(error, result.task_id, result.workflow_instance_id)
    if error.retryable or isinstance(error, UnauthorizedError | ForbiddenError):
        return True  # somebody may give the worker its rights back
    return error.status == _INTERNAL_SERVER_ERROR and failures < _MOST_INTERNAL_ERRORS


def _without_output(result: TaskResult, error: ConductorError) -> TaskResult:
    return result.model_copy(
        update={
            "status": TaskResultStatus.FAILED_WITH_TERMINAL_ERROR,
            "output_data": {},
            "callback_after_seconds": 0,
            "reason_for_incompletion": f"The result is too large for the server: {error}. "
            "Put what is large elsewhere, and return where it is.",
        }
    )


def _of(result: TaskResult) -> str:
    return f"result {result.status} of task {result.task_id}"
