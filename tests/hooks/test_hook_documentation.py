"""`docs/hooks.md` has a section for each hook, with its arguments and an example."""

import inspect
import re
from pathlib import Path

import pytest

from core.hooks import specs
from core.hooks.manager import hook_names

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hooks.md"


def sections() -> dict[str, str]:
    """Hook name → the text of its section, in the page's order."""
    parts = re.split(r"^#+ (.*)$", PAGE.read_text(), flags=re.MULTILINE)
    titles = zip(parts[1::2], parts[2::2], strict=True)
    return {title.strip("`"): text for title, text in titles if title.startswith("`")}


def test_each_hook_has_its_section_in_the_order_of_the_specification() -> None:
    assert list(sections()) == hook_names()


@pytest.mark.parametrize("hook", hook_names())
def test_a_section_begins_with_the_hooks_arguments(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(specs, hook)).parameters)
    assert sections()[hook].strip().startswith(f"`{hook}({arguments})")


@pytest.mark.parametrize("hook", hook_names())
def test_a_section_shows_an_implementation(hook: str) -> None:
    assert re.search(rf"@hookimpl\n(async )?def {hook}\(self", sections()[hook])
