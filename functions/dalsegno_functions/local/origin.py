"""Which requests a browser may send: those of this server's own pages, and of the user.

A local server asks nobody who they are, and every page that its user visits could send it
requests: by a form, an image or a script (cross-site request forgery), or under a name that is
made to lead to this machine (DNS rebinding). Programs other than browsers are not restricted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from dalsegno.errors import ConductorError, ForbiddenError
from dalsegno_functions.auth.roles import steers
from dalsegno_functions.http.routes import Route

# Names below these mean nothing outside. A machine in the same network may own one all the same
# (mDNS, LLMNR), so pages must not be called so: a browser may ask for addresses, for localhost
# and for the names that the server was told.
_PRIVATE_DOMAINS: Final = (".local", ".internal")
# What forms and scripts can send to other sites without asking them first.
_FORM_TYPES: Final = frozenset(
    {"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
)
_DEFAULT_PORTS: Final = (":80", ":443")


class UnsupportedMediaTypeError(ConductorError):
    """The content type of the body is not what the operation takes."""

    status: ClassVar[int] = 415


@dataclass(frozen=True, slots=True)
class Origins:
    """Tells the requests of the user from those of strangers' pages.

    Attributes:
        names: Under which this server may be asked for, beside addresses and localhost. Programs
            may also use names without dots and names of private domains.
    """

    names: frozenset[str]

    def check(
        self, method: str, path: str, headers: Mapping[str, str], route: Route[Any] | None
    ) -> None:
        """Return if the request may be answered.

        Raises:
            ForbiddenError: It asks for a name that is not this server's, or comes from a page
                of another site.
            UnsupportedMediaTypeError: A browser sends a form where JSON is due.
        """
        host = headers.get("host", "")
        if host and not self._is_own(_name(host), is_browser=_is_browser(headers)):
            raise ForbiddenError(
                f"this server does not answer to the name {_name(host)[:100]!r}: ask for it by "
                "its address, or start it with --allow-host and that name"
            )
        if not _is_browser(headers):
            return
        if self._is_foreign(method, path, headers, host):
            raise ForbiddenError("pages of other sites may not use this server")
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        has_body = route is not None and route.body is not None
        if has_body and content_type in _FORM_TYPES:
            raise UnsupportedMediaTypeError("the content type must be application/json")

    def _is_own(self, name: str, *, is_browser: bool) -> bool:
        if name in self.names or _is_loopback(name) or _is_address(name):
            return True
        return not is_browser and ("." not in name or name.endswith(_PRIVATE_DOMAINS))

    def _is_foreign(self, method: str, path: str, headers: Mapping[str, str], host: str) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            return not _is_same_site(origin, host)
        site = headers.get("sec-fetch-site")
        if site is None:  # an old browser, or one that was not asked for localhost
            is_harmless = method in {"GET", "HEAD"} and not steers(path.strip("/").split("/"))
            return not (is_harmless or _is_same_site(headers.get("referer", ""), host))
        return site == "cross-site" and not _is_visit(method, path, headers)


def _is_browser(headers: Mapping[str, str]) -> bool:
    is_named = headers.get("user-agent", "").startswith("Mozilla/")
    return is_named or "origin" in headers or "sec-fetch-site" in headers


def _is_visit(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Return whether a user follows a link to a page of this server."""
    is_page = not path.startswith("/api/")
    return method == "GET" and is_page and headers.get("sec-fetch-mode") == "navigate"


def _is_same_site(url: str, host: str) -> bool:
    """Return whether a page is of this server, or of another server on the same machine."""
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
    except ValueError:
        return False
    return _without_port(parts.netloc.lower()) == _without_port(host.lower()) or _is_loopback(name)


def _without_port(host: str) -> str:
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    return host


def _name(host: str) -> str:
    """Return the name, or the address without brackets, in a ``Host`` header."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_address(name) and ip_address(name).is_loopback
