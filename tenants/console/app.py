"""The application that serves the support console."""

from litestar import Litestar, get
from litestar.datastructures import State
from litestar.response import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from core.web.compression import Compression
from core.web.csrf import csrf_guard
from core.web.garage_app import FORM_LIMIT_BYTES
from core.web.head_requests import HeadLikeGet
from core.web.headers import SecurityHeaders
from core.web.language_choice import choose_language
from core.web.public_pages import NOBODY
from core.web.resources import Resources
from core.web.static_files import static_file
from tenants.activation import Switching
from tenants.console import (
    access_pages,
    audit_pages,
    domain_pages,
    garage_pages,
    health_pages,
    new_garage_pages,
    plugin_pages,
)
from tenants.console.dependencies import DEPENDENCIES
from tenants.console.error_pages import respond_to_error
from tenants.console.guard import PUBLIC, member_guard


@get("/robots.txt", opt=PUBLIC)
async def robots() -> Response[str]:
    """Nobody should find the console."""
    return Response(NOBODY, media_type="text/plain")


REALM = "support"
"""What tokens and messages of the console are bound to, as a garage's are to the garage."""


class _InRealm:
    """Says whose site this is before any guard looks at a token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["realm"] = REALM
        await self._app(scope, receive, send)


def create_console_app(resources: Resources, switching: Switching) -> ASGIApp:
    """The console's application, inside its security headers."""
    app = Litestar(
        route_handlers=[
            choose_language,
            static_file,
            robots,
            *access_pages.HANDLERS,
            *garage_pages.HANDLERS,
            *domain_pages.HANDLERS,
            *new_garage_pages.HANDLERS,
            *plugin_pages.HANDLERS,
            *audit_pages.HANDLERS,
            *health_pages.HANDLERS,
        ],
        guards=[member_guard, csrf_guard],
        dependencies=DEPENDENCIES,
        exception_handlers={Exception: respond_to_error},
        state=State({"resources": resources, "switching": switching}),
        request_max_body_size=FORM_LIMIT_BYTES,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    inside = Compression(HeadLikeGet(app))
    return SecurityHeaders(_InRealm(inside), strict_below=resources.settings.strict_below)
