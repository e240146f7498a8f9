"""Pages of the console: what each of them shows, and in whose time."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.hooks.contributions import NavigationEntry
from core.i18n import ENDONYMS, LANGUAGES, format_datetime
from core.i18n import gettext as _
from core.web.rendering import Page, respond, site_values
from core.web.resources import AnyConnection
from tenants.console.language import speak
from tenants.console.members import member_of
from tenants.console.words import role_label
from tenants.support_staff import LEAD

ZONE = ZoneInfo("Europe/Brussels")
"""Where the help desk sits; garages keep zones of their own."""


def page(
    connection: AnyConnection, template: str, *, status_code: int = 200, **values: Any
) -> Page:
    """Render a template of the console."""
    context = {**_common_values(connection), **values}
    return respond(connection, template, context, status_code=status_code)


def _common_values(connection: AnyConnection) -> dict[str, Any]:
    language = speak(connection)
    member = member_of(connection)
    return {
        **site_values(connection, language),
        "site_name": _("Garagist support"),
        "theme_url": None,
        "languages": [(code, ENDONYMS[code], f"/language/{code}") for code in LANGUAGES],
        "nav": _navigation(connection.scope["path"]),
        "member": member,
        "is_lead": member is not None and member.role == LEAD,
        "role_label": role_label,
        "when": _when,
    }


def _navigation(path: str) -> list[NavigationEntry]:
    entries = [
        (_("Garages"), "/garages", "home"),
        (_("Log"), "/audit", "book"),
        (_("Health"), "/health", "shield"),
    ]
    return [
        NavigationEntry(label, href, icon, current=path == href or path.startswith(href + "/"))
        for label, href, icon in entries
    ]


def _when(moment: datetime | None) -> str:
    return format_datetime(moment, ZONE, "d MMM yyyy, HH:mm")
