"""How customers reach a garage's portal: addresses to print, and snippets for its web site."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from core.i18n import language_scope
from core.tenancy.addresses import public_address
from core.tenancy.context import current_tenant
from plugins.self_service_portal.entries import Entry, entries

FRAME_HEIGHT = 760
"""Pixels, where the embedding page runs no scripts; what is longer scrolls inside."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """HTML to paste into a page of the garage's own site."""

    key: str
    label: str
    html: str


def spoken_address(path: str) -> str:
    """The same as people type it."""
    return public_address(path).partition("://")[2]


def snippets(language: str) -> Sequence[Snippet]:
    """One for each thing that customers can do, in that language of the garage."""
    with language_scope(language):
        offered = entries()
    return [Snippet(entry.key, entry.label, _html(entry, language)) for entry in offered]


def _html(entry: Entry, language: str) -> str:
    address = public_address(f"/{language}/embed/{entry.key}")
    title = escape(f"{entry.label} – {current_tenant().name}")
    return (
        f'<iframe src="{address}" title="{title}" width="100%" height="{FRAME_HEIGHT}"'
        ' style="border:0" loading="lazy"></iframe>\n'
        f'<script src="{public_address("/embed.js")}" async></script>'
    )
