"""Which addresses tasks may connect to."""

from ipaddress import ip_address

import pytest

from dalsegno_state.outbound_addresses import Reach, refusal

INTERNET, PRIVATE = Reach(), Reach(private=True)
LAPTOP = Reach(private=True, loopback=True)

METADATA = [
    "169.254.169.254",  # AWS, Google, Azure, Oracle, and most others
    "169.254.170.2",  # credentials of ECS tasks
    "169.254.170.23",  # credentials of EKS pods
    "169.254.0.23",  # Tencent
    "fe80::a9fe:a9fe",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd00:ec2::253",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
]
NO_HOST = ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"]  # noqa: S104
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1"]
PRIVATE_RANGES = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "240.0.0.1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
]
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"]


def carriers(address: str) -> list[str]:
    """Return the IPv6 addresses that carry an IPv4 address."""
    number = int(ip_address(address))
    high, low = number >> 16, number & 0xFFFF
    server, client = "4136:e378", f"{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}"
    return [
        f"::ffff:{address}",
        f"::{address}",
        f"::ffff:0:{address}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        f"2002:{high:x}:{low:x}::1",
        f"2001:0:{server}:0:0:{client}",
        f"fd12::5efe:{address}",
        f"2606:2800::200:5efe:{address}",
    ]


def test_metadata_is_never_called() -> None:
    for address in METADATA:
        assert "metadata" in str(refusal(ip_address(address), LAPTOP)), address


def test_what_is_no_host_is_never_called() -> None:
    for address in NO_HOST:
        assert refusal(ip_address(address), LAPTOP), address


@pytest.mark.parametrize("address", [*METADATA, *LOOPBACK, *PRIVATE_RANGES])
def test_internet_means_nothing_else(address: str) -> None:
    assert refusal(ip_address(address), INTERNET)


@pytest.mark.parametrize("address", PRIVATE_RANGES)
def test_private_ranges_are_a_right(address: str) -> None:
    assert refusal(ip_address(address), PRIVATE) is None


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_another_right(address: str) -> None:
    assert refusal(ip_address(address), PRIVATE) == "it is this machine itself"
    assert refusal(ip_address(address), LAPTOP) is None


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("reach", [INTERNET, PRIVATE, LAPTOP])
def test_the_internet_may_be_called(address: str, reach: Reach) -> None:
    assert refusal(ip_address(address), reach) is None


@pytest.mark.parametrize("reach", [INTERNET, PRIVATE])
@pytest.mark.parametrize(
    "carried", ["169.254.169.254", "168.63.129.16", "127.0.0.1", "255.255.255.255"]
)
def test_address_within_an_address_is_judged_too(carried: str, reach: Reach) -> None:
    for address in carriers(carried):
        assert refusal(ip_address(address), reach), address


def test_private_address_within_an_address_is_private() -> None:
    for address in carriers("10.0.0.1"):
        assert refusal(ip_address(address), INTERNET), address
        assert refusal(ip_address(address), PRIVATE) is None, address


def test_public_address_in_ipv6_notation_is_public() -> None:
    for address in ("::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"):
        assert refusal(ip_address(address), INTERNET) is None, address
