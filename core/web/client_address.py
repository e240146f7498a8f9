"""Whose address a request comes from, believing only configured proxies."""

from core.web.resources import AnyConnection, resources_of


def client_address(connection: AnyConnection) -> str:
    """The browser's address: the last forwarded one that is not a proxy of ours."""
    peer = connection.client.host if connection.client else "unknown"
    trusted = resources_of(connection).settings.trusted_proxies
    if peer not in trusted:
        return peer
    forwarded = connection.headers.get("x-forwarded-for", "")
    for address in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if address not in trusted:
            return address
    return peer
