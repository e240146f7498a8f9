"""A logo: only a picture gets in, drawn afresh, and only its own garage shows it."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from core.app import app_of
from core.db.session import Database
from core.house import House
from core.storage import ObjectMissing, storage
from tests.factories import jpeg
from tests.garages import Browser, Garage, Outbox
from tests.plugins.self_service_portal.deciding import DESK, decide, look_in, soup
from tests.workshop.photos.pictures import GOOD, png_with_header

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BAD = {
    "an SVG with a script": SVG,
    "a text named as a picture": b"I am a logo, trust me.",
    "a bomb": png_with_header(13_000, 13_000),
    "half a picture": jpeg(size=(800, 600))[:2000],
    "a photo in another format": next(GOOD.glob("*.HEIC")).read_bytes(),
}


def clear_png(size: tuple[int, int] = (900, 300)) -> bytes:
    """A logo on a transparent ground, with something hidden in its metadata."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    target = BytesIO()
    Image.new("RGBA", size, (200, 30, 30, 0)).save(target, "PNG", pnginfo=notes)
    return target.getvalue()


async def send(owner: Browser, body: bytes, name: str = "logo.png") -> int:
    """Choose a file and press the button."""
    file = ("logo", (name, body, "image/png"))
    return (await owner.submit(f"{DESK}/logo", page=DESK, files=[file])).status_code


async def address_of(garage: Garage) -> str:
    """Where the portal's first page shows its logo."""
    picture = (await garage.browser().open("/en")).select_one(".portal-name img")
    assert picture is not None
    assert picture["alt"] == garage.tenant.name
    return str(picture["src"])


async def test_a_logo_is_drawn_afresh_and_served_for_ever(garage: Garage) -> None:
    owner = await garage.staff("owner")
    assert await send(owner, clear_png()) == 200
    answer = await garage.browser().get(await address_of(garage))
    picture = Image.open(BytesIO(answer.content))
    assert (picture.format, picture.mode, picture.size) == ("WEBP", "RGBA", (640, 213))
    assert b"script" not in answer.content
    assert "immutable" in answer.headers["cache-control"]


async def test_what_is_no_picture_is_refused_in_words(garage: Garage) -> None:
    owner = await garage.staff("owner")
    for what, body in BAD.items():
        file = ("logo", ("logo.png", body, "image/png"))
        answer = await owner.submit(f"{DESK}/logo", page=DESK, files=[file])
        said = "Please choose a whole PNG, JPEG or WebP file." in soup(answer).text
        assert (answer.status_code, said) == (422, True), what
    assert (await look_in(garage)).logo is None


async def test_five_megabytes_are_too_much_and_nothing_is_nothing(garage: Garage) -> None:
    owner = await garage.staff("owner")
    assert await send(owner, jpeg(padded_to=5 * 1024 * 1024)) == 422
    assert (await owner.submit(f"{DESK}/logo", page=DESK)).status_code == 422
    assert (await look_in(garage)).logo is None


async def test_a_logo_of_another_garage_does_not_exist_here(
    garage: Garage, other_garage: Garage
) -> None:
    await send(await garage.staff("owner"), jpeg())
    await send(await other_garage.staff("owner"), jpeg((1, 2, 3)))
    address = await address_of(garage)
    assert (await garage.browser().get(address)).status_code == 200
    assert (await other_garage.browser().get(address)).status_code == 404


async def test_a_removed_logo_comes_back_by_undo_and_its_file_goes_when_none_needs_it(
    garage: Garage, outbox: Outbox
) -> None:
    owner = await garage.staff("owner")
    await send(owner, jpeg())
    first = (await look_in(garage)).logo
    assert first is not None
    await owner.submit(f"{DESK}/logo/remove", page=DESK)
    await owner.submit(f"{DESK}/undo?revision=2", page=DESK)
    assert (await look_in(garage)).logo == first
    await decide(garage, logo=None)
    await outbox.empty(garage)
    assert await storage().get_bytes(garage.tenant.id, first.key)
    await decide(garage, draft_days=9)
    await outbox.empty(garage)
    with pytest.raises(ObjectMissing):
        await storage().get_bytes(garage.tenant.id, first.key)


async def logo_at(garage: Garage, path: str) -> str | None:
    """The address of the picture in the head of a page."""
    page = soup(await garage.browser().get(path))
    picture = page.select_one(".portal-name img")
    return str(picture["src"]) if picture else None


async def test_a_page_that_does_not_exist_wears_the_logo_while_the_portal_is_on(
    garage: Garage, other_garage: Garage
) -> None:
    await send(await garage.staff("owner"), clear_png())
    address = await address_of(garage)
    assert await logo_at(garage, "/en/nothing-here") == address
    assert await logo_at(other_garage, "/en/nothing-here") is None
    await garage.switch("self_service_portal", on=False)
    assert await logo_at(garage, "/en/nothing-here") is None


async def test_without_its_database_an_error_still_says_whose_page_it_is(
    garage: Garage, house: House
) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"
    cut_off = Garage(
        house,
        app_of(replace(house, database=Database(nowhere, nowhere, pooled=False))),
        garage.tenant,
    )
    answer = await cut_off.browser().get("/en")
    head = soup(answer).select_one("header")
    assert answer.status_code == 500
    assert head is not None
    assert garage.tenant.name in head.text
    assert garage.tenant.phone is not None
    assert garage.tenant.phone in head.text
