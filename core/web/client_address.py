"""Whose address a request comes from, as limits count it, believing only configured proxies."""

import ipaddress

from core.web.resources import AnyConnection, resources_of

_OF_ONE_SUBSCRIBER = 64
"""Bits of an IPv6 address that a provider gives out: the rest is its customer's to choose
(RFC 6177, RFC 4291 section 2.5.1)."""


def client_address(connection: AnyConnection) -> str:
    """The browser's address: the last forwarded one that is not a proxy of ours. Of IPv6 it is
    the network of 64 bits, such as `2001:db8:1:2::/64`, because whoever has one address in it has
    them all; IPv4 in IPv6 is IPv4."""
    peer = _plain(connection.client.host) if connection.client else "unknown"
    trusted = {_plain(each) for each in resources_of(connection).settings.trusted_proxies}
    if peer not in trusted:
        return _counted(peer)
    forwarded = connection.headers.get("x-forwarded-for", "")
    for address in reversed([_plain(part) for part in forwarded.split(",") if part.strip()]):
        if address not in trusted:
            return _counted(address)
    return _counted(peer)


def _plain(text: str) -> str:
    """One way to write an address; what is none stays as it is."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return text.strip()
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _counted(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((address, _OF_ONE_SUBSCRIBER), strict=False))
    except ValueError:
        return address
