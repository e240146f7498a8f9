"""Which host a request was sent to."""

import re

from litestar.types import Scope

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


def host_of(scope: Scope) -> str | None:
    """The host that was asked for: lower case, without port and trailing dot; None if the
    header is missing, given twice or not a host name."""
    values = [value for name, value in scope["headers"] if name == b"host"]
    if len(values) != 1:
        return None
    host = values[0].decode("latin-1").lower()
    host, _, port = host.partition(":")
    host = host.removesuffix(".")
    if (port and not port.isdigit()) or not _HOST.fullmatch(host):
        return None
    return host
