"""What AWS refuses, told in the engine's words: busy, too large, or a fault of ours."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from dalsegno.errors import PayloadTooLargeError, UnavailableError

_BUSY: Final = frozenset(
    {
        "AWS.SimpleQueueService.OverLimit",
        "AWS.SimpleQueueService.QueueDeletedRecently",
        "InternalFailure",
        "InternalServerError",
        "KmsThrottled",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "QueueDeletedRecently",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)
_SERVER_ERROR: Final = 500
_TRIES: Final = 10
_FIRST_WAIT_SECONDS: Final = 0.02
_LONGEST_WAIT_SECONDS: Final = 2.0


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Let an expected failure of a call to AWS out as the engine's own error.

    ``doing`` says for the message what is tried.

    Raises:
        UnavailableError: AWS is busy or cannot be reached, also after botocore's retries.
        PayloadTooLargeError: The item is larger than DynamoDB takes.
    """
    try:
        yield
    except ClientError as error:
        if _is_busy(error):
            raise UnavailableError(f"{doing}: AWS is busy ({code_of(error)})") from error
        if code_of(error) == "ValidationException" and "Item size" in str(error):
            raise PayloadTooLargeError(
                f"{doing}: more than the 400 KB that fit into one item"
            ) from error
        raise
    except (ConnectionError, HTTPClientError) as error:
        raise UnavailableError(f"{doing}: AWS cannot be reached") from error


def code_of(error: ClientError) -> str:
    """Return the code of an error, such as ``ConditionalCheckFailedException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def was_repeated(error: ClientError) -> bool:
    """Return whether botocore had sent the request before; it may have taken effect then."""
    return error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0


def tries() -> Iterator[int]:
    """Yield the numbers of attempts at something contested, with pauses that grow at random."""
    for number in range(_TRIES):
        yield number
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**number)
        time.sleep(random.uniform(0, longest))  # noqa: S311  (spreads competitors, no secret)


def rounds(doing: str) -> Iterator[int]:
    """Yield as ``tries`` does, for what must succeed in the end.

    Raises:
        UnavailableError: None of them succeeded.
    """
    yield from tries()
    raise UnavailableError(f"{doing}: too many at once; try again")


def _is_busy(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in _BUSY or status >= _SERVER_ERROR
