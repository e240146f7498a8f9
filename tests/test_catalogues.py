"""Every text for people is there in every language, as `garagist translations check` says."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from core.catalogues import Untranslated, target_languages, untranslated, update_catalogues
from core.cli.translations import installed_packages

PACKAGES = installed_packages()


def folder_of(package: str) -> Path:
    """Where the source of a package lies."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def catalogues_of(folder: Path) -> dict[str, str]:
    """Language → the catalogue as it is written down."""
    return {
        language: (folder / "translations" / f"{language}.po").read_text()
        for language in target_languages()
    }


def test_core_the_garages_and_both_plugins_are_looked_at() -> None:
    plugins = {"plugins.vehicle_presence", "plugins.self_service_portal"}
    assert {"core", "tenants", *plugins} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_is_untranslated_or_has_other_placeholders(package: str) -> None:
    assert list(untranslated([package])) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_translation_waits_for_somebody_to_look_at_it(package: str) -> None:
    fuzzy = []
    for language in target_languages():
        with (folder_of(package) / "translations" / f"{language}.po").open("rb") as stream:
            fuzzy += [(language, each.id) for each in read_po(stream) if each.id and each.fuzzy]
    assert fuzzy == []


@pytest.mark.parametrize("package", PACKAGES)
def test_catalogues_are_as_the_sources_make_them(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, copy = folder_of(package), tmp_path / "copied_package"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("static", "__pycache__"))
    monkeypatch.syspath_prepend(tmp_path)
    update_catalogues(copy.name)
    assert catalogues_of(copy) == catalogues_of(source)


def test_what_a_language_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package_with_gaps"
    (package / "translations").mkdir(parents=True)
    (package / "__init__.py").write_text('_("Yes")\n_("Hello %(name)s")\n')
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    for language in target_languages():
        body = '\nmsgid "Yes"\nmsgstr "Ja"\n\nmsgid "Hello %(name)s"\nmsgstr "Dag %(naam)s"\n'
        (package / "translations" / f"{language}.po").write_text(head + body)
    (package / "translations" / "fr.po").write_text(head + body.replace("naam", "name"))
    (package / "translations" / "de.po").write_text(head)
    monkeypatch.syspath_prepend(tmp_path)
    assert set(untranslated([package.name])) == {
        Untranslated(package.name, "nl", "Hello %(name)s"),
        Untranslated(package.name, "de", "Hello %(name)s"),
        Untranslated(package.name, "de", "Yes"),
    }
