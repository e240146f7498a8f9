"""Texts in the language of the person."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import PoFileError

from core import i18n
from core.i18n import (
    ENDONYMS,
    LANGUAGES,
    choose_language,
    choose_plural,
    current_language,
    format_date,
    format_datetime,
    format_money,
    format_time,
    gettext,
    language_scope,
    lazy_gettext,
    load_catalogues,
    locale_of,
    ngettext,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
AFTERNOON = datetime(2026, 12, 5, 13, 32, tzinfo=UTC)
HEAD = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n'


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for packages with catalogues of their own; ours are read again afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(i18n, "_catalogues", {})
    return tmp_path


def catalogue(folder: Path, package: str, language: str, body: str) -> str:
    """A package with that catalogue; its name."""
    translations = folder / package / "translations"
    translations.mkdir(parents=True, exist_ok=True)
    (folder / package / "__init__.py").touch()
    (translations / f"{language}.po").write_text(HEAD + body, encoding="utf-8")
    return package


def entry(source: str, translated: str) -> str:
    return f'\nmsgid "{source}"\nmsgstr "{translated}"\n'


def test_a_text_is_said_in_the_language_of_the_scope(packages: Path) -> None:
    name = catalogue(packages, "one_language", "nl", entry("Hello %(name)s", "Dag %(name)s"))
    load_catalogues([name])
    with language_scope("nl"):
        assert gettext("Hello %(name)s", name="100%") == "Dag 100%"
    assert gettext("Hello %(name)s", name="Ann") == "Hello Ann"


def test_a_text_that_is_not_translated_is_said_in_english(packages: Path) -> None:
    load_catalogues([catalogue(packages, "with_gaps", "fr", entry("Yes", "Oui"))])
    with language_scope("fr"):
        assert [gettext("Yes"), gettext("100% sure")] == ["Oui", "100% sure"]


def test_a_text_of_two_packages_is_taken_from_the_first(packages: Path) -> None:
    one = catalogue(packages, "first_package", "de", entry("Job", "Auftrag"))
    two = catalogue(packages, "second_package", "de", entry("Job", "Arbeit") + entry("Car", "Auto"))
    load_catalogues([one, two])
    with language_scope("de"):
        assert [gettext("Job"), gettext("Car")] == ["Auftrag", "Auto"]


def test_each_language_has_its_own_plural(packages: Path) -> None:
    body = (
        '\nmsgid "%(num)s car"\nmsgid_plural "%(num)s cars"\n'
        'msgstr[0] "%(num)s voiture"\nmsgstr[1] "%(num)s voitures"\n'
    )
    load_catalogues([catalogue(packages, "with_plurals", "fr", body)])

    def said(number: int) -> str:
        return ngettext("%(num)s car", "%(num)s cars", number)

    assert [said(number) for number in (0, 1, 2)] == ["0 cars", "1 car", "2 cars"]
    with language_scope("fr"):
        assert [said(number) for number in (0, 1, 2)] == ["0 voiture", "1 voiture", "2 voitures"]
        assert choose_plural("%(num)s car", "%(num)s cars", 2) == "%(num)s voitures"


def test_a_lazy_text_is_said_when_it_is_shown(packages: Path) -> None:
    load_catalogues([catalogue(packages, "lazy_package", "nl", entry("Save", "Bewaren"))])
    label = lazy_gettext("Save")
    with language_scope("nl"):
        assert str(label) == "Bewaren"
    assert str(label) == "Save"


def test_a_malformed_catalogue_stops_the_start(packages: Path) -> None:
    name = catalogue(packages, "malformed", "nl", '\nmsgid "a"\nthis is no catalogue\n')
    with pytest.raises(PoFileError):
        load_catalogues([name])


def test_the_language_before_is_spoken_again_after_a_scope() -> None:
    before = current_language()
    with language_scope("fr"):
        with language_scope("de"):
            assert current_language() == "de"
        assert current_language() == "fr"
    assert current_language() == before


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("fr-BE,fr;q=0.9,en;q=0.8", "fr"),
        ("de-AT", "de"),
        ("en;q=0.3, de;q=0.7", "de"),
        ("en; q=0.3 , de; q=0.7", "de"),
        ("DE-DE", "de"),
        ("es,pt", "nl"),
        ("fr;q=0", "nl"),
        ("fr;q=0,en", "en"),
        ("*", "nl"),
        ("", "nl"),
        (None, "nl"),
        ("fr;q=high, de", "de"),
        (";q=1,,;;,\x00", "nl"),
        ("fr;q=nan,en;q=0.5", "en"),
    ],
)
def test_a_browser_gets_the_offered_language_that_it_asks_for(
    header: str | None, chosen: str
) -> None:
    assert choose_language(header, ("nl", "fr", "de", "en")) == chosen


def test_a_language_that_the_garage_does_not_speak_is_not_chosen() -> None:
    assert choose_language("de,fr;q=0.5", ("nl", "fr")) == "fr"


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "5 Dec 2026", "Sat 5 Dec, 14:32"),
        ("nl", "5 dec 2026", "za 5 dec, 14:32"),
        ("fr", "5 déc. 2026", "sam. 5 déc., 14:32"),
        ("de", "05.12.2026", "Sa., 5. Dez., 14:32"),
    ],
)
def test_days_and_times_are_written_as_in_the_language(
    language: str, day: str, moment: str
) -> None:
    with language_scope(language):
        assert format_date(AFTERNOON, BRUSSELS) == day
        assert format_datetime(AFTERNOON, BRUSSELS) == moment
        assert format_time(AFTERNOON, BRUSSELS) == "14:32"


def test_the_day_of_a_moment_is_the_garages() -> None:
    late = datetime(2026, 12, 5, 23, 30, tzinfo=UTC)
    assert format_date(late, BRUSSELS) == "6 Dec 2026"
    assert format_date(date(2026, 12, 5), BRUSSELS) == "5 Dec 2026"


def test_nothing_is_written_as_nothing() -> None:
    assert [format_date(None, BRUSSELS), format_time(None, BRUSSELS)] == ["", ""]
    assert format_datetime(None, BRUSSELS) == ""


@pytest.mark.parametrize(
    ("language", "written"),
    [("en", "€1,234.50"), ("nl", "€ 1.234,50"), ("fr", "1 234,50 €"), ("de", "1.234,50 €")],
)
def test_money_is_written_as_in_the_language(language: str, written: str) -> None:
    with language_scope(language):
        said = format_money(1234.5)
    assert said.replace("\u00a0", " ").replace("\u202f", " ") == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_locale_and_its_own_name(language: str) -> None:
    assert locale_of(language).language == language
    assert (
        ENDONYMS[language].lower()
        == locale_of(language).get_display_name(language).split(" (")[0].lower()
    )
