"""The strict cloud as a proxy: what functions ask an emulator for goes by their rights."""

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.cloud.accesses import Sent
from tests.cloud.judge import Judge
from tests.cloud.limits import breach
from tests.cloud.refusals import access_denied
from tests.serving import serving

# Functions of these tests name themselves in the user agent, by AWS_SDK_UA_APP_ID.
_APP: Final = re.compile(r"(?:^|\s)app/(\S+)")
_SCOPE: Final = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([a-z0-9-]+)/aws4_request")
_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_SECONDS: Final = 60.0


@dataclass
class StrictProxy:
    """Passes requests on to an emulator, but for those that AWS would refuse.

    Attributes:
        url: What ``AWS_ENDPOINT_URL`` of functions is to be.
        judge: Has the rights of the functions; until it is there, everything is passed on.
        unread: Requests that no rule could read, and those beyond a limit; a test expects none.
    """

    url: str
    target: str
    judge: Judge | None = None
    unread: list[str] = field(default_factory=list)

    def refusal(self, agent: str, sent: Sent) -> str | None:
        """Return why a request is refused; None if it is passed on."""
        app = _APP.search(agent)
        if app is None or self.judge is None:
            return None
        try:
            beyond = breach(sent)
            if beyond is not None:
                self.unread.append(f"{app[1]}: {sent.operation} with {beyond}")
            return self.judge.refusal(app[1], sent)
        except (LookupError, ValueError, TypeError, StopIteration) as error:
            self.unread.append(f"{app[1]}: {sent.service} {sent.method} {sent.url}: {error!r}")
            return None

    def report(self) -> str:
        """Return what was denied, could not be read, and which rights were not made use of."""
        lines = [f"could not read {each}" for each in self.unread]
        if self.judge is not None:
            lines += [f"denied: {each}" for each in self.judge.denied]
            lines += [
                f"{function} never used {', '.join(sorted(unused))}"
                for function in self.judge.functions
                if (unused := self.judge.unused(function))
            ]
        return "\n".join(lines)


@contextmanager
def strict_proxy(target: str) -> Iterator[StrictProxy]:
    """Give a proxy on a free port of 127.0.0.1 that passes on to ``target``."""
    proxy = StrictProxy("", target)
    with serving(type("Handler", (_Handler,), {"proxy": proxy})) as proxy.url:
        yield proxy


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client, and one to the emulator for as long."""

    proxy: StrictProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        address = urlsplit(self.proxy.target)
        self._emulator = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_SECONDS
        )

    def finish(self) -> None:
        self._emulator.close()
        super().finish()

    def _pass_on(self) -> None:
        try:
            body = self._body()
        except EOFError:  # the function was killed while it asked
            self.close_connection = True
            return
        sent = self._sent(body)
        said = self.proxy.refusal(self.headers.get("User-Agent", ""), sent)
        if said is not None:
            self._refuse(sent, said)
            return
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
        try:
            self._emulator.request(self.command, self.path, body, headers)
            reply = self._emulator.getresponse()
        except (http.client.HTTPException, OSError):
            self._emulator.close()  # it may have closed it meanwhile; clients try again
            self.close_connection = True
            return
        content = reply.read()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        length = reply.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise EOFError
        return body

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _sent(self, body: bytes) -> Sent:
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        signed = parse_qs(urlsplit(self.path).query).get("X-Amz-Credential", [""])[0].split("/")
        return Sent(
            service=scope[1] if scope else signed[-2] if len(signed) > 1 else "",
            operation=self.headers.get("X-Amz-Target", "").rpartition(".")[2],
            method=self.command,
            url=f"http://{self.headers.get('Host', 'localhost')}{self.path}",
            body=body,
        )

    def _refuse(self, sent: Sent, said: str) -> None:
        status, headers, content = access_denied(sent.service, said)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
