"""When a request is made again, and how long to wait before."""

import random
from dataclasses import dataclass
from typing import Final

import httpx

from dalsegno.client.answers import is_of_the_api
from dalsegno.client.call import Call

# The request has not been looked at, whatever it asks for.
_REFUSED: Final = frozenset({429})
# It may have had its effect.
_FAILED: Final = frozenset({502, 503, 504})

_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)
_MAX_DELAY_DIGITS: Final = 9  # of a Retry-After
# The next attempt would not even be sent.
_IN_VAIN: Final = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Retries:
    """Delays that grow, with full jitter, so that many clients do not come back all at once.

    Attributes:
        attempts: How often a request is made at most; 1 means never again.
        first_delay_seconds: The longest delay before the second attempt; doubled each time.
        longest_delay_seconds: What no delay is longer than.
    """

    attempts: int = 6
    first_delay_seconds: float = 0.2
    longest_delay_seconds: float = 10.0

    def delay_seconds(self, attempt: int, asked_for: float | None = None) -> float | None:
        """Return how long to wait after an attempt (the first is 1); None if it was the last.

        A server that asks for a delay gets it, up to the longest.
        """
        if attempt >= self.attempts:
            return None
        if asked_for is not None:
            return min(asked_for, self.longest_delay_seconds)
        most = min(self.first_delay_seconds * 2 ** (attempt - 1), self.longest_delay_seconds)
        return random.uniform(0, most)  # noqa: S311 - nobody gains by guessing it


def may_repeat_after_answer(call: Call[object], response: httpx.Response) -> bool:
    """Return whether a call may be made again that was answered so."""
    status = response.status_code
    if status in _REFUSED:
        return True
    # A gateway says 500 when the function behind it died; the API when it will fail again.
    has_died = status == httpx.codes.INTERNAL_SERVER_ERROR and not is_of_the_api(response)
    return call.repeatable and (status in _FAILED or has_died)


def may_repeat_after_error(
    call: Call[object], request: httpx.Request, error: httpx.RequestError
) -> bool:
    """Return whether a call may be made again that was not answered: if it was never sent, yes."""
    if isinstance(error, _IN_VAIN):
        return False
    # What failed may have been the request for a token; then the call itself was not looked at.
    return call.repeatable or isinstance(error, _NEVER_SENT) or error.request is not request


def delay_asked_for(response: httpx.Response) -> float | None:
    """Return the seconds that an answer asks to wait, or None."""
    value = response.headers.get("Retry-After", "")
    is_number = value.isascii() and value.isdigit() and len(value) <= _MAX_DELAY_DIGITS
    return float(value) if is_number else None
