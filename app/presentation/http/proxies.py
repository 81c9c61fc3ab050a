"""Whom a request comes from, and whose word is taken for it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Networks: TypeAlias = Sequence[IPv4Network | IPv6Network]

LOCAL = IPv4Address("127.0.0.1")

UNKNOWN = "unknown"
"""What all callers without an address are counted under."""

# What proxies write for a hop: an address, or one with a port, IPv6 then in brackets. Zones mean nothing
# here.
_HOP = re.compile(rb"([\d.]{7,15})(?::\d{1,5})?|\[([\da-fA-F:.]{2,45})\](?::\d{1,5})?|([\da-fA-F:.]{2,45})")


def client_address(peer: str | None, forwarded_for: Sequence[bytes], trusted: Networks) -> str:
    """The client's address in canonical spelling: of the hops, the nearest that is no trusted proxy.

    `forwarded_for` are the values of all X-Forwarded-For lines in their order. They are read from the
    right, and each hop only if a trusted proxy wrote it; if it wrote no address, its own is the answer. A
    peer without an address (a Unix socket: only processes of this host reach it) counts as 127.0.0.1 and is
    believed if that is trusted. IPv4-mapped IPv6 addresses are IPv4 addresses, for the trusted networks as
    well.
    """
    return _client_address(peer, tuple(forwarded_for), tuple(trusted))


@lru_cache(4096)
def peer_address(peer: str | None) -> str:
    """The address of a client that comes through no proxy, as `client_address` has it."""
    return str(_parse(peer) or LOCAL)


@lru_cache(4096)
def _client_address(
    peer: str | None, forwarded_for: tuple[bytes, ...], trusted: tuple[IPv4Network | IPv6Network, ...]
) -> str:
    current = _parse(peer) or LOCAL
    hops = [hop for line in forwarded_for for hop in line.split(b",")]
    while hops and any(current in network for network in trusted):
        match = _HOP.fullmatch(hops.pop().strip(b" \t"))
        nearer = match and _parse((match[1] or match[2] or match[3]).decode())
        if not nearer:
            break
        current = nearer
    return str(current)


@lru_cache(4096)
def throttle_key(address: str) -> str:
    """What an address is counted under: an IPv6 address under its /64, all of which is one customer's."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return str(parsed or UNKNOWN)


@lru_cache(4096)
def _parse(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
