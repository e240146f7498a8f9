"""What search engines are told: which pages they may list, and that they leave all others alone.

A page is hidden from them unless a plugin offers it by the hook `public_pages` and its guard says
so with :func:`let_be_found`.
"""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.response import Response
from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import PublicPage
from core.hooks.manager import hooks
from core.i18n import current_language, locale_of
from core.tenancy.addresses import public_address
from core.web.assets import URL_PREFIX
from core.web.resources import AnyConnection

ROBOTS_HEADER = "X-Robots-Tag"
NOBODY = "User-agent: *\nDisallow: /\n"
"""For hosts that nobody should find."""
_STATE = "public_page"
_FRESH = {"Cache-Control": "no-cache"}
_SITEMAP = "/sitemap.xml"
AnyRequest = Request[Any, Any, Any]


def let_be_found(connection: AnyConnection, page: PublicPage) -> None:
    """Let search engines list the page that this request asks for."""
    connection.scope["state"][_STATE] = page


def may_be_found(connection: AnyConnection) -> bool:
    """Whether search engines may list what this request asks for."""
    return _STATE in connection.scope["state"]


def found_as(connection: AnyConnection) -> dict[str, Any] | None:
    """What the head of a public page says about it, with whole addresses; None on others."""
    page: PublicPage | None = connection.scope["state"].get(_STATE)
    if page is None:
        return None
    language = current_language()
    return {
        "description": page.description,
        "canonical": public_address(page.paths.get(language, _first(page))),
        "alternates": _alternates(page),
        "image": public_address(page.image) if page.image else "",
        "locale": str(locale_of(language)),
    }


@get("/robots.txt", opt={"public": True})
async def robots(session: NamedDependency[AsyncSession]) -> Response[str]:
    """RFC 9309: exactly the public pages, and what they load."""
    pages = await _offered(session)
    if not pages:
        return Response(NOBODY, media_type="text/plain", headers=_FRESH)
    allowed = {f"{path}$" for page in pages for path in page.paths.values()}
    allowed |= {"/$", URL_PREFIX, "/theme/", *(need for page in pages for need in page.needs)}
    lines = ["User-agent: *", *(f"Allow: {each}" for each in sorted(allowed)), "Disallow: /"]
    text = "\n".join([*lines, "", f"Sitemap: {public_address(_SITEMAP)}", ""])
    return Response(text, media_type="text/plain", headers=_FRESH)


@get(_SITEMAP, opt={"public": True})
async def sitemap(session: NamedDependency[AsyncSession]) -> Response[str]:
    """The public pages in each of their languages (sitemaps.org, with Google's alternates)."""
    pages = await _offered(session)
    if not pages:
        raise NotFoundException
    entries = "".join(_entry(page, path) for page in pages for path in page.paths.values())
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{entries}</urlset>\n'
    )
    return Response(text, media_type="application/xml", headers=_FRESH)


async def _offered(session: AsyncSession) -> list[PublicPage]:
    offered: Sequence[Sequence[PublicPage]] = await hooks().ask_async(
        "public_pages", session=session, language=current_language()
    )
    return [page for each in offered for page in each]


def _entry(page: PublicPage, path: str) -> str:
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang={quoteattr(code)} href={quoteattr(address)}/>'
        for code, address in _alternates(page)
    )
    return f"<url><loc>{escape(public_address(path))}</loc>{links}</url>\n"


def _alternates(page: PublicPage) -> list[tuple[str, str]]:
    """(language, address), and `x-default` for everybody who speaks none of them."""
    return [
        *((code, public_address(path)) for code, path in page.paths.items()),
        ("x-default", public_address(_first(page))),
    ]


def _first(page: PublicPage) -> str:
    return next(iter(page.paths.values()))
