"""What a garage tells its customers about their data."""

import pytest
from bs4 import BeautifulSoup

from core.i18n import LANGUAGES
from plugins.self_service_portal.look import TEXT_LIMITS, Texts
from tests.factories import first_slot
from tests.garages import Garage
from tests.plugins.self_service_portal.deciding import decide, look_in, save

PAGES = ("", "/estimate/vehicle", "/status", "/privacy", "/nothing-here")


async def notice(garage: Garage, language: str = "en") -> BeautifulSoup:
    """The page."""
    return await garage.browser().open(f"/{language}/privacy")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_garage_has_one_made_of_its_own_facts(garage: Garage, language: str) -> None:
    await decide(garage, draft_days=9, photo_days=3)
    main = (await notice(garage, language)).select_one("main")
    assert main is not None
    assert len(main.select("h2")) == 5
    for fact in (garage.tenant.name, garage.tenant.phone, garage.tenant.email, " 9 ", " 3 ", "30"):
        assert str(fact) in main.text


async def test_the_owners_own_words_replace_it_in_their_language(garage: Garage) -> None:
    owner = await garage.staff("owner")
    await save(owner, privacy_en="Ours:\n<b>we keep little</b>")
    own, other = await notice(garage), await notice(garage, "nl")
    words = own.select_one("main .as-typed")
    assert words is not None
    assert words.text == "Ours:\n<b>we keep little</b>"
    assert own.select("main h2") == []
    assert len(other.select("main h2")) == 5


async def test_one_that_is_too_long_is_refused(garage: Garage) -> None:
    owner = await garage.staff("owner")
    answer = await save(owner, privacy_en="x" * (TEXT_LIMITS["privacy"] + 1))
    assert answer.status_code == 422
    assert (await look_in(garage)).texts.get("en", Texts()).privacy == ""


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_of_the_portal_leads_to_it(garage: Garage, path: str) -> None:
    browser = garage.browser()
    await browser.get("/en/estimate", follow_redirects=True)
    page = BeautifulSoup((await browser.get(f"/en{path}")).text, "html.parser")
    assert len(page.select("footer a[href='/en/privacy']")) == 1


async def test_whoever_is_asked_for_their_name_is_told_there(garage: Garage) -> None:
    browser = garage.browser()
    await browser.submit("/en/estimate/vehicle", {"plate": "1-ABC-123", "country": "BE"})
    await browser.submit("/en/estimate/damage", {"damage": "A scratch"})
    await browser.submit("/en/estimate/photos", {})
    async with garage.unit() as session:
        slot = await first_slot(session)
    await browser.submit("/en/estimate/time", {"slot": slot.isoformat()})
    page = await browser.open("/en/estimate/contact")
    assert page.select("main a[href='/en/privacy']")


async def test_without_the_portal_there_is_none(garage: Garage) -> None:
    await garage.switch("self_service_portal", on=False)
    page = BeautifulSoup((await garage.browser().get("/en/privacy")).text, "html.parser")
    assert page.select_one("main h1") is not None
    assert page.select("footer a[href$='/privacy']") == []
