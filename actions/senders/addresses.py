"""Where messages may go: to the internet, and into the own network only where a setting says so.

A hook's URL may come from somebody who cannot reach the server's network himself. What is looked up here is what is
connected to: a name that changes its address between check and connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .base import PermanentError, TemporaryError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FORBIDDEN = {
    ip_network(network): kind
    for network, kind in {
        "0.0.0.0/8": "unspecified",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "shared (carrier-grade NAT)",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "reserved",
        "192.88.99.0/24": "reserved",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "reserved",
        "198.51.100.0/24": "reserved",
        "203.0.113.0/24": "reserved",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
        "::/128": "unspecified",
        "::1/128": "loopback",
        "fc00::/7": "private",
        "fe80::/10": "link-local",
        "fec0::/10": "private",
        "ff00::/8": "multicast",
        "2001::/23": "reserved",
        "2001:db8::/32": "reserved",
        "3fff::/20": "reserved",
    }.items()
}
"""Networks that are not the internet, of IANA's registries of special addresses, whatever Python's version knows."""

GLOBAL_V6 = IPv6Network("2000::/3")
"""All that is given out for the internet."""

EMBEDDING = {IPv6Network("::ffff:0:0/96"): 0, IPv6Network("64:ff9b::/96"): 0, IPv6Network("2002::/16"): 80}
"""IPv6 networks whose addresses stand for an IPv4 address (mapped, NAT64, 6to4), and how many bits follow it."""


class AddressRefusedError(PermanentError):
    """The receiver is in a network that messages may not go to."""


def resolve(host: str, port: int, allowed: Iterable[str]) -> list[str]:
    """The IP addresses of a host, all of which may be connected to.

    Args:
        host: A name or an address, without brackets.
        port: Where the connection will go.
        allowed: What may be reached though it is not on the internet: "host", "host:port", "[::1]:port", or a network
            such as "10.0.0.0/8". See the setting DJACTION_PRIVATE_HOSTS.

    Raises:
        AddressRefusedError: One of the addresses is private or the like.
        PermanentError: That cannot be a host's name.
        TemporaryError: No address was found.
    """
    entries = [entry.casefold() for entry in allowed]
    addresses = _look_up(host, port)
    if _is_named(host, port, entries):
        return addresses
    networks = [network for entry in entries if (network := _network(entry)) is not None]
    for address in addresses:
        kind = forbidden_kind(ip_address(address), networks)
        if kind:
            raise AddressRefusedError(
                f'"{host}" has the address {address}, which is {kind}. Nothing was sent. '
                f'If it is meant, add "{host}" to the setting DJACTION_PRIVATE_HOSTS.'
            )
    return addresses


def forbidden_kind(address: Address, allowed: Iterable[Network] = ()) -> str:
    """What an address is that messages may not go to ("private"), or "" where they may."""
    reached = _embedded(address) or address
    if any(one in network for one in {address, reached} for network in allowed):
        return ""
    for network, kind in FORBIDDEN.items():
        if reached in network:
            return kind
    return "reserved" if reached.version == 6 and reached not in GLOBAL_V6 else ""


def bad_entries(allowed: Iterable[str]) -> list[str]:
    """Entries of DJACTION_PRIVATE_HOSTS that mean nothing: a network that is none, a URL, an empty text."""
    return [
        entry
        for entry in allowed
        if not entry.strip() or "://" in entry or "@" in entry or ("/" in entry and _network(entry) is None)
    ]


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError as error:
        raise PermanentError(f'"{host}" cannot be the name of a host.') from error
    except OSError as error:
        raise TemporaryError(f'The address of "{host}" was not found: {error.strerror or error}.') from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    if not addresses:
        raise TemporaryError(f'"{host}" has no address.')
    return addresses


def _is_named(host: str, port: int, entries: Iterable[str]) -> bool:
    return not set(entries).isdisjoint(_names(host.casefold().rstrip("."), port))


def _names(host: str, port: int) -> Iterator[str]:
    """How a setting may name a host; with a port, an IPv6 address needs its brackets."""
    yield host
    bracketed = f"[{host}]" if ":" in host else host
    yield bracketed
    yield f"{bracketed}:{port}"


def _network(entry: str) -> Network | None:
    """The network that an entry is; None for a host."""
    try:
        return ip_network(entry, strict=False) if "/" in entry else None
    except ValueError:
        return None


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that a connection to an IPv6 address would end at."""
    if isinstance(address, IPv6Address):
        for network, bits_after in EMBEDDING.items():
            if address in network:
                return IPv4Address((int(address) >> bits_after) & 0xFFFFFFFF)
    return None
