"""What a garage asks when a vehicle comes, and the page behind the code on the job sheet."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from bs4 import BeautifulSoup

from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import check_ins, repository
from plugins.vehicle_presence.board_models import CheckIn
from plugins.vehicle_presence.services import mark_off_site, record_arrival
from tenants.activation import change_settings
from tests.factories import a_job, a_photo, jpeg
from tests.garages import STAFF, SUPPORT, Browser, Garage
from tests.tus import Sender

ASKS = {"ask_mileage": "required", "ask_damage": "required", "ask_keys": "optional"}


async def wish(garage: Garage, **wishes: object) -> None:
    """Support changes what the garage wants."""
    await change_settings(garage.house.switching, garage.slug, "vehicle_presence", wishes, SUPPORT)
    fresh = await garage.house.directory.by_slug(garage.slug)
    assert fresh is not None
    garage.tenant = fresh


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job whose vehicle has not come yet."""
    async with garage.unit() as session:
        return (await a_job(session, plate="1-QRC-234")).id


@pytest.fixture
async def technician(garage: Garage) -> AsyncIterator[Browser]:
    """Somebody in the workshop."""
    browser = await garage.staff("technician")
    yield browser
    await browser.aclose()


async def note_of(garage: Garage, job_id: UUID) -> CheckIn | None:
    async with garage.unit() as session:
        (stay,) = await repository.stays_of(session, job_id)
        return await check_ins.of_stay(session, stay.id)


async def test_without_questions_the_check_mark_is_one_press(
    technician: Browser, job_id: UUID
) -> None:
    card = f"/desk/jobs/{job_id}"
    answer = await technician.submit(f"{card}/presence/in", page=card, follow=False)
    assert answer.headers["location"] == card
    assert (await technician.get(f"{card}/check-in")).status_code == 404


async def test_with_questions_it_is_in_at_the_press_and_asked_afterwards(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, **ASKS)
    scan = f"/desk/jobs/{job_id}/presence"
    page = await technician.open(scan)
    (button,) = page.select("form[action*='/presence/in']")
    answer = await technician.submit(str(button["action"]), page=scan, follow=False)
    assert answer.headers["location"] == f"/desk/jobs/{job_id}/check-in?back=scan"
    async with garage.unit() as session:
        assert await repository.open_stay(session, job_id) is not None
    values = {
        "mileage": "88123",
        "damage": "Dent in the left door",
        "keys": "2",
        "keys_place": "14",
    }
    answer = await technician.submit(answer.headers["location"], values, follow=False)
    assert answer.headers["location"] == scan
    note = await note_of(garage, job_id)
    assert note is not None
    assert note.answers == {
        "mileage": 88123,
        "damage": "Dent in the left door",
        "keys": 2,
        "keys_place": "14",
    }
    async with garage.unit() as session:
        assert (await jobs.by_id(session, job_id)).mileage_at_repair == 88123
    card = await technician.open(f"/desk/jobs/{job_id}")
    panel = card.select_one("#presence")
    assert panel is not None
    assert "88123 km, 2 keys, keys: 14, prior damage: Dent in the left door" in panel.text
    timeline = card.select_one(".timeline")
    assert timeline is not None
    assert "Check-in (Technician Person): 88123 km" in timeline.text


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"damage": "Dent"}, "Mileage (km): This field is required."),
        ({"mileage": "88123"}, "Prior damage: This field is required."),
        ({"mileage": "many", "no_damage": "y"}, "Not a valid integer value"),
        ({"mileage": "-1", "no_damage": "y"}, "Mileage (km)"),
        ({"mileage": "88123", "no_damage": "y", "keys": "2100"}, "How many keys?"),
    ],
)
async def test_what_must_be_answered_is_asked_again_and_nothing_is_half_stored(
    garage: Garage, technician: Browser, job_id: UUID, values: dict[str, object], says: str
) -> None:
    await wish(garage, **ASKS)
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    answer = await technician.submit(f"/desk/jobs/{job_id}/check-in", values)
    summary = BeautifulSoup(answer.text, "html.parser").select_one(".error-summary")
    assert answer.status_code == 422
    assert summary is not None
    assert says in summary.text
    assert await note_of(garage, job_id) is None
    async with garage.unit() as session:
        assert (await jobs.by_id(session, job_id)).mileage_at_repair is None


async def test_no_prior_damage_is_an_answer(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, **ASKS)
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    path = f"/desk/jobs/{job_id}/check-in"
    await technician.submit(path, {"mileage": "5", "no_damage": "y"})
    note = await note_of(garage, job_id)
    assert note is not None
    assert note.answers == {"mileage": 5, "no_damage": True}
    await technician.submit(path, {"mileage": "7", "no_damage": "y"})
    note = await note_of(garage, job_id)
    assert note is not None
    assert note.answers["mileage"] == 7


FRONT = ("photos", ("front.jpg", jpeg(), "image/jpeg"))


async def photos_of(garage: Garage, job_id: UUID) -> list[str]:
    async with garage.unit() as session:
        stay = await repository.open_stay(session, job_id)
        assert stay is not None
        return [each.display_name for each in await check_ins.photos_of(session, stay)]


async def test_photos_that_are_asked_come_with_the_answers(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, ask_photos="required", ask_mileage="optional")
    async with garage.unit() as session:
        await a_photo(session, await jobs.by_id(session, job_id), body=jpeg((0, 90, 0)))
        await record_arrival(session, job_id, STAFF)
    path = f"/desk/jobs/{job_id}/check-in"
    answer = await technician.submit(path, {"mileage": "88123"}, files=[FRONT], follow=False)
    assert answer.status_code == 303
    assert await photos_of(garage, job_id) == ["front.jpg"]
    note = await note_of(garage, job_id)
    assert note is not None
    assert note.answers == {"mileage": 88123, "photos": 1}
    card = await technician.open(f"/desk/jobs/{job_id}")
    panel = card.select_one("#presence")
    assert panel is not None
    assert "88123 km, 1 photo" in panel.text


async def test_a_photo_that_is_required_and_missing_is_asked_for_with_the_rest_still_filled(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, ask_photos="required", ask_mileage="optional")
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    path = f"/desk/jobs/{job_id}/check-in"
    answer = await technician.submit(path, {"mileage": "88123"})
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 422
    assert page.select(".error-summary a[href='#photos']")
    assert "Please add at least one photo." in page.text
    (mileage,) = page.select("input[name=mileage]")
    assert mileage["value"] == "88123"
    assert await note_of(garage, job_id) is None


async def test_a_photo_stays_though_another_answer_is_wrong_and_one_that_is_none_is_named(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, ask_photos="required", ask_mileage="required")
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    path = f"/desk/jobs/{job_id}/check-in"
    none = ("photos", ("letter.jpg", b"no picture at all", "image/jpeg"))
    answer = await technician.submit(path, {"mileage": "88123"}, files=[FRONT, none])
    assert answer.status_code == 422
    assert "letter.jpg" in BeautifulSoup(answer.text, "html.parser").text
    assert await note_of(garage, job_id) is None
    assert await photos_of(garage, job_id) == ["front.jpg"]
    answer = await technician.submit(path, {"mileage": "88123"}, follow=False)
    assert answer.status_code == 303
    note = await note_of(garage, job_id)
    assert note is not None
    assert note.answers["photos"] == 1


async def test_a_photo_sent_piece_by_piece_answers_the_question_too(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, ask_photos="required")
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    path = f"/desk/jobs/{job_id}/check-in"
    (upload,) = (await technician.open(path)).select("photo-upload")
    address = str(upload["data-endpoint"])
    sender = Sender(technician, address, await technician.token(path))
    assert (await sender.send(jpeg(), filename="side.jpg")).is_success
    assert await photos_of(garage, job_id) == ["side.jpg"]
    answer = await technician.submit(path, {}, follow=False)
    assert answer.status_code == 303
    note = await note_of(garage, job_id)
    assert note is not None
    assert note.answers == {"photos": 1}


async def test_no_key_at_all_is_an_answer(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, ask_keys="required")
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    await technician.submit(f"/desk/jobs/{job_id}/check-in", {"keys": "0"})
    note = await note_of(garage, job_id)
    assert note is not None
    assert note.answers == {"keys": 0}


async def test_an_unanswered_check_in_is_shown_on_card_and_board(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await wish(garage, **ASKS)
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    assert "Answer the check-in" in (await technician.open(f"/desk/jobs/{job_id}")).text
    assert "Check-in open" in (await technician.open("/desk/on-site")).text
    async with garage.unit() as session:
        await check_ins.note(session, job_id, {"mileage": 5}, STAFF)
    assert "Answer the check-in" not in (await technician.open(f"/desk/jobs/{job_id}")).text
    assert "Check-in open" not in (await technician.open("/desk/on-site")).text


async def test_the_page_behind_the_code_has_the_one_button_that_fits(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    scan = f"/desk/jobs/{job_id}/presence"

    async def primary() -> str:
        (button,) = (await technician.open(scan)).select("button.primary.huge")
        return button.get_text(strip=True)

    assert await primary() == "Vehicle in"
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF)
    assert await primary() == "Off site now"
    async with garage.unit() as session:
        await mark_off_site(session, job_id, STAFF)
    assert await primary() == "Vehicle in"


async def test_the_code_leads_through_the_login_straight_to_the_page(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    sheet = await technician.open(f"/desk/jobs/{job_id}/sheet")
    assert sheet.select_one(".sheet-code svg.qr path") is not None
    assert "Scan when the vehicle comes or goes" in sheet.text
    stranger = garage.browser()
    answer = await stranger.get(f"/desk/jobs/{job_id}/presence")
    assert answer.headers["location"].endswith(f"next=%2Fdesk%2Fjobs%2F{job_id}%2Fpresence")


async def test_without_the_plugin_the_sheets_code_opens_the_job_card(
    garage: Garage, technician: Browser, job_id: UUID
) -> None:
    await garage.switch("vehicle_presence", on=False)
    sheet = await technician.open(f"/desk/jobs/{job_id}/sheet")
    assert "Scan to open the job" in sheet.text
    for path in ("presence", "check-in", "presence/away"):
        assert (await technician.get(f"/desk/jobs/{job_id}/{path}")).status_code == 404


async def test_another_garages_sheet_does_not_exist(other_garage: Garage, job_id: UUID) -> None:
    browser = await other_garage.staff("owner")
    for path in ("sheet", "presence", "check-in", "presence/away"):
        assert (await browser.get(f"/desk/jobs/{job_id}/{path}")).status_code == 404
