"""Another language is a file: nothing of the code names the languages that it speaks."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from core.house import House
from core.i18n import ENDONYMS, LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
TREE = ("core", "migrations", "plugins", "tenants", "tests")
HEAD = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
TEXTS = {
    "core": {"Skip to the content": "Ir al contenido"},
    "plugins/self_service_portal": {
        "What can we do for you?": "¿Qué podemos hacer por usted?",
        "Make appointment for estimate": "Pedir cita para un presupuesto",
    },
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with one file more in two of its packages."""
    copy = tmp_path_factory.mktemp("spanish")
    for name in TREE:
        ignored = shutil.ignore_patterns("__pycache__", "demo", "photos")
        shutil.copytree(ROOT / name, copy / name, ignore=ignored if name == "tests" else None)
    for package, texts in TEXTS.items():
        entries = "".join(f'\nmsgid "{text}"\nmsgstr "{said}"\n' for text, said in texts.items())
        file = copy / package / "translations" / "es.po"
        file.write_text(HEAD + entries, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def answers(tree: Path, house: House) -> dict[str, Any]:
    """What a visitor gets there."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.spanish_visit"],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"},
        input=house.settings.model_dump_json(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_languages_are_those_that_there_is_a_catalogue_of() -> None:
    files = {path.stem for path in (ROOT / "core" / "translations").glob("*.po")}
    assert set(LANGUAGES) == files | {"en"}
    assert list(ENDONYMS.values()) == ["Nederlands", "Français", "Deutsch", "English"]


def test_a_file_makes_the_portal_speak_another_language(answers: dict[str, Any]) -> None:
    statuses = {path: status for path, (status, _text) in answers.items()}
    page = BeautifulSoup(answers["/es"][1], "html.parser")
    entries = [each.text for each in page.select(".entry-card strong")]
    assert set(statuses.values()) == {200}
    assert page.html is not None
    assert page.html["lang"] == "es"
    assert page.select("h1")[0].text == "¿Qué podemos hacer por usted?"
    assert entries[:2] == ["Pedir cita para un presupuesto", "Make appointment for repair"]
    assert "lunes" in page.text


def test_its_pages_are_found_and_offered_in_the_menu(answers: dict[str, Any]) -> None:
    page = BeautifulSoup(answers["/es"][1], "html.parser")
    alternates = [str(each["hreflang"]) for each in page.select("link[rel=alternate]")]
    menu = {str(each["hreflang"]): each.text for each in page.select(".menu a[hreflang]")}
    assert alternates == ["es", "nl", "x-default"]
    assert menu == {"es": "Español", "nl": "Nederlands"}
    assert "/es/estimate$" in answers["/robots.txt"][1]
