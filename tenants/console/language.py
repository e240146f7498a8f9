"""In which language the console speaks."""

from core.i18n import LANGUAGES, choose_language, set_language
from core.web import cookies
from core.web.resources import AnyConnection, resources_of
from tenants.console.members import member_of


def speak(connection: AnyConnection) -> str:
    """Make the rest of this request speak the chosen language, else the person's, else the
    browser's; say which."""
    settings = resources_of(connection).settings
    language = connection.cookies.get(cookies.cookie_name(settings, cookies.LANGUAGE), "")
    member = member_of(connection)
    if language not in LANGUAGES and member is not None:
        language = member.language
    if language not in LANGUAGES:
        language = choose_language(connection.headers.get("accept-language"), LANGUAGES)
    set_language(language)
    return language
