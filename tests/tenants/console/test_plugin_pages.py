"""A plugin's settings in a garage: seen before they are saved."""

import pytest
from bs4 import BeautifulSoup

from tests.garages import Browser, Garage
from tests.tenants.console.conftest import Desk


async def send(lead: Browser, garage: Garage, **values: object) -> tuple[int, BeautifulSoup]:
    address = f"/garages/{garage.slug}/plugins/polite/settings"
    answer = await lead.submit(address, values)
    return answer.status_code, BeautifulSoup(answer.text, "html.parser")


def seen_on(page: BeautifulSoup) -> str:
    field = page.select_one('[name="seen"]')
    assert field is not None
    return str(field["value"])


async def loudness(garage: Garage) -> object:
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    return fresh.plugin_settings["polite"].get("loudness")


@pytest.fixture
async def polite_garage(garage: Garage) -> Garage:
    await garage.switch("polite", on=True)
    return garage


async def test_changes_are_shown_before_anything_is_saved(
    polite_garage: Garage, desk: Desk
) -> None:
    _status, page = await send(await desk(), polite_garage, setting_loudness="7")
    note = page.select_one(".note li")
    assert note is not None
    assert note.text.endswith("→ 7")
    assert await loudness(polite_garage) is None


async def test_what_was_seen_is_saved(polite_garage: Garage, desk: Desk) -> None:
    lead = await desk()
    _status, page = await send(lead, polite_garage, setting_loudness="7")
    await send(lead, polite_garage, setting_loudness="7", seen=seen_on(page))
    assert await loudness(polite_garage) == 7


async def test_what_was_edited_after_it_was_seen_is_shown_again(
    polite_garage: Garage, desk: Desk
) -> None:
    lead = await desk()
    _status, page = await send(lead, polite_garage, setting_loudness="7")
    _status, again = await send(lead, polite_garage, setting_loudness="8", seen=seen_on(page))
    assert seen_on(again) != seen_on(page)
    assert await loudness(polite_garage) is None


async def test_a_wrong_value_is_said_at_its_field_and_not_saved(
    polite_garage: Garage, desk: Desk
) -> None:
    status, page = await send(await desk(), polite_garage, setting_loudness="loud")
    assert status == 422
    assert "Please type a whole number." in page.text
    assert await loudness(polite_garage) is None


async def test_saving_without_a_change_says_so(polite_garage: Garage, desk: Desk) -> None:
    lead = await desk()
    address = f"/garages/{polite_garage.slug}/plugins/polite/settings"
    fields = (await lead.open(address)).select('[name^="setting_"]')
    same = {str(field["name"]): str(field["value"]) for field in fields}
    _status, page = await send(lead, polite_garage, **same)
    assert "Nothing was changed." in page.text
