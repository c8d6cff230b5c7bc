"""HTTP/1.1 of the local server: uvicorn's, within bounds, and deaf to offers of other protocols."""

from asyncio import TimerHandle, Transport
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_SECONDS: Final = 20.0
_MAX_HEAD_BYTES: Final = 64 * 1024
# A client must take so much of an answer in so much time, or all that is left of it.
_WRITE_SECONDS: Final = 30.0
_MIN_TAKEN_BYTES: Final = 64 * 1024
# Of all answers together that their clients have not taken yet.
_MAX_UNSENT_BYTES: Final = 256 * 1024 * 1024
# What offers another protocol, and means nothing once the offer is declined.
_OFFER: Final = frozenset({b"upgrade", b"http2-settings"})


class Http1Protocol(HttpToolsProtocol):
    """Answers every request in HTTP/1.1.

    httptools takes what follows the headers of a request that offers an upgrade for the other
    protocol, so its body would be lost. Java's HTTP client and ``curl --http2`` send such offers
    with every first request. They may be declined by not mentioning them (RFC 9110, 7.8): the
    request is read again without its offer.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_deadline: TimerHandle | None = None
        self._head_bytes = 0
        self._write_deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn
        """See ``asyncio.BaseProtocol.connection_made``."""
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.BaseProtocol.connection_lost``."""
        self._end_head()
        self._end_write()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See ``asyncio.BaseProtocol.pause_writing``: an answer is larger than what is taken."""
        super().pause_writing()
        unsent_bytes = sum(
            each.transport.get_write_buffer_size()
            for each in self.connections
            if isinstance(each, Http1Protocol)
        )
        if unsent_bytes > _MAX_UNSENT_BYTES:
            self.transport.abort()
        else:
            self._watch_write()

    def resume_writing(self) -> None:
        """See ``asyncio.BaseProtocol.resume_writing``."""
        self._end_write()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol.data_received``."""
        self._unset_keepalive_if_required()
        head, received = self._head_deadline, len(data)
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                (head_bytes,) = offer.args
                data = self._without_offer(data[head_bytes:])
            except httptools.HttpParserError:
                self._refuse("Invalid HTTP request received.")
                return
            else:
                break
        if head is not None and self._head_deadline is head:  # all of it was of one head
            self._head_bytes += received
            if self._head_bytes > _MAX_HEAD_BYTES:
                self._refuse("The request's headers are too long.")

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        if self._head_deadline is None:
            self._begin_head()

    def on_headers_complete(self) -> None:
        """Answer a request, unless it offers an upgrade: see ``data_received``."""
        if not self.parser.should_upgrade():
            self._end_head()
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that a request's body is complete."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _without_offer(self, rest: bytes) -> bytes:
        """Return a request as it would be without the upgrade it offers, for a new parser.

        Nothing is left of one that asks for a tunnel.

        Args:
            rest: What came after its headers.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self._refuse("This server is no proxy.")
            return b""
        lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] not in _OFFER]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join((*lines, b"", rest))

    def _begin_head(self) -> None:
        self._head_bytes = 0
        self._head_deadline = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _end_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _give_up(self) -> None:
        """Hang up on a client that does not get done with its headers."""
        self._head_deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _watch_write(self) -> None:
        unsent_bytes = self.transport.get_write_buffer_size()
        self._write_deadline = self.loop.call_later(_WRITE_SECONDS, self._check_write, unsent_bytes)

    def _check_write(self, unsent_bytes: int) -> None:
        """Hang up on a client that does not take its answer, which is kept in memory."""
        if unsent_bytes - self.transport.get_write_buffer_size() < _MIN_TAKEN_BYTES:
            self.transport.abort()
        else:
            self._watch_write()

    def _end_write(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def _refuse(self, message: str) -> None:
        self._end_head()
        self.logger.info("%s", message)
        self.send_400_response(message)
