"""Addresses that tasks may connect to, judged after a name was resolved and before it is used."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

# Beside the link-local ranges, which hold most of them.
_METADATA: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    map(
        ip_network,
        (
            "fd00:ec2::/32",  # AWS: instance metadata, resolver, time, credentials of EKS pods
            "fd20:ce::/32",  # Google Cloud
            "168.63.129.16/32",  # Azure
            "100.100.100.200/32",  # Alibaba Cloud
            "192.0.0.192/32",  # Oracle Cloud, classic
            "fd00:c1::/32",  # Oracle Cloud
            "fd00:42::42/128",  # Scaleway
        ),
    )
)
_BROADCAST: Final = IPv4Address("255.255.255.255")
# Nothing but the IPv4 address in the last 32 bits: mapped, compatible, translated, NAT64.
_ONLY_IPV4: Final = tuple(
    map(IPv6Network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
)
_SITE_LOCAL: Final = IPv6Network("fec0::/10")  # deprecated by RFC 3879, which Python forgets
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214, the half before the IPv4 address
_LAST_32_BITS: Final = 0xFFFFFFFF
# A resolver that hangs keeps its thread; no more threads than this hang at once.
_lookups: Final = BoundedSemaphore(64)


class ResolveError(Exception):
    """A name has no address, or its lookup took too long."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which networks may be connected to beside the internet.

    Attributes:
        private: Private networks.
        loopback: This machine itself, where AWS Lambda has the API of its runtime.
    """

    private: bool = False
    loopback: bool = False


def refusal(address: Address, reach: Reach) -> str | None:
    """Return why an address must not be connected to, or None.

    Link-local and metadata addresses are always refused: they hand out credentials. An IPv6
    address that carries an IPv4 address is judged by both.
    """
    for each in _judged(address):
        reason = _refusal(each, reach)
        if reason is not None:
            return reason
    return None


def resolve(host: str, port: int, timeout_seconds: float) -> list[str]:
    """Return the addresses of a host, in the order in which they should be tried.

    Raises:
        ResolveError: It has none, or is not known in time.
    """
    if not _lookups.acquire(blocking=False):
        raise ResolveError(f"{host} cannot be resolved: too many lookups hang")
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, ValueError) as error:  # ValueError: a name that IDNA cannot write
            answers.put(error)
        finally:
            _lookups.release()

    # The C library's resolver cannot be interrupted, but its thread can be left behind.
    Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_seconds)
    except Empty:
        raise ResolveError(f"{host} was not resolved in time") from None
    if isinstance(answer, Exception):
        raise ResolveError(f"{host} cannot be resolved: {answer}") from answer
    return answer


def allowed(host: str, addresses: list[str], reach: Reach) -> list[str]:
    """Return those of a host's addresses that may be connected to.

    Raises:
        ResolveError: None may; says why.
    """
    reasons = {address: refusal(ip_address(address), reach) for address in addresses}
    found = [address for address, reason in reasons.items() if reason is None]
    if not found:
        told = "; ".join(f"{address}: {reason}" for address, reason in reasons.items())
        raise ResolveError(f"{host} must not be called ({told or 'it has no address'})")
    return found


def _refusal(address: Address, reach: Reach) -> str | None:
    if address.is_link_local or any(address in network for network in _METADATA):
        return "it is a link-local or metadata address"
    if address.is_multicast or address.is_unspecified or address == _BROADCAST:
        return "it is not the address of a host"
    if address.is_loopback:
        return None if reach.loopback else "it is this machine itself"
    if not reach.private and (not address.is_global or address in _SITE_LOCAL):
        return "it is in a private range; allow private addresses to call it"
    return None


def _judged(address: Address) -> Iterator[Address]:
    """Yield an address, and the IPv4 addresses that it carries and may be delivered to."""
    if isinstance(address, IPv4Address) or address.is_unspecified or address.is_loopback:
        yield address
        return
    last = IPv4Address(int(address) & _LAST_32_BITS)
    if any(address in network for network in _ONLY_IPV4):
        yield last
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _LOCAL_NAT64 or int(address) >> 32 & _LAST_32_BITS in _ISATAP:
        yield last
