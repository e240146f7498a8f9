"""Pages that a garage's own web site may show in a frame.

No page can be framed unless a guard says by which origins. Inside such a frame the garage's host
is a third party: browsers keep its cookies only where they are partitioned (CHIPS), that is, kept
apart for each site that frames us. So cookies that are set in a frame say so, and only those: the
cookies of a page that is open in a window of its own are as strict as ever.
"""

from collections.abc import Sequence

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from core.web.headers import POLICY, policy_with
from core.web.resources import AnyConnection

ANY_SITE = ("*",)
_STATE = "framed_by"
_COOKIE = "set-cookie"
_ELSEWHERE = ("Secure", "SameSite=None", "Partitioned")


def let_frame(connection: AnyConnection, origins: Sequence[str]) -> None:
    """Let pages of exactly these origins, such as `https://www.example.org`, show this one."""
    connection.scope["state"][_STATE] = tuple(origins)


def framing_origins(connection: AnyConnection) -> tuple[str, ...]:
    """Who may show this page in a frame, where the browser does so at this moment."""
    in_frame = connection.headers.get("sec-fetch-dest") == "iframe"
    origins: tuple[str, ...] = connection.scope["state"].get(_STATE, ())
    return origins if in_frame else ()


def was_sent_in_frame(connection: AnyConnection) -> bool:
    """Whether a page of ours that is in a frame sent this: its site was let in already."""
    headers = connection.headers
    return (headers.get("sec-fetch-dest"), headers.get("sec-fetch-site")) == (
        "iframe",
        "same-origin",
    )


class Frames:
    """Stands around an application: tells browsers who may frame an answer, and partitions the
    cookies of those that are framed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        asked = {name: value for name, value in scope["headers"] if name == b"sec-fetch-dest"}
        is_framed = asked.get(b"sec-fetch-dest") == b"iframe"

        async def send_to_frame(message: Message) -> None:
            origins = scope["state"].get(_STATE) if "state" in scope else None
            if message["type"] == "http.response.start" and origins:
                headers = MutableScopeHeaders.from_message(message)
                headers.setdefault(POLICY, policy_with(frame_ancestors=" ".join(origins)))
                if is_framed:
                    message["headers"] = [
                        (name, _partitioned(value) if name.decode().lower() == _COOKIE else value)
                        for name, value in message["headers"]
                    ]
            await send(message)

        await self.app(scope, receive, send_to_frame)


def _partitioned(cookie: bytes) -> bytes:
    parts = cookie.decode("latin-1").split("; ")
    kept = [each for each in parts if not each.lower().startswith(("samesite", "secure"))]
    return "; ".join((*kept, *_ELSEWHERE)).encode("latin-1")
