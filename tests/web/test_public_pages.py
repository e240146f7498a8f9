"""What search engines are told: `robots.txt`, `sitemap.xml`, and what every answer says."""

from xml.etree import ElementTree as ET

import httpx
import pytest
from bs4 import BeautifulSoup

from core.house import House
from core.web.host_router import HostRouter
from tests.conftest import new_slug
from tests.garages import Browser, Garage, open_test_garage
from tests.plugins.self_service_portal.after_booking import decide as support_decides
from tests.security.furnished import furnish
from tests.security.routes import routes_of
from tests.servers import BASE_DOMAIN

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINK = "{http://www.w3.org/1999/xhtml}link"
ENTRIES = ("", "/estimate", "/repair", "/status", "/pictures")


async def got(garage: Garage, path: str) -> httpx.Response:
    """What a crawler gets."""
    async with garage.browser() as browser:
        return await browser.get(path)


def allowed(text: str) -> set[str]:
    """What a `robots.txt` allows everybody."""
    return {line.removeprefix("Allow: ") for line in text.splitlines() if line.startswith("Allow")}


async def test_exactly_the_public_pages_may_be_visited(garage: Garage) -> None:
    text = (await got(garage, "/robots.txt")).text
    pages = {f"/{code}{path}$" for code in garage.tenant.languages for path in ENTRIES}
    assert allowed(text) == pages | {"/$", "/static/", "/theme/", "/portal/"}
    assert text.splitlines()[0] == "User-agent: *"
    assert "Disallow: /" in text.splitlines()
    assert text.endswith(f"\nSitemap: https://{garage.host}/sitemap.xml\n")


async def test_a_garage_without_public_pages_wants_no_visitors(garage: Garage) -> None:
    await garage.switch("self_service_portal", on=False)
    robots, sitemap = await got(garage, "/robots.txt"), await got(garage, "/sitemap.xml")
    assert (robots.status_code, robots.text) == (200, "User-agent: *\nDisallow: /\n")
    assert sitemap.status_code == 404


async def test_an_entry_that_support_hides_is_in_neither(garage: Garage) -> None:
    await support_decides(garage, show_repair=False)
    for path in ("/robots.txt", "/sitemap.xml"):
        text = (await got(garage, path)).text
        assert "/repair" not in text
        assert "/en/status" in text


async def test_the_map_names_each_page_in_each_language_once(garage: Garage) -> None:
    answer = await got(garage, "/sitemap.xml")
    home = f"https://{garage.host}"
    tree = ET.fromstring(answer.text)  # noqa: S314 - our own
    places = [each.findtext(f"{MAP}loc") for each in tree]
    assert sorted(map(str, places)) == sorted(
        f"{home}/{code}{path}" for code in garage.tenant.languages for path in ENTRIES
    )
    for url in tree:
        path = str(url.findtext(f"{MAP}loc")).removeprefix(home)[3:]
        links = {each.get("hreflang"): each.get("href") for each in url.findall(LINK)}
        assert links == {code: f"{home}/{code}{path}" for code in garage.tenant.languages} | {
            "x-default": f"{home}/{garage.tenant.default_language}{path}"
        }


async def test_a_garage_of_two_languages_has_pages_in_two(house: House, app: HostRouter) -> None:
    garage = await open_test_garage(
        house, app, plugins=("self_service_portal",), slug=new_slug(), languages=("fr", "nl")
    )
    text = (await got(garage, "/robots.txt")).text
    assert {path[1:3] for path in allowed(text) if path.endswith("status$")} == {"fr", "nl"}


@pytest.mark.parametrize("path", [f"/en{path}" for path in ENTRIES])
async def test_a_public_page_says_what_it_is(garage: Garage, path: str) -> None:
    answer = await got(garage, path)
    page = BeautifulSoup(answer.text, "html.parser")
    address = f"https://{garage.host}{path}"
    told = {str(tag["property"]): str(tag["content"]) for tag in page.select("meta[property]")}
    assert answer.headers["x-robots-tag"] == "all"
    assert page.select_one("link[rel=canonical]")["href"] == address  # type: ignore[index]
    assert garage.tenant.name in page.select_one("meta[name=description]")["content"]  # type: ignore[index]
    assert garage.tenant.name in page.title.text  # type: ignore[union-attr]
    assert told["og:url"] == address
    assert told["og:title"] == page.title.text  # type: ignore[union-attr]
    assert told["og:locale"] == "en_GB"
    others = {str(tag["hreflang"]): tag["href"] for tag in page.select("link[rel=alternate]")}
    assert others["nl"] == address.replace("/en", "/nl")


async def test_descriptions_are_in_the_pages_language_and_name_the_garage(garage: Garage) -> None:
    said = {}
    for code in garage.tenant.languages:
        page = BeautifulSoup((await got(garage, f"/{code}/status")).text, "html.parser")
        said[code] = str(page.select_one("meta[name=description]")["content"])  # type: ignore[index]
    assert len(set(said.values())) == len(garage.tenant.languages)
    assert all(garage.tenant.name in text for text in said.values())


HIDDEN = ("/en/estimate/vehicle", "/en/offline", "/desk/login", "/robots.txt", "/theme/0b5cab.css")


@pytest.mark.parametrize("path", HIDDEN)
async def test_everything_else_is_left_out(garage: Garage, path: str) -> None:
    answer = await got(garage, path)
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "canonical" not in answer.text


async def test_no_page_that_a_customer_or_staff_can_open_is_listed_beside_the_public_ones(
    app: HostRouter, garage: Garage
) -> None:
    furnished = await furnish(garage)
    owner, customer = await garage.staff("owner"), await furnished.customer()
    listed = set()
    for route in routes_of(app):
        if route.method == "GET" and not route.path.startswith("/desk/enter"):
            browser = owner if route.is_guarded else customer
            address = route.filled(furnished.values(route))
            if "all" in (await browser.get(address)).headers.get("x-robots-tag", ""):
                listed.add(address)
    # The customer has begun to ask for an estimate, so there the first page leads on.
    assert listed == {"/en", "/en/repair", "/en/status", "/en/pictures"}


@pytest.mark.parametrize("host", ["support"])
async def test_the_platforms_own_hosts_want_no_visitors(garage: Garage, host: str) -> None:
    async with Browser(garage.app, f"{host}.{BASE_DOMAIN}") as browser:
        robots, login = await browser.get("/robots.txt"), await browser.get("/login")
    assert (robots.status_code, robots.text) == (200, "User-agent: *\nDisallow: /\n")
    assert login.headers["x-robots-tag"] == "noindex"
