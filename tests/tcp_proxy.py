"""A network that can be cut: a TCP proxy in threads, which notes what passes through."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class TcpProxy:
    """Passes bytes on between whoever connects and a port of this machine.

    Attributes:
        sent: What clients have sent so far.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self.sent: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, in the middle of whatever it carries."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break everything, and let nobody connect any more."""
        self._listener.close()
        self.cut()

    def lines(self) -> list[str]:
        """Return the first lines of the requests that clients have sent."""
        text = b"".join(self.sent).decode(errors="replace")
        return [line for line in text.split("\r\n") if line.endswith("HTTP/1.1")]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._pairs.append((client, server))
            for source, sink, notes in ((client, server, self.sent), (server, client, None)):
                threading.Thread(target=_pass_on, args=(source, sink, notes), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, notes: list[bytes] | None) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            if notes is not None:
                notes.append(data)
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(port: int) -> Iterator[TcpProxy]:
    """Give a proxy of a port for as long as the context lasts."""
    proxy = TcpProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
