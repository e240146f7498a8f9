"""HEAD answered as RFC 9110 (9.3.2) wants it: like GET, without the body.

Handlers say only GET. An address with a HEAD of its own (an upload's) keeps it.
"""

from typing import Any, cast

from litestar import Litestar
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import Message, Receive, Scope, Send


class HeadLikeGet:
    """Stands around an application and asks it to GET what somebody wants the head of."""

    def __init__(self, app: Litestar) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if dict(scope).get("method") != "HEAD" or self._has_its_own(scope["path"]):
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        asked = cast("dict[str, Any]", {**scope, "method": "GET"})
        await self.app(cast("Scope", asked), receive, send_head)
        cast("dict[str, Any]", scope)["path_template"] = asked.get("path_template")

    def _has_its_own(self, path: str) -> bool:
        try:
            self.app.asgi_router.handle_routing(path=path, method="HEAD")
        except (MethodNotAllowedException, NotFoundException):
            return False
        return True
