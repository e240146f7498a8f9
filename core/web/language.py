"""In which language a page of a garage speaks."""

from litestar.handlers import BaseRouteHandler

from core.i18n import LANGUAGES, choose_language, set_language
from core.web import cookies
from core.web.resources import AnyConnection, resources_of, tenant_of
from core.web.viewer import load_viewer, viewer_of


def language_of(connection: AnyConnection) -> str:
    """The address's own language (`/nl/…`), else the person's, else the browser's.

    Customers are offered the garage's languages; staff may work in any. A page that shows what
    somebody else will read says so with :func:`speak_for_once`.
    """
    for_once: str | None = connection.scope["state"].get("language")
    if for_once is not None:
        return for_once
    tenant = tenant_of(connection)
    first = connection.scope["path"].strip("/").partition("/")[0]
    if first in tenant.languages:
        return first
    settings = resources_of(connection).settings
    chosen = connection.cookies.get(cookies.cookie_name(settings, cookies.LANGUAGE))
    if chosen in LANGUAGES:
        return chosen
    viewer = viewer_of(connection)
    if viewer is not None and viewer.language in LANGUAGES:
        return viewer.language
    return choose_language(connection.headers.get("accept-language"), tenant.languages)


def speak(connection: AnyConnection) -> str:
    """Make the rest of this request speak the right language, and say which."""
    language = language_of(connection)
    set_language(language)
    return language


def speak_for_once(connection: AnyConnection, language: str) -> None:
    """Let this one page speak that language, whoever reads it."""
    connection.scope["state"]["language"] = language
    speak(connection)


async def language_guard(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Speak the right language from the start, so that messages which handlers write are in it."""
    await load_viewer(connection)
    speak(connection)
