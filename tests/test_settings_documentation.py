"""`docs/settings.md` is the table of all settings, word for word."""

from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from core.settings import RUNTIME_SETTINGS, Settings

TABLE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"


def row_of(name: str, field: FieldInfo) -> str:
    """The line that the table must have for a setting."""
    return f"| `{name.upper()}` | {_default(name, field)} | {field.description} |"


def _default(name: str, field: FieldInfo) -> str:
    if name in RUNTIME_SETTINGS:
        return "*required*"
    value = field.default
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "the built-in ones" if value else "`[]`"
    return f"`{value}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_stands_in_the_table_as_it_is(name: str) -> None:
    assert row_of(name, Settings.model_fields[name]) in TABLE.read_text().splitlines()


def test_the_table_has_no_setting_that_does_not_exist() -> None:
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) == len(Settings.model_fields)
