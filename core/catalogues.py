"""Bringing catalogues in line with the texts in code and templates: core's and any plugin's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from core.errors import GaragistError
from core.i18n import LANGUAGES, SOURCE_LANGUAGE

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_noop": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "Refused": None,
    "__init__": None,
}
"""Functions whose first argument is a text for people; errors carry theirs to `Refused`."""
METHODS = [
    ("**.py", "python"),
    ("**/templates/**.html", "jinja2.ext:babel_extract"),
    ("**/templates/**.txt", "jinja2.ext:babel_extract"),
]
TEMPLATE_OPTIONS = {"extensions": "jinja2.ext.do", "trimmed": "true", "silent": "false"}
OPTIONS = {pattern: TEMPLATE_OPTIONS for pattern, _method in METHODS[1:]}
"""As `core.templating` reads templates; one that cannot be read stops the extraction."""
LEFT_OUT = frozenset({"demo", "mailbox", "cli", "migrations", "embedded"})
"""Folders whose texts are for operators, in English."""
VOLATILE = (
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Project-Id-Version',
    '"Report-Msgid-Bugs-To',
    '"Last-Translator',
    '"Language-Team',
    '"Generated-By',
)
"""Header lines that say nothing, or would change with every run."""


@dataclass(frozen=True, slots=True)
class Untranslated:
    """A text without a translation, or with other placeholders in it."""

    package: str
    language: str
    message: str


def update_catalogues(package: str) -> int:
    """Write the catalogues of a package anew, translations kept; how many texts it has.

    Raises:
        GaragistError: there is no such package.
    """
    folder = _folder_of(package)
    found = extract(folder)
    for language in target_languages():
        path = folder / "translations" / f"{language}.po"
        catalogue = _updated(path, language, found)
        path.parent.mkdir(exist_ok=True)
        path.write_text(_as_text(catalogue))
    return len(found)


def untranslated(packages: Iterable[str]) -> Iterator[Untranslated]:
    """Texts of these packages that a language lacks, or whose placeholders differ.

    Raises:
        GaragistError: there is no such package.
    """
    for package in packages:
        folder = _folder_of(package)
        found = extract(folder)
        for language in target_languages():
            catalogue = _updated(folder / "translations" / f"{language}.po", language, found)
            for message in catalogue:
                if message.id and not _is_complete(message, catalogue):
                    yield Untranslated(package, language, str(message.id))


def extract(folder: Path) -> Catalog:
    """All texts for people below a folder, with English as their ids."""
    catalogue = Catalog(charset="utf-8", project="Garagist")
    for name, _line, message, comments, context in extract_from_dir(
        folder,
        method_map=METHODS,
        options_map=OPTIONS,
        keywords=KEYWORDS,
        directory_filter=lambda path: Path(path).name not in LEFT_OUT,
    ):
        catalogue.add(message, None, [(name, 1)], auto_comments=comments, context=context)
    return catalogue


def target_languages() -> list[str]:
    """All languages but the one that the texts are written in."""
    return [language for language in LANGUAGES if language != SOURCE_LANGUAGE]


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise GaragistError(f"there is no package {package}")
    return Path(spec.submodule_search_locations[0])


def _updated(path: Path, language: str, found: Catalog) -> Catalog:
    catalogue = Catalog(locale=language, charset="utf-8")
    if path.exists():
        with path.open("rb") as stream:
            catalogue = read_po(stream, locale=language, abort_invalid=True)
    catalogue.update(found, no_fuzzy_matching=True)
    return catalogue


def _as_text(catalogue: Catalog) -> str:
    stream = BytesIO()
    write_po(stream, catalogue, no_location=True, sort_output=True, ignore_obsolete=True, width=100)
    lines = stream.getvalue().decode().splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith("msgid"))
    return "".join(line for line in lines[start:] if not line.startswith(VOLATILE))


def _is_complete(message: Message, catalogue: Catalog) -> bool:
    texts = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    return all(texts) and not message.check(catalogue)
