"""The portal as an app: manifest, icons, service worker, and the page without a connection."""

import json
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from core.storage import storage
from plugins.self_service_portal.look import StoredLogo
from tests.garages import Garage
from tests.plugins.self_service_portal.deciding import decide

SIZES = {"192": 192, "512": 512, "maskable": 512}


async def manifest_of(garage: Garage, language: str = "en") -> dict[str, Any]:
    """What a phone reads."""
    async with garage.browser() as browser:
        answer = await browser.get(f"/{language}/app.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    found: dict[str, Any] = answer.json()
    return found


async def icons_of(garage: Garage) -> dict[str, Image.Image]:
    """Purpose and size → picture."""
    found = {}
    async with garage.browser() as browser:
        for icon in (await manifest_of(garage))["icons"]:
            answer = await browser.get(icon["src"])
            assert "immutable" in answer.headers["cache-control"]
            found[f"{icon['purpose']} {icon['sizes']}"] = Image.open(BytesIO(answer.content))
    return found


def colour_at(picture: Image.Image, x: float, y: float) -> str:
    """The colour at a share of the picture, as `#0b5cab`, `clear` where nothing is."""
    red, green, blue, alpha = picture.convert("RGBA").getpixel(  # type: ignore[misc]
        (int(x * picture.width), int(y * picture.height))
    )
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha else "clear"


async def a_logo(garage: Garage, colour: str = "#00ff00") -> StoredLogo:
    """A wide logo of one colour."""
    body = BytesIO()
    Image.new("RGB", (300, 100), colour).save(body, "WEBP", lossless=True)
    key = f"portal/logos/{colour[1:]}.webp"
    await storage().put_bytes(garage.tenant.id, key, body.getvalue())
    return StoredLogo(key=key, sha256=colour[1:] * 8, width=300, height=100)


async def test_the_manifest_speaks_for_the_garage_in_the_pages_language(garage: Garage) -> None:
    await decide(garage, brand="#7a1f2b")
    found = await manifest_of(garage, "nl")
    assert (found["name"], found["lang"], found["start_url"]) == (garage.tenant.name, "nl", "/nl")
    assert (found["theme_color"], found["display"]) == ("#7a1f2b", "standalone")
    assert found["shortcuts"][2] == {
        "name": "Status van de herstelling bekijken",
        "url": "/nl/status",
    }


async def test_what_is_hidden_is_no_shortcut(garage: Garage) -> None:
    await decide(garage, hidden_entries=("estimate", "pictures"))
    urls = [each["url"] for each in (await manifest_of(garage))["shortcuts"]]
    assert urls == ["/en/repair", "/en/status"]


async def test_without_a_logo_icons_carry_initials_on_the_garages_colour(garage: Garage) -> None:
    await decide(garage, brand="#7a1f2b")
    icons = await icons_of(garage)
    assert {name: picture.size for name, picture in icons.items()} == {
        "any 192x192": (192, 192),
        "any 512x512": (512, 512),
        "maskable 512x512": (512, 512),
    }
    assert colour_at(icons["any 512x512"], 0.5, 0.05) == "#7a1f2b"
    assert colour_at(icons["any 512x512"], 0.001, 0.001) == "clear"
    assert colour_at(icons["maskable 512x512"], 0.001, 0.001) == "#7a1f2b"
    assert len(icons["any 512x512"].convert("RGB").getcolors(maxcolors=10**6) or []) > 2


async def test_with_a_logo_icons_carry_it_inside_what_phones_leave(garage: Garage) -> None:
    await decide(garage, logo=await a_logo(garage))
    icons = await icons_of(garage)
    assert colour_at(icons["any 512x512"], 0.5, 0.5) == "#00ff00"
    assert colour_at(icons["any 512x512"], 0.5, 0.2) == "#ffffff"
    maskable = icons["maskable 512x512"]
    assert colour_at(maskable, 0.23, 0.5) == "#00ff00"
    assert colour_at(maskable, 0.2, 0.5) == "#ffffff"


async def test_another_look_has_another_address_and_the_former_is_gone(garage: Garage) -> None:
    before = (await manifest_of(garage))["icons"][0]["src"]
    await decide(garage, brand="#7a1f2b")
    after = (await manifest_of(garage))["icons"][0]["src"]
    async with garage.browser() as browser:
        answers = [(await browser.get(path)).status_code for path in (before, after)]
    assert before != after
    assert answers == [404, 200]


async def test_one_garages_icon_is_not_anothers(garage: Garage, other_garage: Garage) -> None:
    await decide(garage, logo=await a_logo(garage, "#00ff00"))
    address = (await manifest_of(garage))["icons"][0]["src"]
    async with other_garage.browser() as browser:
        assert (await browser.get(address)).status_code == 404


async def test_the_page_without_a_connection_says_what_does_not_work_and_whom_to_call(
    garage: Garage,
) -> None:
    async with garage.browser() as browser:
        page = await browser.open("/en/offline")
    main = page.select_one("main")
    assert main is not None
    assert "no connection" in main.get_text()
    assert str(garage.tenant.phone) in main.get_text()
    assert str(garage.tenant.address) in main.get_text()
    assert main.select("form") == []


async def setup_of(garage: Garage) -> dict[str, Any]:
    """What the worker keeps."""
    async with garage.browser() as browser:
        answer = await browser.get("/service-worker.js")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/javascript")
    line = next(each for each in answer.text.splitlines() if each.startswith("const {"))
    found: dict[str, Any] = json.loads(line.partition(" = ")[2].rstrip(";"))
    return found


async def test_the_worker_keeps_static_files_that_exist_and_nothing_else(garage: Garage) -> None:
    await decide(garage, logo=await a_logo(garage))
    assets = (await setup_of(garage))["assets"]
    async with garage.browser() as browser:
        for path in assets:
            answer = await browser.get(path)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert "set-cookie" not in answer.headers
    assert {path.split("/")[1] for path in assets} == {"static", "theme", "portal"}


async def test_another_look_is_another_worker(garage: Garage) -> None:
    before = await setup_of(garage)
    assert await setup_of(garage) == before
    await decide(garage, brand="#7a1f2b")
    assert (await setup_of(garage))["version"] != before["version"]


async def test_pages_name_the_manifest_and_the_worker_where_the_portal_is_on(
    garage: Garage,
) -> None:
    async with garage.browser() as browser:
        link = (await browser.open("/nl/status")).select_one("link[rel=manifest]")
        assert link is not None
        assert (link["href"], link["data-scope"]) == ("/nl/app.webmanifest", "/nl")
        assert (await browser.get(str(link["data-worker"]))).status_code == 200
        assert "manifest" not in (await browser.open("/desk/login")).decode()
        await garage.switch("self_service_portal", on=False)
        for path in ("/nl/app.webmanifest", "/service-worker.js", "/nl/offline"):
            assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize("kind", SIZES)
async def test_icons_are_small(garage: Garage, kind: str) -> None:
    icons = (await manifest_of(garage))["icons"]
    address = next(icon["src"] for icon in icons if icon["src"].endswith(f"-{kind}.png"))
    async with garage.browser() as browser:
        assert len((await browser.get(address)).content) < 16_000
