"""The application that serves every garage: the desk, and what plugins add."""

from typing import Any

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect
from litestar.types import ASGIApp

from core.web.compression import Compression
from core.web.csrf import csrf_guard
from core.web.dependencies import DEPENDENCIES
from core.web.desk import CONTROLLERS
from core.web.embedding import Frames
from core.web.error_pages import respond_to_error
from core.web.gate import gated_routers, plugin_gate
from core.web.head_requests import HeadLikeGet
from core.web.headers import SecurityHeaders
from core.web.language import language_guard, speak
from core.web.language_choice import choose_language
from core.web.public_pages import robots, sitemap
from core.web.rendering import redirect
from core.web.resources import AnyConnection, Resources, resources_of, tenant_of
from core.web.static_files import static_file, theme

FORM_LIMIT_BYTES = 1_000_000
"""For bodies that are no uploads; upload handlers stream and have limits of their own."""


@get("/", opt={"public": True})
async def front_door(request: Request[Any, Any, Any]) -> Redirect:
    """To the home page that a plugin offers customers, else to the staff's."""
    offered = resources_of(request).hooks.ask(
        "home_page", tenant=tenant_of(request), language=speak(request)
    )
    return redirect(request, offered[0] if offered else "/desk")


async def site_guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """All that stands before every handler, in this order. One guard and not three: the
    framework copies the handler, with all that it knows of it, for each."""
    await plugin_gate(connection, handler)
    await language_guard(connection, handler)
    await csrf_guard(connection, handler)


def create_garage_app(resources: Resources) -> ASGIApp:
    """The garages' application, compressed, inside its security headers."""
    app = Litestar(
        route_handlers=[
            front_door,
            choose_language,
            static_file,
            theme,
            robots,
            sitemap,
            *CONTROLLERS,
            *gated_routers(resources.hooks),
        ],
        guards=[site_guard],
        dependencies=DEPENDENCIES,
        exception_handlers={Exception: respond_to_error},
        state=State({"resources": resources}),
        request_max_body_size=FORM_LIMIT_BYTES,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    inside = Compression(HeadLikeGet(app))
    return SecurityHeaders(Frames(inside), strict_below=resources.settings.strict_below)
