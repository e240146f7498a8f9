"""In which language a page speaks, and how one changes it."""

import pytest
from bs4 import BeautifulSoup

from core.house import House
from core.web.host_router import HostRouter
from tests.conftest import new_slug
from tests.garages import Browser, Garage, open_test_garage


async def language_at(browser: Browser, path: str, **headers: str) -> str:
    """The language that a page says it is in."""
    answer = await browser.get(path, headers=headers)
    html = BeautifulSoup(answer.text, "html.parser").html
    assert html is not None
    return str(html["lang"])


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("nl", "nl"),
        ("nl-BE,nl;q=0.9,en;q=0.5", "nl"),
        ("fr-BE", "fr"),
        ("en;q=0.1, de;q=0.8", "de"),
        ("it, fr;q=0.3", "fr"),
        ("it", "en"),
        ("", "en"),
        ("*", "en"),
        (";;;q=,,", "en"),
        ("de;q=nonsense,nl;q=0.2", "nl"),
        ("x" * 5000, "en"),
    ],
)
async def test_a_browsers_own_wish_is_heard(garage: Garage, header: str, language: str) -> None:
    browser = garage.browser()
    assert await language_at(browser, "/desk/login", **{"Accept-Language": header}) == language


async def test_a_garage_offers_its_own_languages_only(house: House, app: HostRouter) -> None:
    garage = await open_test_garage(house, app, slug=new_slug(), languages=("fr", "nl"))
    wish = {"Accept-Language": "de"}
    assert await language_at(garage.browser(), "/desk/login", **wish) == "fr"


async def test_the_address_has_the_first_word(garage: Garage) -> None:
    browser = garage.browser(headers={"Accept-Language": "nl"})
    await browser.get("/language/de")
    assert await language_at(browser, "/fr") == "fr"


async def test_a_language_that_the_garage_does_not_offer_is_no_address(
    house: House, app: HostRouter
) -> None:
    garage = await open_test_garage(
        house, app, slug=new_slug(), languages=("nl",), plugins=("self_service_portal",)
    )
    statuses = [(await garage.browser().get(f"/{code}")).status_code for code in ("nl", "en", "xx")]
    assert statuses == [200, 404, 404]


async def test_a_language_that_was_chosen_is_kept_on_the_next_pages(garage: Garage) -> None:
    browser = garage.browser(headers={"Accept-Language": "fr"})
    await browser.get("/language/nl")
    assert await language_at(browser, "/desk/login") == "nl"


async def test_staff_see_their_own_language_until_they_choose_another(garage: Garage) -> None:
    await garage.add_staff("owner", f"owner@{garage.slug}.test", language="de")
    browser = await garage.staff("owner", headers={"Accept-Language": "fr"})
    assert await language_at(browser, "/desk") == "de"
    await browser.get("/language/nl")
    assert await language_at(browser, "/desk") == "nl"


@pytest.mark.parametrize("code", ["xx", "EN", "english", "nl;", "%2e%2e", "%00"])
async def test_a_language_that_is_none_is_a_404(garage: Garage, code: str) -> None:
    answer = await garage.browser().get(f"/language/{code}")
    assert answer.status_code == 404
    assert "__Host-language" not in answer.cookies


@pytest.mark.parametrize(
    ("referrer", "location"),
    [
        ("https://{host}/desk/jobs?show=done", "/desk/jobs?show=done"),
        ("https://{host}/", "/"),
        ("https://{host}", "/"),
        ("", "/"),
        ("https://evil.example/desk", "/"),
        ("https://evil.example/https://{host}/desk", "/"),
        ("https://{host}.evil.example/desk", "/"),
        ("https://{host}@evil.example/desk", "/"),
        ("https://{host}//evil.example", "/"),
        ("https://{host}/\\evil.example", "/%5Cevil.example"),
        ("javascript:alert(1)", "/"),
    ],
)
async def test_choosing_a_language_leads_back_to_a_page_of_this_site_only(
    garage: Garage, referrer: str, location: str
) -> None:
    headers = {"Referer": referrer.format(host=garage.host)}
    answer = await garage.browser().get("/language/nl", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, location)


async def test_the_menu_leads_to_this_same_page_in_each_language(garage: Garage) -> None:
    page = await garage.browser().open("/en/status")
    offered = {str(link["hreflang"]): link["href"] for link in page.select(".menu a[hreflang]")}
    assert offered == {code: f"/{code}/status" for code in garage.tenant.languages}


async def test_search_engines_are_told_of_a_page_in_each_language(garage: Garage) -> None:
    page = await garage.browser().open("/nl")
    found = {str(link["hreflang"]) for link in page.select("link[rel=alternate]")}
    assert found == {*garage.tenant.languages, "x-default"}


async def test_one_persons_language_is_not_the_next_ones(garage: Garage) -> None:
    browser = garage.browser()
    for code in ("nl", "fr", "de", "en"):
        wish = {"Accept-Language": code}
        assert await language_at(browser, "/desk/nothing-here", **wish) == code
