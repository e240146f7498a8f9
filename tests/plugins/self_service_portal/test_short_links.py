"""Short addresses and their codes: on the counter's card, as files, on a job's paper."""

from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
import segno
import zxingcpp
from PIL import Image

from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import display_public_number
from plugins.self_service_portal.qr_codes import as_file
from tests.factories import a_job
from tests.garages import Garage, without_tokens
from tests.plugins.self_service_portal.after_booking import decide as support_decides
from tests.plugins.self_service_portal.deciding import decide

CARD = "/desk/portal/card"
QUIET = 4


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A customer's job."""
    async with garage.unit() as session:
        return await a_job(session, plate="1-ABC-123")


def as_bits(picture: Image.Image, scale: int) -> list[list[bool]]:
    """A drawn code, module by module: True where it is black."""
    grey = picture.convert("L")
    size = picture.width // scale
    middle = scale // 2
    return [
        [grey.getpixel((x * scale + middle, y * scale + middle)) == 0 for x in range(size)]
        for y in range(size)
    ]


@pytest.mark.parametrize(
    ("code", "entry"), [("e", "estimate"), ("r", "repair"), ("s", "status"), ("P", "pictures")]
)
async def test_a_short_address_leads_to_its_entry_in_the_phones_language(
    garage: Garage, code: str, entry: str
) -> None:
    async with garage.browser(headers={"Accept-Language": "fr-BE,fr;q=0.9"}) as browser:
        answer = await browser.get(f"/s/{code}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/fr/{entry}")


async def test_a_language_that_the_garage_does_not_speak_is_not_led_to(garage: Garage) -> None:
    async with garage.browser(headers={"Accept-Language": "pl"}) as browser:
        answer = await browser.get("/s/e")
    assert answer.headers["location"] == f"/{garage.tenant.default_language}/estimate"


@pytest.mark.parametrize("code", ["x", "ee", "K7Q", "estimate", "%3Cscript%3E"])
async def test_any_other_code_leads_nowhere(garage: Garage, code: str) -> None:
    async with garage.browser() as browser:
        assert (await browser.get(f"/s/{code}")).status_code == 404


async def test_what_is_hidden_has_no_short_address(garage: Garage) -> None:
    await decide(garage, hidden_entries=("repair",))
    async with garage.browser() as browser:
        assert (await browser.get("/s/r")).status_code == 404


async def test_a_jobs_code_asks_the_plate_and_opens_that_job(garage: Garage, job: Job) -> None:
    async with garage.browser() as browser:
        page = await browser.open(f"/s/{job.public_number}")
        number = page.select_one("input[name=number]")
        assert number is not None
        assert number["value"] == display_public_number(job.public_number)
        assert job.plate not in page.get_text()
        values = {"plate": "1-ABC-123", "number": str(number["value"])}
        answer = await browser.submit("/en/status", values)
    assert answer.url.path == "/en/status/job"


async def test_a_jobs_code_and_an_invented_one_look_the_same(garage: Garage, job: Job) -> None:
    async with garage.browser() as browser:
        real = await browser.get(f"/s/{job.public_number}", follow_redirects=True)
        other = await browser.get("/s/AAAAAAAAA", follow_redirects=True)
    shown = display_public_number(job.public_number)
    assert other.status_code == real.status_code == 200
    seen = real.text.replace(shown, "AAA-AAA-AAA").replace(job.public_number, "AAAAAAAAA")
    assert without_tokens(seen) == without_tokens(other.text)


async def test_where_the_status_is_hidden_a_jobs_code_leads_to_its_pictures(
    garage: Garage, job: Job
) -> None:
    await support_decides(garage, show_status=False)
    async with garage.browser() as browser:
        answer = await browser.get(f"/s/{job.public_number}")
        assert answer.headers["location"] == f"/en/pictures?number={job.public_number}"
        await support_decides(garage, show_status=False, show_pictures=False)
        assert (await browser.get(f"/s/{job.public_number}")).status_code == 404


def test_a_drawn_code_is_that_of_its_address_with_white_around_it() -> None:
    address = "https://noord.garagist.test/s/K7QX2M9D4"
    code = segno.make_qr(address, error="m")
    with Image.open(BytesIO(as_file(address, "png"))) as picture:
        bits = as_bits(picture, 16)
        (read,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert [row[QUIET:-QUIET] for row in bits[QUIET:-QUIET]] == [
        [bool(module) for module in row] for row in code.matrix
    ]
    assert not any(any(row) for row in bits[:QUIET])
    assert read.text == address
    svg = ET.fromstring(as_file(address, "svg"))  # noqa: S314 - our own
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert int(svg.attrib["width"]) == 16 * len(bits)


async def test_the_card_shows_what_was_ticked_in_the_languages_that_were(garage: Garage) -> None:
    owner = await garage.staff("owner")
    page = await owner.open(f"{CARD}?what=estimate&what=status&lang=nl&lang=fr&size=a6")
    card = page.select_one(".counter-card")
    assert card is not None
    assert set(card["class"]) == {"counter-card", "a6", "with-2"}
    words = [(tag["lang"], tag.text) for tag in card.select(".part .strong")]
    assert words == [
        ("nl", "Afspraak maken voor bestek"),
        ("fr", "Prendre rendez-vous pour un devis"),
        ("nl", "Status van de herstelling bekijken"),
        ("fr", "Suivre ma réparation"),
    ]
    addresses = [tag.text for tag in card.select(".address")]
    assert addresses == [f"{garage.host}/s/e", f"{garage.host}/s/s"]
    assert len(card.select("svg.qr")) == 2


async def test_a_card_without_any_choice_has_everything(garage: Garage) -> None:
    page = await (await garage.staff("owner")).open(f"{CARD}?what=nothing&lang=xx&size=a0")
    card = page.select_one(".counter-card")
    assert card is not None
    assert set(card["class"]) == {"counter-card", "a5", "with-4"}
    assert {str(tag["lang"]) for tag in card.select("header [lang]")} == set(
        garage.tenant.languages
    )


async def test_a_card_of_a_portal_without_entries_says_so(garage: Garage) -> None:
    await decide(garage, hidden_entries=("estimate", "repair", "status", "pictures"))
    page = await (await garage.staff("owner")).open(CARD)
    assert page.select_one(".counter-card") is None
    assert "Nothing is switched on" in page.get_text()


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
async def test_codes_can_be_had_as_files(garage: Garage, kind: str, begins: bytes) -> None:
    owner = await garage.staff("owner")
    answer = await owner.get(f"/desk/portal/qr/estimate.{kind}")
    assert answer.content.startswith(begins)
    assert answer.headers["content-disposition"] == f'attachment; filename="qr-estimate.{kind}"'
    for other in ("estimate.gif", "nothing.png", "estimate", "../x.png"):
        assert (await owner.get(f"/desk/portal/qr/{other}")).status_code == 404


async def test_a_job_card_carries_the_jobs_code_where_the_portal_is_on(
    garage: Garage, job: Job
) -> None:
    owner = await garage.staff("owner")
    panel = (await owner.open(f"/desk/jobs/{job.id}")).select_one(".print-code")
    assert panel is not None
    assert f"{garage.host}/s/{job.public_number}" in panel.get_text()
    assert panel.select_one("svg.qr") is not None
    sheet = (await owner.open(f"/desk/jobs/{job.id}/sheet")).select_one(".print-code")
    assert sheet is not None
    await garage.switch("self_service_portal", on=False)
    for path in (f"/desk/jobs/{job.id}", f"/desk/jobs/{job.id}/sheet"):
        assert (await owner.open(path)).select_one(".print-code") is None
