"""The garage as structured data: nothing in it that is not on the page."""

import json
from datetime import UTC, date, datetime
from typing import Any

from core.clock import frozen
from core.workshop.locations import repository as locations
from tests import factories
from tests.garages import Garage


async def told(garage: Garage) -> dict[str, Any]:
    """What the first page tells search engines about the garage."""
    async with garage.browser() as browser:
        page = await browser.open("/en")
    script = page.select_one('script[type="application/ld+json"]')
    assert script is not None
    found: dict[str, Any] = json.loads(script.text)
    return found


async def test_it_says_who_and_where_the_garage_is(garage: Garage) -> None:
    found = await told(garage)
    assert found["@context"] == "https://schema.org"
    assert found["@type"] == ["AutoRepair", "AutoBodyShop"]
    assert (found["name"], found["telephone"]) == (garage.tenant.name, garage.tenant.phone)
    assert found["address"] == {
        "@type": "PostalAddress",
        "streetAddress": "Noorderlaan 1",
        "postalCode": "2030",
        "addressLocality": "Antwerpen",
        "addressCountry": "BE",
    }


async def test_it_says_when_the_garage_is_open_and_when_it_is_not(garage: Garage) -> None:
    with frozen(datetime(2026, 12, 20, 23, 15, tzinfo=UTC)):
        async with garage.unit() as session:
            location = await locations.first(session)
            location.opening_hours = {"1": [["08:00", "12:00"]], "2": [["08:00", "12:00"]]}
            await factories.a_closure(session, first_day=date(2026, 12, 28), reason="secret")
        found = await told(garage)
    assert found["openingHoursSpecification"] == [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": ["https://schema.org/Monday", "https://schema.org/Tuesday"],
            "opens": "08:00",
            "closes": "12:00",
        }
    ]
    closed = found["specialOpeningHoursSpecification"]
    assert [(each["validFrom"], each["validThrough"]) for each in closed] == [
        ("2026-12-28", "2027-01-03")
    ]
    assert {(each["opens"], each["closes"]) for each in closed} == {("00:00", "00:00")}
    assert "secret" not in json.dumps(found)


async def test_a_name_that_looks_like_mark_up_ends_no_script(garage: Garage) -> None:
    async with garage.unit() as session:
        (await locations.first(session)).city = "</script><b>Gent & Co</b>"
    assert (await told(garage))["address"]["addressLocality"] == "</script><b>Gent & Co</b>"


async def test_it_is_on_the_first_page_only(garage: Garage) -> None:
    async with garage.browser() as browser:
        assert "ld+json" not in (await browser.open("/en/status")).decode()
