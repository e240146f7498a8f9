"""Cookies of ours: bound to one host, out of reach of scripts."""

from typing import Literal

from litestar.datastructures import Cookie

from core.settings import Settings

SESSION = "session"
VISITOR = "visitor"
FLASH = "flash"
LANGUAGE = "language"


def cookie_name(settings: Settings, name: str) -> str:
    """`__Host-` in front where https makes it possible: then no sibling host can set it.

    Over plain http (the demo on localhost) browsers refuse the prefix; the cookie is then
    host-only by having no Domain.
    """
    return f"__Host-{name}" if settings.cookies_are_secure else name


def our_cookie(
    settings: Settings,
    name: str,
    value: str,
    *,
    seconds: int | None = None,
    same_site: Literal["lax", "strict"] = "lax",
) -> Cookie:
    """A cookie for the exact host; `seconds=0` deletes it, None keeps it until the browser
    closes."""
    return Cookie(
        key=cookie_name(settings, name),
        value=value,
        path="/",
        max_age=seconds,
        secure=settings.cookies_are_secure,
        httponly=True,
        samesite=same_site,
    )
