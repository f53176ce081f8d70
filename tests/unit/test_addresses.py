"""Where messages may go."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actions.senders.addresses import EMBEDDING, AddressRefusedError, bad_entries, forbidden_kind, resolve
from actions.senders.base import PermanentError, TemporaryError

PUBLIC, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What names are answered with."""

    def set_answer(*addresses: str) -> None:
        found = [(0, 0, 0, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)

    return set_answer


def test_addresses_on_the_internet_are_given_back_each_once(answer: Any) -> None:
    answer(PUBLIC, PUBLIC_6, PUBLIC)

    assert resolve("crm.example", 443, ()) == [PUBLIC, PUBLIC_6]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.0.0.5", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local"),
        ("100.64.0.1", "shared"),
        ("100.100.100.200", "shared"),
        ("0.0.0.0", "unspecified"),  # noqa: S104 - it must be refused
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("192.0.2.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::127.0.0.1", "reserved"),
        ("fc00::1", "private"),
        ("fd00:ec2::254", "private"),
        ("fe80::1", "link-local"),
        ("fe80::1%1", "link-local"),
        ("fec0::1", "private"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "reserved"),
        ("2001::1", "reserved"),
        ("64:ff9b:1::1", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::169.254.169.254", "link-local"),
        ("2002:7f00:1::", "loopback"),
        ("2002:c0a8:101::1", "private"),
    ],
)
def test_an_address_that_is_not_on_the_internet_is_refused(answer: Any, address: str, kind: str) -> None:
    answer(address)

    with pytest.raises(AddressRefusedError, match=kind) as caught:
        resolve("crm.example", 443, ())
    assert isinstance(caught.value, PermanentError)
    assert "DJACTION_PRIVATE_HOSTS" in caught.value.detail


@pytest.mark.parametrize("address", ["::ffff:93.184.215.14", "64:ff9b::93.184.215.14", "2002:5db8:d70e::1"])
def test_an_ipv6_address_that_stands_for_one_on_the_internet_is_not(answer: Any, address: str) -> None:
    answer(address)

    assert resolve("crm.example", 443, ()) == [address]


@given(st.ip_addresses())
@example(ip_address("192.88.99.1"))
@example(ip_address("3fff::1"))
def test_nothing_is_let_through_that_python_knows_as_special(address: IPv4Address | IPv6Address) -> None:
    is_special = address.is_multicast or address.is_reserved or not address.is_global
    stands_for_another = any(address in network for network in EMBEDDING)

    assert stands_for_another or not is_special or forbidden_kind(address)


@pytest.mark.parametrize("addresses", [(PUBLIC, "10.0.0.5"), ("10.0.0.5", PUBLIC), (PUBLIC_6, "::1")])
def test_one_forbidden_address_is_enough(answer: Any, addresses: tuple[str, ...]) -> None:
    answer(*addresses)

    with pytest.raises(AddressRefusedError):
        resolve("crm.example", 443, ())


@pytest.mark.parametrize(
    "entry", ["crm.internal", "CRM.Internal", "crm.internal:8443", "10.0.0.0/8", "10.0.0.5/32", "10.0.0.5/8"]
)
def test_what_the_setting_names_may_be_reached(answer: Any, entry: str) -> None:
    answer("10.0.0.5")

    assert resolve("crm.internal", 8443, [entry]) == ["10.0.0.5"]
    assert resolve("CRM.internal.", 8443, [entry]) == ["10.0.0.5"]


@pytest.mark.parametrize("entry", ["crm.internal:80", "internal", "10.0.0.6/32", "10.0.0.5", "*", "", "10.0.0.0/99"])
def test_what_the_setting_does_not_name_may_not(answer: Any, entry: str) -> None:
    answer("10.0.0.5")

    with pytest.raises(AddressRefusedError):
        resolve("crm.internal", 8443, [entry])


def test_a_network_allows_its_own_addresses_only(answer: Any) -> None:
    answer("10.0.0.5", "192.168.0.1")

    with pytest.raises(AddressRefusedError, match=r"192\.168\.0\.1"):
        resolve("crm.internal", 443, ["10.0.0.0/8"])


def test_a_network_allows_its_addresses_in_ipv6_clothes(answer: Any) -> None:
    answer("::ffff:10.0.0.5")

    assert resolve("crm.internal", 443, ["10.0.0.0/8"]) == ["::ffff:10.0.0.5"]


@pytest.mark.parametrize("entry", ["::1", "[::1]", "[::1]:8000", "::1/128"])
def test_an_ipv6_address_may_be_named(entry: str) -> None:
    assert resolve("::1", 8000, [entry]) == ["::1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "localhost"])
def test_other_ways_to_write_an_address_are_seen_through(host: str) -> None:
    with pytest.raises(AddressRefusedError):
        resolve(host, 80, ())


def test_a_name_without_an_address_may_have_one_later(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    answer()
    with pytest.raises(TemporaryError, match=r"crm\.example"):
        resolve("crm.example", 443, ())
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(TemporaryError, match="Name or service not known"):
        resolve("crm.example", 443, ())


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_what_cannot_be_a_name_never_will(host: str) -> None:
    with pytest.raises(PermanentError):
        resolve(host, 443, ())


def test_entries_that_mean_nothing_are_found() -> None:
    good = ["crm.internal", "crm.internal:8443", "10.0.0.0/8", "[::1]:80", "fd00::/8"]
    bad = ["", "10.0.0.0/99", "https://crm.internal", "crm.internal/8", "me@crm"]

    assert bad_entries([*good, *bad]) == bad
