"""Refusing forms that another site made a browser send.

Three things must agree: the browser's own word on where the request started
(`Sec-Fetch-Site`, `Origin`), and a token that is bound to the garage, the visitor's cookie and
the login session. A sibling garage's page, cookie or token does not fit any of them.
"""

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from litestar.connection import Request
from litestar.handlers import BaseRouteHandler

from core.errors import NotAllowed
from core.web import cookies
from core.web.resources import AnyConnection, resources_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf_token"
HEADER = "x-csrf-token"
TOKEN_LENGTH = 4 * hashlib.sha256().digest_size
"""Of a token as a page carries it: mask and masked, in hexadecimal digits."""


class ForgedRequest(NotAllowed):
    """The request did not start on a page of ours, or its token is old."""


def visitor_of(connection: AnyConnection) -> str:
    """The random mark of this browser; made up now if it has none yet."""
    state = connection.scope["state"]
    if "visitor" not in state:
        name = cookies.cookie_name(resources_of(connection).settings, cookies.VISITOR)
        known = connection.cookies.get(name, "")
        state["visitor"] = known if len(known) >= 22 else secrets.token_urlsafe(16)
        state["visitor_is_new"] = state["visitor"] != known
    visitor: str = state["visitor"]
    return visitor


def csrf_token(connection: AnyConnection) -> str:
    """The token for forms on a page of this request."""
    return _token(connection, resources_of(connection).settings.secret_key)


def _token(connection: AnyConnection, key: str) -> str:
    settings = resources_of(connection).settings
    session = connection.cookies.get(cookies.cookie_name(settings, cookies.SESSION), "")
    realm = connection.scope["state"].get("realm") or str(connection.scope["state"]["tenant"].id)
    message = "|".join(
        (realm, visitor_of(connection), hashlib.sha256(session.encode()).hexdigest())
    )
    return hmac.digest(key.encode(), message.encode(), "sha256").hex()


def masked_token(connection: AnyConnection) -> str:
    """The token as a page carries it: another text each time, so that compressing the page tells
    nobody anything about it (BREACH)."""
    token = bytes.fromhex(csrf_token(connection))
    mask = secrets.token_bytes(len(token))
    return (mask + _xor(token, mask)).hex()


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))


def _unmasked(token: str) -> str:
    """What a page's token stands for; what is none stays as it is, and fits nobody."""
    try:
        both = bytes.fromhex(token)
    except ValueError:
        return token
    if len(both) != 2 * hashlib.sha256().digest_size:
        return token
    half = len(both) // 2
    return _xor(both[:half], both[half:]).hex()


def check_token(connection: AnyConnection, token: str | None) -> None:
    """Compare in constant time; a page that was made under a former key is believed too.

    Raises:
        ForgedRequest: the token is missing or not this visitor's.
    """
    given = _unmasked(token or "").encode()
    keys = resources_of(connection).settings.secret_keys
    if not any(hmac.compare_digest(_token(connection, key).encode(), given) for key in keys):
        raise ForgedRequest("token does not fit")


def check_origin(connection: AnyConnection) -> None:
    """Believe the browser's own word on where the request started.

    Raises:
        ForgedRequest: it started on another host, a sibling garage's included.
    """
    fetch_site = connection.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site not in {"same-origin", "none"}:
        raise ForgedRequest(f"started {fetch_site}")
    origin = connection.headers.get("origin")
    host = connection.headers.get("host", "").lower()
    if origin and (urlsplit(origin).netloc.lower() != host):
        raise ForgedRequest("foreign origin")


async def csrf_guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Guard of every unsafe method.

    A handler with `opt={"streams_body": True}` reads its body itself and must call
    :func:`check_token` with the first field; its origin is checked here all the same. One with
    `opt={"token_in_header": True}` is for scripts: its body is no form, and is not looked at.
    One with `opt={"signed_address": True}` is for programs that have seen no page of ours, such as
    a mail program that unsubscribes its reader: whoever knows its address, which is signed and
    names one thing, may do the one thing that it does.
    """
    if connection.scope.get("method") in SAFE_METHODS:
        return
    check_origin(connection)
    if handler.opt.get("signed_address"):
        return
    token = connection.headers.get(HEADER)
    streams = bool(handler.opt.get("streams_body"))
    is_form = not streams and not handler.opt.get("token_in_header")
    if token is None and is_form and isinstance(connection, Request):
        form = await connection.form()
        await form.close()  # only uploads have files, and those are not read here
        field = form.get(FIELD)
        token = field if isinstance(field, str) else None
    if token is None and streams:
        return
    check_token(connection, token)
