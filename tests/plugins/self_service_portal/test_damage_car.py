"""The drawing of a car on which one points at the damage."""

from bs4 import BeautifulSoup

from plugins.self_service_portal.forms import ZONES
from tests.garages import Browser, Garage


async def damage_page(browser: Browser) -> BeautifulSoup:
    """The second question of an estimate."""
    await browser.submit("/en/estimate/vehicle", {"plate": "1-ABC-123", "country": "BE"})
    return await browser.open("/en/estimate/damage")


async def test_every_part_of_the_drawing_ticks_a_box_below_it(garage: Garage) -> None:
    page = await damage_page(garage.browser())
    boxes = {str(box["id"]): str(box["value"]) for box in page.select("input[name=zones]")}
    pointed = [(boxes[str(zone["for"])], zone["class"][1]) for zone in page.select(".zone")]
    assert all(value == zone for value, zone in pointed)
    assert {value for value, _zone in pointed} == {value for value, _label in ZONES}


async def test_whoever_reads_with_a_screen_reader_meets_each_box_once(garage: Garage) -> None:
    page = await damage_page(garage.browser())
    drawing = page.select_one(".damage-car")
    assert drawing is not None
    assert (drawing["aria-hidden"], drawing.text.strip()) == ("true", "")
    assert drawing.select("input, button, a, [tabindex]") == []
