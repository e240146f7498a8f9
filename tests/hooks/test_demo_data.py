"""`demo_data`: asked of the plugins that are on in a garage of the demo, once its jobs are made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.demo import data
from core.demo.garages import GARAGES
from core.house import House
from tests.conftest import new_slug
from tests.outside_plugins.polite import calls


@asynccontextmanager
async def no_pictures() -> AsyncIterator[list[object]]:
    """Drawing them takes seconds."""
    yield []


@pytest.mark.parametrize("is_on", [True, False])
async def test_a_plugin_fills_the_demo_of_a_garage_where_it_is_on(
    house: House, monkeypatch: pytest.MonkeyPatch, is_on: bool
) -> None:
    slug = new_slug()
    demo = replace(GARAGES[0].new, slug=slug)
    garage = replace(GARAGES[0], new=demo, plugins=("polite",) if is_on else ())
    monkeypatch.setattr(data, "GARAGES", (garage,))
    monkeypatch.setattr(data, "SUPPORT_EMAIL", f"support@{slug}.test")
    monkeypatch.setattr(data, "SHOWN_STATUSES", ())
    monkeypatch.setattr(data, "stories_of", lambda *_, **__: [])
    monkeypatch.setattr(data, "drawn_pictures", no_pictures)
    await data.fill_demo(house)
    heard = [arguments for name, of, arguments in calls if (name, of) == ("demo_data", slug)]
    assert [each["session"].info["tenant_id"] for each in heard] == (
        [(await house.directory.by_slug(slug)).id] if is_on else []
    )
