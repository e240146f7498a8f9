"""Security headers on every kind of answer."""

import pytest

from core.web.headers import HEADERS, STRICT_TRANSPORT, STRICT_TRANSPORT_BELOW
from tenants.domains import add_domain
from tests import factories
from tests.garages import SUPPORT, Browser, Garage
from tests.servers import BASE_DOMAIN

KINDS = {
    "a page": ("GET", "/desk/login", 200),
    "a page of the portal": ("GET", "/en", 200),
    "a redirect": ("GET", "/", 303),
    "a redirect to the login": ("GET", "/desk", 303),
    "nothing": ("GET", "/desk/nothing", 404),
    "nothing deep down": ("GET", "/x/y/z/nothing", 404),
    "a wrong method": ("PUT", "/desk/login", 405),
    "a forged form": ("POST", "/desk/login", 403),
    "a failure": ("GET", "/rude", 500),
    "a colour": ("GET", "/theme/0b5cab.css", 200),
    "a missing file": ("GET", "/static/core/app.css", 404),
    "the question what is allowed": ("OPTIONS", "/desk/login", 204),
}


@pytest.fixture
async def rude_garage(garage: Garage) -> Garage:
    """A garage with a plugin that fails."""
    await garage.switch("rude", on=True)
    return garage


@pytest.mark.parametrize(("method", "path", "status"), KINDS.values(), ids=KINDS.keys())
async def test_every_kind_of_answer_carries_all_security_headers(
    rude_garage: Garage, method: str, path: str, status: int
) -> None:
    async with rude_garage.browser() as browser:
        answer = await browser.request(method, path)
    assert answer.status_code == status
    wanted = {**HEADERS, "strict-transport-security": STRICT_TRANSPORT_BELOW}
    assert {name: answer.headers.get(name) for name in wanted} == wanted


async def test_a_garages_own_domain_is_held_to_https_but_not_what_is_below_it(
    garage: Garage,
) -> None:
    host = f"{garage.slug}.example"
    house = garage.house
    await add_domain(
        house.database, house.directory, garage.slug, host, SUPPORT, base_domain=BASE_DOMAIN
    )
    answer = await Browser(garage.app, host).get("/desk/login")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == STRICT_TRANSPORT
    assert "includeSubDomains" not in STRICT_TRANSPORT


async def test_static_files_and_photos_carry_them_too(garage: Garage) -> None:
    async with garage.unit() as session:
        photo = await factories.a_photo(session, await factories.a_job(session))
    browser = await garage.staff("owner")
    page = await browser.open("/desk")
    sheet = page.select_one("link[rel=stylesheet]")
    assert sheet is not None
    for path in (str(sheet["href"]), f"/desk/photos/{photo.id}/thumb"):
        answer = await browser.get(path)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert not {"unsafe-inline", "unsafe-eval", "http:", "https:", "*"} & set(
        " ".join(policy.values()).replace("'", "").split()
    )


async def test_an_unknown_host_allows_nothing_at_all(garage: Garage) -> None:
    async with Browser(garage.app, f"nobody.{BASE_DOMAIN}") as browser:
        answer = await browser.get("/")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/desk/login", "/en", "/desk/nothing", "/", "/desk"])
async def test_no_cache_keeps_a_page(garage: Garage, path: str) -> None:
    async with garage.browser() as browser:
        assert (await browser.get(path)).headers["cache-control"] == "no-store"


async def test_no_answer_says_what_software_made_it(garage: Garage) -> None:
    async with garage.browser() as browser:
        answer = await browser.get("/desk/login")
    assert not {"server", "x-powered-by"} & set(answer.headers)
