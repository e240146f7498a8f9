"""Web sites that may show the portal in a frame, as a garage's owner types them."""

import re
from urllib.parse import urlsplit

from core.errors import Refused

MOST = 10
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+")
_HERE = re.compile(r"([a-z0-9-]+\.)*localhost|127\.0\.0\.1")


class NoOrigin(Refused):
    """Not the address of a web site that a browser would send."""

    status_code = 422

    def __init__(self, text: str) -> None:
        super().__init__(
            "“%(text)s” is not the address of a web site. Please write it as in"
            " https://www.example.com, without anything behind the name.",
            field="embed_origins",
            text=text[:60],
        )


class NotSecure(Refused):
    """Plain http, on another machine than the reader's own."""

    status_code = 422

    def __init__(self, text: str) -> None:
        super().__init__(
            "“%(text)s” must begin with https://. Only a site on your own computer, such as"
            " http://localhost:8080, may do without.",
            field="embed_origins",
            text=text[:60],
        )


class TooManyOrigins(Refused):
    """More than :data:`MOST`."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("At most %(most)s web sites.", field="embed_origins", most=MOST)


def origins_in(text: str) -> tuple[str, ...]:
    """The origins in what was typed, one a line, each once, as browsers write them.

    Raises:
        NoOrigin, NotSecure, TooManyOrigins: as they say.
    """
    lines = (line.strip() for line in text.splitlines())
    found = tuple(dict.fromkeys(_origin(line) for line in lines if line))
    if len(found) > MOST:
        raise TooManyOrigins
    return found


def _origin(typed: str) -> str:
    try:
        parts = urlsplit(typed.lower())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port
    except ValueError:
        raise NoOrigin(typed) from None
    bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username)
    if not bare or not host or "@" in parts.netloc:
        raise NoOrigin(typed)
    is_here = bool(_HERE.fullmatch(host))
    if not is_here and not (_NAME.fullmatch(host) and not host.split(".")[-1].isdigit()):
        raise NoOrigin(typed)
    if parts.scheme not in {"http", "https"}:
        raise NoOrigin(typed)
    if parts.scheme == "http" and not is_here:
        raise NotSecure(typed)
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")
