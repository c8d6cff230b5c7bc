"""The local server: the API over HTTP, and what goes on behind it, in one process."""

import ctypes
import errno
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import uvicorn
from pydantic import ValidationError

from dalsegno.models import ConductorModel
from dalsegno_functions import openapi
from dalsegno_functions.api import OPERATIONS
from dalsegno_functions.http.router import Router
from dalsegno_functions.local import external
from dalsegno_functions.local.asgi import GatewayApp
from dalsegno_functions.local.background import Background
from dalsegno_functions.local.origin import Origins
from dalsegno_functions.local.protocol import Http1Protocol
from dalsegno_functions.wiring import LocalEngine
from dalsegno_state.engine import Engine

GRACE_SECONDS: Final = 10

_BACKLOG: Final = 2048
# Each may hold 64 KB of a body that is not read yet, and as much of headers.
_MAX_CONNECTIONS: Final = 4096
# Longer than any client keeps an idle connection (httpx 5 s, undici 4 s, proxies 60 s): who hangs
# up first must be the one who sends, or a request meets a connection that is just being closed.
_KEEP_ALIVE_SECONDS: Final = 75
_PR_SET_DUMPABLE: Final = 4  # linux/prctl.h


class AddressInUseError(Exception):
    """Somebody else listens there."""


class LocalServer:
    """Serves one engine; bound on construction, so that its address is known before it runs."""

    def __init__(
        self,
        local: LocalEngine,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        """Take the address; port 0 takes any that is free.

        Args:
            local: What is served.
            host: Name or address to listen on.
            port: To listen on.
            allowed_hosts: Names by which clients may ask for this server, beside its addresses,
                ``host`` and the machine's own name; see ``Origins``.

        Raises:
            AddressInUseError: The port is taken, or may not be used.
        """
        self._socket = _bound(host, port)
        self._background = Background(local.background, local.queues)
        self._server = uvicorn.Server(
            uvicorn.Config(
                GatewayApp(
                    _router(local),
                    local.engine,
                    origins=Origins(_own_names(host, *allowed_hosts)),
                ),
                loop="uvloop",
                http=Http1Protocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,  # nothing asks who the client is, so none need be believed
                backlog=_BACKLOG,
                limit_concurrency=_MAX_CONNECTIONS,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Where the server is found."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def run(self) -> None:
        """Serve until stopped, by ``stop`` or by a signal if this is the main thread.

        Then no new request is accepted, those under way get ``GRACE_SECONDS`` to finish, and
        the background work ends after what it is doing.
        """
        _build_models()
        _hide_memory()
        self._background.start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._background.stop(GRACE_SECONDS)
            self._socket.close()

    def stop(self) -> None:
        """Have ``run`` return."""
        self._server.should_exit = True


def _router(local: LocalEngine) -> Router[Engine]:
    """Return the API, and what S3 does beside it elsewhere."""
    served = external.routes(local.ports.external)
    return Router((*OPERATIONS, *served, *openapi.routes(OPERATIONS)))


def _own_names(*given: str) -> frozenset[str]:
    """Return the names that are given and those that this machine has in its network."""
    machine = socket.gethostname()
    first = machine.partition(".")[0]
    return frozenset(name.lower() for name in (*given, machine, first, f"{first}.local") if name)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressInUseError(_reason(host, port, error)) from error
    return listener


def _reason(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is taken: stop who uses it, or choose another --port"
        case errno.EACCES:
            return f"port {port} needs more rights: choose one above 1023 with --port"
        case _:
            return f"cannot listen on {host}:{port}: {error.strerror or error}"


def _hide_memory() -> None:
    """Let no other process of this user, such as one that runs scripts, read this one's memory."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _build_models() -> None:
    """Build what would else be built by the first requests, by several threads at once."""
    waiting = list(ConductorModel.__subclasses__())
    while waiting:
        model = waiting.pop()
        model.model_rebuild()
        waiting += model.__subclasses__()
    for route in OPERATIONS:
        if route.body is not None:
            with suppress(ValidationError):
                route.body.adapter.validate_json("null")
