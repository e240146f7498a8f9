"""Drawn output that is remembered by what it shows (decision 0036).

A page is a function of what was read for it, of who looks and of what plugins add. Whoever can name
all of that in one hashable value, `shows`, lets the page be drawn once: the next request for the
same gets what was drawn then, with a token of its own in it. Nothing is ever declared out of date:
a value that is another one is another page, and what nobody asks for any more is forgotten.

The garage with its settings, the person with their rights, the language, the address, the menu
and whatever else a page has without being handed it (:func:`core.web.rendering.common_values`) is
looked at for each request and belongs to `shows` by itself. What belongs in it besides is what
`values` is made from: the marks of kept readings (:class:`core.db.reading.Kept`), the day where a
text depends on it, and what hooks answered.
"""

import hashlib
import secrets
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Request
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from markupsafe import Markup

from core.hooks.contributions import Panel
from core.i18n import current_language
from core.web.components import page_token
from core.web.csrf import TOKEN_LENGTH
from core.web.panels import panel_html
from core.web.public_pages import may_be_found
from core.web.rendering import PRIVATE, common_values, fragment, page, page_cookies
from core.web.resources import AnyConnection, resources_of, tenant_of

log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, Any]
Values = Callable[[], Mapping[str, Any]]
_PLACE = secrets.token_hex(TOKEN_LENGTH // 2)
"""Stands in what is remembered where each answer has its own token. Nobody can write it into a
page, as it never leaves this process."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A page between whose parts the token stands, and a tag of what it says."""

    parts: tuple[bytes, ...]
    tag: str

    def with_token(self, token: str) -> bytes:
        return token.encode().join(self.parts)


def remembered_page(
    connection: AnyRequest, template: str, *, shows: Hashable, values: Values
) -> ASGIResponse:
    """:func:`core.web.rendering.page`, drawn once for each `shows`. `values` is called only where
    it must be drawn."""
    common = common_values(connection)
    drawn = _drawn(connection, template, common, shows, values)
    if drawn is None or may_be_found(connection):
        return page(connection, template, **values()).to_asgi_response(None, connection)
    return ASGIResponse(
        body=drawn.with_token(common["csrf_token"]),
        media_type=MediaType.HTML,
        headers=PRIVATE,
        cookies=page_cookies(connection),
    )


def remembered_fragment(
    connection: AnyRequest, template: str, *, shows: Hashable, values: Values
) -> ASGIResponse:
    """:func:`core.web.rendering.fragment`, drawn once for each `shows`."""
    common = common_values(connection)
    drawn = _drawn(connection, template, {**common, "flashes": []}, shows, values)
    if drawn is None:
        return fragment(connection, template, **values()).to_asgi_response(None, connection)
    headers = {**PRIVATE, "ETag": drawn.tag}
    if connection.headers.get("if-none-match") == drawn.tag:
        return ASGIResponse(status_code=304, headers=headers, media_type=MediaType.HTML)
    body = drawn.with_token(common["csrf_token"])
    return ASGIResponse(body=body, media_type=MediaType.HTML, headers=headers)


def remembered_part(
    connection: AnyConnection, template: str, *, shows: Hashable, values: Values
) -> Markup:
    """A part that stands on many pages, such as a row of a list, drawn once for each `shows`. It
    knows nothing but `values` and the globals of templates: neither who looks nor any token."""
    resources = resources_of(connection)
    key = (tenant_of(connection), current_language(), template, shows)
    known: Markup | None = resources.drawn.get(key)
    if known is None:
        html = resources.templates.get_template(template).render(values())
        known = Markup(html)  # noqa: S704 - drawn by a template
        resources.drawn.put(key, known, 2 * len(html))
    return known


def remembered_bytes(
    connection: AnyConnection, what: str, *, shows: Hashable, make: Callable[[], bytes]
) -> bytes:
    """An answer that is the same for everybody of the garage who speaks the language, such as a
    list as JSON, made once for each `shows`. `what` is a name of the plugin's own for it."""
    memory = resources_of(connection).drawn
    key = (tenant_of(connection), current_language(), what, shows)
    known: bytes | None = memory.get(key)
    if known is None:
        known = make()
        memory.put(key, known, len(known))
    return known


def drawn_panels(connection: AnyConnection, panels: Sequence[Panel]) -> tuple[Markup, ...]:
    """Other plugins' blocks as they look to this request, to be part of `shows`. Each is drawn on
    its own: a faulty template costs that block alone."""
    if not panels:
        return ()
    resources = resources_of(connection)
    context = {**common_values(connection), "csrf_token": _PLACE}
    held = page_token.set(_PLACE)
    try:
        blocks = [panel_html(resources.templates, panel, context) for panel in panels]
    finally:
        page_token.reset(held)
    return tuple(block for block in blocks if block is not None)


def _drawn(
    connection: AnyConnection,
    template: str,
    common: Mapping[str, Any],
    shows: Hashable,
    values: Values,
) -> _Drawn | None:
    """None where a page is one of its kind: it has a message on it, asks for a calculation, or
    cannot be compared with another."""
    if common["flashes"] or common["puzzle"] is not None:
        return None
    seen = tuple(
        tuple(value) if isinstance(value, list) else value
        for name, value in common.items()
        if name not in {"csrf_token", "flashes", "puzzle"}
    )
    key = (template, seen, shows)
    memory = resources_of(connection).drawn
    try:
        known: _Drawn | None = memory.get(key)
    except TypeError:  # a plugin answered something that is not hashable
        log.warning("remembering.not_hashable", template=template, exc_info=True)
        return None
    if known is None:
        known = _draw(connection, template, {**common, **values()})
        memory.put(key, known, sum(len(part) for part in known.parts))
    return known


def _draw(connection: AnyConnection, template: str, context: Mapping[str, Any]) -> _Drawn:
    held = page_token.set(_PLACE)
    try:
        found = resources_of(connection).templates.get_template(template)
        html = found.render({**context, "csrf_token": _PLACE}).encode()
    finally:
        page_token.reset(held)
    parts = tuple(html.split(_PLACE.encode()))
    return _Drawn(parts, f'"{hashlib.sha256(b"".join(parts)).hexdigest()[:32]}"')
