"""What a garage tells its customers about their data (GDPR, article 13): its owner's words, or ours
made of what the portal does and how long this garage keeps it."""

from typing import Any

from litestar import Request, get

from core.hooks.contributions import NavigationEntry
from core.i18n import gettext as _
from core.web.rendering import Page
from plugins.self_service_portal.pages import page
from plugins.self_service_portal.time_wishes import KEPT_OPEN

AnyRequest = Request[Any, Any, Any]


@get("/{lang:str}/privacy", opt={"public": True})
async def privacy(request: AnyRequest) -> Page:
    """Who, what for, how long, and what a customer may ask."""
    return page(request, "privacy.html", wish_days=KEPT_OPEN.days)


def foot_entry(language: str) -> NavigationEntry:
    """At the end of every page of the portal."""
    return NavigationEntry(_("Privacy notice"), f"/{language}/privacy", "shield", area="foot")


HANDLERS = [privacy]
