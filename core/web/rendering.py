"""Turning a template and values into a response, with all that every page shows."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import structlog
from itsdangerous import BadSignature, URLSafeSerializer
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response import Redirect, Response

from core.hooks.contributions import NavigationEntry
from core.i18n import ENDONYMS, gettext
from core.settings import Settings
from core.web import cookies
from core.web.components import page_token
from core.web.csrf import masked_token, visitor_of
from core.web.embedding import framing_origins
from core.web.language import speak
from core.web.public_pages import ROBOTS_HEADER, found_as, may_be_found
from core.web.puzzles import puzzle_of
from core.web.resources import AnyConnection, resources_of, tenant_of
from core.web.site_look import look_of
from core.web.viewer import Viewer, viewer_of

log = structlog.get_logger(__name__)

Page = Response[str]
PRIVATE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Flash:
    """A short message on the next page; `undo_href` is posted to by its *Undo* button, and
    `more_href` is a link beside it."""

    text: str
    tone: Literal["good", "info", "warning", "danger"] = "good"
    undo_href: str | None = None
    more_href: str | None = None
    more_text: str = ""


def page(
    connection: AnyConnection, template: str, *, status_code: int = 200, **values: Any
) -> Page:
    """Render `template` for this request. Pages are never stored by caches."""
    answer = respond(
        connection, template, {**common_values(connection), **values}, status_code=status_code
    )
    if status_code == 200 and may_be_found(connection):
        answer.headers[ROBOTS_HEADER] = "all"
    return answer


def respond(
    connection: AnyConnection, template: str, context: Mapping[str, Any], *, status_code: int
) -> Page:
    """The page that `template` makes of exactly these values, for any site of the platform."""
    html = _drawn(connection, template, context)
    return Response(
        html,
        media_type=MediaType.HTML,
        status_code=status_code,
        headers=PRIVATE,
        cookies=page_cookies(connection),
    )


def fragment(connection: AnyConnection, template: str, **values: Any) -> Response[Any]:
    """A part of a page for a script that has the page open, with an ETag of what it says: 304
    and nothing more where the browser shows exactly that. The token of its forms differs each time
    and says nothing. It leaves messages of the next page alone."""
    context = {**common_values(connection), **values}
    html = _drawn(connection, template, context)
    says = html.replace(str(context["csrf_token"]), "")
    tag = f'"{hashlib.sha256(says.encode()).hexdigest()[:32]}"'
    headers = {**PRIVATE, "ETag": tag}
    if connection.headers.get("if-none-match") == tag:
        return Response(None, status_code=304, headers=headers)
    return Response(html, media_type=MediaType.HTML, headers=headers)


def _drawn(connection: AnyConnection, template: str, context: Mapping[str, Any]) -> str:
    token = page_token.set(context["csrf_token"])
    try:
        return resources_of(connection).templates.get_template(template).render(context)
    finally:
        page_token.reset(token)


def redirect(
    connection: AnyConnection, path: str, *, flash: Flash | None = None, cookies_: Any = ()
) -> Redirect:
    """303 to a path of this site, with a message for the page that follows."""
    settings = resources_of(connection).settings
    jar: list[Cookie] = list(cookies_)
    if flash is not None:
        value = _flash_serializer(settings, _realm(connection)).dumps(asdict(flash))
        jar.append(cookies.our_cookie(settings, cookies.FLASH, str(value), seconds=60))
    return Redirect(path, status_code=303, headers=PRIVATE, cookies=jar)


def site_values(connection: AnyConnection, language: str) -> dict[str, Any]:
    """What the templates of every site of the platform may use."""
    return {
        "lang": language,
        "flashes": _read_flash(connection),
        "csrf_token": masked_token(connection),
        "puzzle": puzzle_of(connection),
        "request_path": connection.scope["path"],
        "framed_by": framing_origins(connection),
        "demo": resources_of(connection).settings.garagist_mode == "demo",
        "logo": None,
        "phone": None,
        "foot_nav": [],
    }


def common_values(connection: AnyConnection) -> Mapping[str, Any]:
    """What every template of a garage may use."""
    tenant = tenant_of(connection)
    viewer = viewer_of(connection)
    language = speak(connection)
    entries = _navigation(connection, language, viewer)
    return {
        **site_values(connection, language),
        "public_page": found_as(connection),
        "site_name": tenant.name,
        "tenant": tenant,
        "phone": tenant.phone,
        "viewer": viewer,
        "languages": _language_choices(connection, tenant.languages),
        "nav": [entry for entry in entries if entry.area == "desk"],
        "portal_nav": [entry for entry in entries if entry.area == "portal"],
        "foot_nav": [entry for entry in entries if entry.area == "foot"],
        "theme_url": look_of(connection).theme_url,
        "logo": look_of(connection).logo,
        "app": look_of(connection).app,
        "brand_colour": look_of(connection).brand,
    }


def _navigation(
    connection: AnyConnection, language: str, viewer: Viewer | None
) -> list[NavigationEntry]:
    path = connection.scope["path"]
    offered = [
        *desk_entries(),
        *(
            entry
            for entries in resources_of(connection).hooks.ask(
                "navigation", tenant=tenant_of(connection), language=language
            )
            for entry in entries
        ),
    ]
    allowed = [
        replace(entry, current=True) if _is_current(entry.href, path) else entry
        for entry in offered
        if entry.permission is None or (viewer is not None and viewer.may(entry.permission))
    ]
    return sorted(allowed, key=lambda entry: entry.position)


def desk_entries() -> list[NavigationEntry]:
    """The staff menu's own entries; plugins add theirs through the `navigation` hook."""
    return [
        NavigationEntry(gettext("Today"), "/desk", "home", position=10),
        NavigationEntry(gettext("Jobs"), "/desk/jobs", "list", position=20, permission="jobs.view"),
        NavigationEntry(
            gettext("Planning"),
            "/desk/planning",
            "calendar",
            position=40,
            permission="planning.edit",
        ),
        NavigationEntry(
            gettext("Staff"), "/desk/staff", "users", position=80, permission="staff.manage"
        ),
        NavigationEntry(
            gettext("Garage settings"),
            "/desk/settings",
            "settings",
            position=90,
            permission="garage.settings",
        ),
        NavigationEntry(
            gettext("Log"), "/desk/audit", "book", position=95, permission="audit.view"
        ),
    ]


def _is_current(href: str, path: str) -> bool:
    if href in {"/desk", "/"} or href.count("/") <= 1:
        return path.rstrip("/") == href.rstrip("/")
    return path == href or path.startswith(href + "/")


def _language_choices(
    connection: AnyConnection, offered: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    """(code, own name, address of this same page in that language)."""
    parts = connection.scope["path"].split("/")
    in_path = len(parts) > 1 and parts[1] in offered
    choices = []
    for code in offered:
        if in_path:
            parts[1] = code
            href = "/".join(parts)
        else:
            href = f"/language/{code}"
        choices.append((code, ENDONYMS.get(code, code), href))
    return choices


def _realm(connection: AnyConnection) -> str:
    state = connection.scope["state"]
    return str(state.get("realm") or state["tenant"].id)


def _flash_serializer(settings: Settings, realm: str) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_keys, salt=f"flash:{realm}")


def _read_flash(connection: AnyConnection) -> list[Flash]:
    settings = resources_of(connection).settings
    raw = connection.cookies.get(cookies.cookie_name(settings, cookies.FLASH))
    if not raw:
        return []
    try:
        return [Flash(**_flash_serializer(settings, _realm(connection)).loads(raw))]
    except (BadSignature, TypeError):
        log.info("flash.unreadable")
        return []


def page_cookies(connection: AnyConnection) -> list[Cookie]:
    """What a page sets: the browser's mark where it has none, and that a message was shown."""
    settings = resources_of(connection).settings
    jar = []
    if connection.cookies.get(cookies.cookie_name(settings, cookies.FLASH)):
        jar.append(cookies.our_cookie(settings, cookies.FLASH, "", seconds=0))
    visitor = visitor_of(connection)
    if connection.scope["state"].get("visitor_is_new"):
        jar.append(cookies.our_cookie(settings, cookies.VISITOR, visitor))
    return jar
