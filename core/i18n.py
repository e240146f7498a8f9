"""Texts in the language of the person: gettext catalogues, read from `.po` files at start.

Each package keeps its own `translations/<language>.po`, with English as the message id, so
another language is a file and a plugin's texts live with the plugin. What core has a catalogue of
is a language of the platform; what a plugin does not say in it is said in English.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, localedata, negotiate_locale
from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.dates import format_time as babel_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency
from babel.support import LazyProxy

SOURCE_LANGUAGE = "en"
_FIRST = ("nl", "fr", "de", SOURCE_LANGUAGE)
"""In which order languages are offered; any others follow by their codes."""


def _spoken() -> tuple[str, ...]:
    found = {SOURCE_LANGUAGE}
    for file in (files("core") / "translations").iterdir():
        code, _dot, ending = file.name.rpartition(".")
        if ending == "po":
            found.add(code)
    others = sorted(found.difference(_FIRST))
    return (*(code for code in _FIRST if code in found), *others)


def _endonym(language: str) -> str:
    """What its speakers call it, as it stands at the beginning of a menu's line."""
    name = str(Locale.parse(language).get_display_name())
    return name[:1].upper() + name[1:]


LANGUAGES = _spoken()
ENDONYMS = {language: _endonym(language) for language in LANGUAGES}

_language: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)
_catalogues: dict[str, NullTranslations] = {}


def load_catalogues(packages: Sequence[str]) -> None:
    """Read every package's catalogues; a text in two packages is taken from the first.

    Raises:
        babel.messages.pofile.PoFileError: a file is malformed; the start stops.
    """
    _catalogues.clear()
    _translated.cache_clear()
    for language in LANGUAGES:
        head: NullTranslations | None = None
        for package in packages:
            source = files(package) / "translations" / f"{language}.po"
            if not source.is_file():
                continue
            compiled = BytesIO()
            with source.open("rb") as stream:
                write_mo(compiled, read_po(stream, locale=language, abort_invalid=True))
            compiled.seek(0)
            translations = GNUTranslations(compiled)
            if head is None:
                head = translations
            else:
                head.add_fallback(translations)
        _catalogues[language] = head or NullTranslations()


def current_language() -> str:
    """The language of the running request or mail."""
    return _language.get()


@contextmanager
def language_scope(language: str) -> Iterator[str]:
    """Speak `language` inside the block."""
    token = _language.set(language)
    try:
        yield language
    finally:
        _language.reset(token)


def set_language(language: str) -> None:
    """Speak `language` until the end of the running request."""
    _language.set(language)


def gettext(message: str, **values: Any) -> str:
    """The message in the current language, with `%(name)s` placeholders filled."""
    text = _translated(_language.get(), message)
    return text % values if values else text


@lru_cache(maxsize=8192)
def _translated(language: str, message: str) -> str:
    """One look-up per text and language: a long page asks for the same ones all the time."""
    catalogue = _catalogues.get(language)
    return catalogue.gettext(message) if catalogue is not None else message


def ngettext(singular: str, plural: str, number: int, **values: Any) -> str:
    """Like :func:`gettext` for a number of things; `%(num)s` is the number."""
    return choose_plural(singular, plural, number) % {"num": number, **values}


def choose_plural(singular: str, plural: str, number: int) -> str:
    """The form for that number, with its placeholders still in it."""
    catalogue = _catalogues.get(_language.get())
    if catalogue is not None:
        return catalogue.ngettext(singular, plural, number)
    return singular if number == 1 else plural


def gettext_noop(message: str) -> str:
    """Mark a text for the catalogues that is translated later, where it is shown."""
    return message


def lazy_gettext(message: str) -> Any:
    """A text that is looked up when it is shown: for labels of forms and choices."""
    return LazyProxy(gettext, message, enable_cache=False)


def choose_language(accept_language: str | None, offered: Sequence[str]) -> str:
    """The offered language that a browser's Accept-Language asks for, else the first."""
    wanted: list[tuple[float, str]] = []
    for part in (accept_language or "").lower().split(","):
        code, _, weight = part.replace(" ", "").partition(";q=")
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if quality > 0:
            wanted.append((-quality, code.replace("-", "_")))
    ordered = [code for _, code in sorted(wanted, key=lambda pair: pair[0]) if code]
    found = negotiate_locale(ordered, list(offered), aliases={}) if ordered else None
    return found or offered[0]


@lru_cache(maxsize=16)
def locale_of(language: str) -> Locale:
    """Babel's locale for dates and money: as Belgium writes its languages, English the European
    way, any other as its own country does."""
    belgian = "en_GB" if language == "en" else f"{language}_BE"
    return Locale.parse(belgian if localedata.exists(belgian) else language)


def format_date(value: date | datetime | None, zone: ZoneInfo, form: str = "medium") -> str:
    """A day as people write it, such as `5 Dec 2026`; a datetime is taken in `zone`."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(zone).date()
    return _day(value, _pattern(form), current_language())


@lru_cache(maxsize=4096)
def _day(value: date, pattern: str, language: str) -> str:
    """A list shows the same few days over and over."""
    return babel_date(value, format=pattern, locale=locale_of(language))


def format_time(value: datetime | None, zone: ZoneInfo) -> str:
    """Hours and minutes in `zone`, such as `14:32`."""
    if value is None:
        return ""
    return babel_time(value, "HH:mm", tzinfo=zone, locale=locale_of(current_language()))


def format_datetime(value: datetime | None, zone: ZoneInfo, form: str = "EEE d MMM, HH:mm") -> str:
    """Day and time in `zone`, such as `Thu 5 Dec, 14:32`."""
    if value is None:
        return ""
    return babel_datetime(value, _pattern(form), tzinfo=zone, locale=locale_of(current_language()))


def format_money(amount: Any, currency: str = "EUR") -> str:
    """An amount in a currency as the language writes it."""
    return str(format_currency(amount, currency, locale=locale_of(current_language())))


def _pattern(form: str) -> str:
    """A day in German is an ordinal, with a comma after the weekday: `Di., 1. Dez.`"""
    if current_language() != "de":
        return form
    return form.replace("E d MMM", "E, d MMM").replace("d MMM", "d. MMM")
