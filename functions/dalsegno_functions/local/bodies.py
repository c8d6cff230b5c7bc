"""Bodies of requests, read whole, within the bounds of one and of all together."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar, Final, TypeAlias

from dalsegno.errors import ConductorError, UnavailableError
from dalsegno_functions.http.event import MAX_BODY_BYTES, too_large

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]

BODY_SECONDS: Final = 60.0
MAX_BYTES: Final = 256 * 1024 * 1024


class BodyTimeoutError(ConductorError):
    """The client does not get done with its request's body."""

    status: ClassVar[int] = 408
    retryable: ClassVar[bool] = True


class Bodies:
    """Counts the bytes of all bodies that are being received or worked on.

    Args:
        seconds: How long one body may take.
        max_bytes: Of all together.
    """

    def __init__(self, seconds: float = BODY_SECONDS, max_bytes: int = MAX_BYTES) -> None:
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._bytes = 0

    async def read(self, receive: Receive, *, is_announced: bool = True) -> bytes | None:
        """Return a body, to be given to ``release`` later; None if the client has left.

        Args:
            receive: See ASGI.
            is_announced: Whether the headers tell of a body; it may take its time then.

        Raises:
            PayloadTooLargeError: It is larger than any body may be; the rest is not read.
            UnavailableError: There is no room for it beside all others.
            BodyTimeoutError: It takes too long.
        """
        chunks: list[bytes] = []
        held = 0
        try:
            async with asyncio.timeout(self._seconds if is_announced else None):
                while (message := await receive())["type"] == "http.request":
                    chunk: bytes = message.get("body", b"")
                    held += len(chunk)
                    self._bytes += len(chunk)
                    if held > MAX_BODY_BYTES:
                        raise too_large()
                    if self._bytes > self._max_bytes:
                        raise UnavailableError("too many large requests at once; try again")
                    chunks.append(chunk)
                    if not message.get("more_body"):
                        held = 0  # until release
                        return b"".join(chunks)
        except TimeoutError:
            reason = f"the request's body took longer than {self._seconds:.0f} s"
            raise BodyTimeoutError(reason) from None
        finally:
            self._bytes -= held
        return None

    def release(self, body: bytes) -> None:
        """Make room again once a request is answered."""
        self._bytes -= len(body)
