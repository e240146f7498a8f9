"""Static files under names that carry their hash, and the garage's colour."""

import hashlib

import pytest

from core.errors import NotFound
from core.web.assets import CORE, Assets
from tests.garages import Garage

PACKAGES = {CORE: "core.web", "polite": "tests.outside_plugins.polite"}


@pytest.fixture(scope="module")
def assets() -> Assets:
    """Core's files and those of an outside plugin."""
    return Assets(PACKAGES)


@pytest.mark.parametrize("name", ["core/app.css", "core/app.js", "core/icons.svg"])
def test_a_files_address_carries_the_hash_of_what_it_holds(assets: Assets, name: str) -> None:
    found = assets.find(assets.url(name))
    assert found is not None
    assert f".{hashlib.sha256(found.body).hexdigest()[:10]}." in found.url


@pytest.mark.parametrize("name", ["core/app.css", "core/app.js", "core/icons.svg"])
async def test_a_file_is_kept_for_ever_and_never_asked_for_again(
    garage: Garage, assets: Assets, name: str
) -> None:
    answer = await garage.browser().get(assets.url(name))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.content == getattr(assets.find(assets.url(name)), "body", None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("core/app.css", "text/css; charset=utf-8"),
        ("core/app.js", "text/javascript; charset=utf-8"),
        ("core/icons.svg", "image/svg+xml"),
    ],
)
async def test_a_file_says_what_it_is(garage: Garage, assets: Assets, name: str, kind: str) -> None:
    assert (await garage.browser().get(assets.url(name))).headers["content-type"] == kind


@pytest.mark.parametrize(
    "path",
    [
        "/static/core/app.css",
        "/static/core/app.0000000000.css",
        "/static/core/../core/app.css",
        "/static/core/%2e%2e/garage_app.py",
        "/static/../../../etc/passwd",
        "/static/support/app.css",
        "/static/",
    ],
)
async def test_only_a_known_name_with_its_hash_is_a_file(garage: Garage, path: str) -> None:
    assert (await garage.browser().get(path)).status_code in {404, 405}


def test_a_name_that_no_package_has_is_a_mistake_in_a_template(assets: Assets) -> None:
    with pytest.raises(NotFound, match=r"no static file core/nothing\.css"):
        assets.url("core/nothing.css")


async def test_a_theme_is_the_garages_colour_for_ever(garage: Garage) -> None:
    answer = await garage.browser().get("/theme/0B5CAB.css")
    assert answer.status_code == 200
    assert "--brand:#0b5cab" in answer.text
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


async def test_a_theme_may_have_a_second_colour_for_buttons_and_links(garage: Garage) -> None:
    answer = await garage.browser().get("/theme/0b5cab-7a1f2b.css")
    assert "--brand:#0b5cab" in answer.text
    assert "--accent:#7a1f2b;--accent-ink:#ffffff" in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "0b5cab",
        "0b5ca.css",
        "0b5cabff.css",
        "red.css",
        "0b5cab;}.css",
        "..css",
        "0b5cab-.css",
        "0b5cab-red.css",
    ],
)
async def test_a_theme_is_six_hex_digits_and_nothing_else(garage: Garage, name: str) -> None:
    assert (await garage.browser().get(f"/theme/{name}")).status_code == 404


async def test_every_page_carries_its_own_garages_colour(garage: Garage) -> None:
    page = await garage.browser().open("/desk/login")
    wanted = f"/theme/{garage.tenant.brand_colour.lstrip('#')}.css"
    assert page.select_one(f"link[href='{wanted}']") is not None
