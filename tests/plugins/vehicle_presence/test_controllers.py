"""The check mark, the clock and the board, as people press them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from bs4 import BeautifulSoup

from core.clock import frozen, now
from core.workshop.jobs import repository as jobs
from plugins.vehicle_presence import repository
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.services import mark_off_site, record_arrival
from plugins.vehicle_presence.vat_book.closing import close_months
from tests.factories import a_job, a_plate, a_stay, many_jobs
from tests.garages import STAFF, Browser, Garage
from tests.plugins.vehicle_presence.vat_book.reading import first_location, register

BOARD = "/desk/on-site"


@pytest.fixture
async def job_id(garage: Garage) -> UUID:
    """A job whose vehicle never came."""
    async with garage.unit() as session:
        return (await a_job(session, plate="1-QAB-234")).id


@pytest.fixture
async def planner(garage: Garage) -> AsyncIterator[Browser]:
    """A planner at the desk."""
    browser = await garage.staff("planner")
    yield browser
    await browser.aclose()


async def latest(garage: Garage, job_id: UUID) -> Stay | None:
    async with garage.unit() as session:
        return await repository.latest_stay(session, job_id)


async def arrive(garage: Garage, job_id: UUID, days_ago: int = 2) -> None:
    async with garage.unit() as session:
        await record_arrival(session, job_id, STAFF, at=now() - timedelta(days=days_ago))


def form_to(page: BeautifulSoup, ending: str) -> str:
    """The address of the one form, or button with an address of its own, that ends so."""
    addresses = [
        *(str(form["action"]) for form in page.select("form[action]")),
        *(str(button["formaction"]) for button in page.select("button[formaction]")),
    ]
    (address,) = [each for each in addresses if each.partition("?")[0].endswith(ending)]
    return address


async def test_vehicle_in_is_checked_and_taken_back_with_one_press_each(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    card = f"/desk/jobs/{job_id}"
    answer = await planner.submit(f"{card}/presence/in", page=card)
    assert await latest(garage, job_id) is not None
    undo = form_to(BeautifulSoup(answer.text, "html.parser"), "/undo")
    await planner.submit(undo, page=card)
    assert await latest(garage, job_id) is None


async def test_the_clock_is_one_press_and_so_is_undo(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    await arrive(garage, job_id)
    card = f"/desk/jobs/{job_id}"
    answer = await planner.submit(f"{card}/presence/off", page=card)
    stay = await latest(garage, job_id)
    assert stay is not None
    assert stay.left_at is not None
    undo = form_to(BeautifulSoup(answer.text, "html.parser"), "/undo")
    await planner.submit(undo, page=card)
    stay = await latest(garage, job_id)
    assert stay is not None
    assert stay.left_at is None


async def test_the_clock_on_the_board_leads_back_to_the_board(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    await arrive(garage, job_id)
    page = await planner.open(BOARD)
    answer = await planner.submit(form_to(page, "/presence/off"), page=BOARD, follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, BOARD)
    assert "QAB" not in (await planner.open(BOARD)).select_one("main").get_text()  # type: ignore[union-attr]


async def test_a_clock_that_cannot_be_pressed_says_why(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    card = f"/desk/jobs/{job_id}"
    answer = await planner.submit(f"{card}/presence/off", page=card)
    assert answer.status_code == 409
    assert "not marked as in" in answer.text


async def test_the_off_site_date_is_typed_on_the_garages_clock(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    await arrive(garage, job_id)
    async with garage.unit() as session:
        await mark_off_site(session, job_id, STAFF)
    yesterday = now().astimezone(garage.tenant.zone) - timedelta(days=1)
    local = yesterday.replace(hour=12, minute=34, second=0, microsecond=0)
    path = f"/desk/jobs/{job_id}/presence/date"
    answer = await planner.submit(path, {"left_at": f"{local:%Y-%m-%dT%H:%M}"}, follow=False)
    stay = await latest(garage, job_id)
    assert answer.status_code == 303
    assert stay is not None
    assert stay.left_at == local


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("", (422, "")),
        ("yesterday", (422, "yesterday")),
        ("2001-01-01T10:00", (409, "before it arrived")),
        ("2999-01-01T10:00", (409, "in the future")),
    ],
)
async def test_an_off_site_date_that_cannot_be_is_asked_again(
    garage: Garage, planner: Browser, job_id: UUID, typed: str, answered: tuple[int, str]
) -> None:
    await arrive(garage, job_id)
    async with garage.unit() as session:
        before = (await mark_off_site(session, job_id, STAFF)).left_at
    answer = await planner.submit(f"/desk/jobs/{job_id}/presence/date", {"left_at": typed})
    stay = await latest(garage, job_id)
    assert answer.status_code == answered[0]
    assert answered[1] in answer.text
    assert 'role="alert"' in answer.text
    assert stay is not None
    assert stay.left_at == before


LATER = timedelta(minutes=31)


async def test_another_off_site_date_needs_a_reason_once_the_clock_cannot_be_undone(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    await arrive(garage, job_id)
    async with garage.unit() as session:
        left = (await mark_off_site(session, job_id, STAFF)).left_at
    assert left is not None
    path = f"/desk/jobs/{job_id}/presence/date"
    earlier = (left - timedelta(hours=1)).astimezone(garage.tenant.zone)
    typed = {"left_at": f"{earlier:%Y-%m-%dT%H:%M}"}
    assert (await planner.open(path)).select_one("input[name=reason]") is None
    with frozen(now() + LATER):
        refused = await planner.submit(path, typed | {"reason": "  "})
        page = BeautifulSoup(refused.text, "html.parser")
        assert refused.status_code == 422
        assert "Please say why this is corrected." in page.get_text()
        assert page.select_one(f"input[name=left_at][value='{typed['left_at']}']")
        assert page.select_one("input[name=reason][aria-invalid=true]")
        assert (await latest(garage, job_id)).left_at == left  # type: ignore[union-attr]
        answer = await planner.submit(path, typed | {"reason": "left at noon"}, follow=False)
    assert answer.status_code == 303
    (row,) = await register(garage)
    assert [(each.by.reason, each.by.actor) for each in row.struck] == [
        ("left at noon", "Planner Person")
    ]


async def test_in_a_closed_month_only_the_owner_still_changes_the_off_site_date(
    garage: Garage, job_id: UUID
) -> None:
    await arrive(garage, job_id)
    async with garage.unit() as session:
        left = (await mark_off_site(session, job_id, STAFF)).left_at
    assert left is not None
    later = left.astimezone(garage.tenant.zone) + timedelta(minutes=5)
    path = f"/desk/jobs/{job_id}/presence/date"
    typed = {"left_at": f"{later:%Y-%m-%dT%H:%M}", "reason": "late"}
    card = f"/desk/jobs/{job_id}"
    with frozen(now() + timedelta(days=40)):
        planner, owner = [await garage.staff(role) for role in ("planner", "owner")]
        async with garage.unit() as session:
            await close_months(session, await first_location(garage))
        page = await planner.open(path)
        assert "Only the owner or the accountant can still change the date" in page.get_text()
        assert page.select_one("input[name=left_at]") is None
        refused = await planner.submit(path, typed, page=card)
        assert refused.status_code == 409
        assert (await register(garage))[0].struck == []
        answer = await owner.submit(path, typed, follow=False)
    assert answer.status_code == 303
    (row,) = await register(garage)
    assert [(each.by.reason, each.by.is_late) for each in row.struck] == [("late", True)]


async def test_a_vehicle_that_did_not_leave_has_no_date_page(
    planner: Browser, job_id: UUID
) -> None:
    answer = await planner.get(f"/desk/jobs/{job_id}/presence/date")
    assert answer.status_code == 404


async def test_several_are_marked_off_site_with_one_date(garage: Garage, planner: Browser) -> None:
    async with garage.unit() as session:
        job_ids = await many_jobs(session, 3)
        for job_id in job_ids:
            await a_stay(session, await jobs.by_id(session, job_id), now() - timedelta(days=9))
    yesterday = (now().astimezone(garage.tenant.zone) - timedelta(days=1)).date()
    fields: dict[str, object] = {"day": yesterday.isoformat(), "job": [str(j) for j in job_ids[:2]]}
    answer = await planner.submit(f"{BOARD}/off", fields, page=BOARD)
    assert "2 vehicles are off site." in answer.text
    left = [(await latest(garage, job_id)) for job_id in job_ids]
    moments = [
        stay.left_at.astimezone(garage.tenant.zone) if stay and stay.left_at else None
        for stay in left
    ]
    assert [m and f"{m:%Y-%m-%d %H:%M}" for m in moments] == [*[f"{yesterday} 23:59"] * 2, None]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"day": "2026-01-01"}, 422),
        ({"job": "not-an-id", "day": "2026-01-01"}, 422),
        ({"job": "{job}", "day": "soon"}, 422),
        ({"job": "{job}", "day": "2001-01-01"}, 409),
        ({"job": "{job}", "day": "2099-01-01"}, 409),
        ({"job": "{job}", "day": "9999-12-31"}, 422),
    ],
)
async def test_a_choice_that_cannot_be_marks_nothing(
    garage: Garage, planner: Browser, job_id: UUID, fields: dict[str, str], status: int
) -> None:
    await arrive(garage, job_id)
    values: dict[str, object] = {name: text.format(job=job_id) for name, text in fields.items()}
    answer = await planner.submit(f"{BOARD}/off", values, page=BOARD)
    stay = await latest(garage, job_id)
    assert answer.status_code == status
    assert stay is not None
    assert stay.left_at is None


async def test_a_doubt_is_asked_about_until_somebody_answers(
    garage: Garage, planner: Browser, job_id: UUID
) -> None:
    await arrive(garage, job_id)
    async with garage.unit() as session:
        stay = await repository.latest_stay(session, job_id)
        assert stay is not None
        session.add(Doubt(stay_id=stay.id, reason="quiet"))
    page = await planner.open(BOARD)
    assert "Nothing has happened to this job" in page.get_text()
    await planner.submit(form_to(page, "/here"), page=BOARD)
    assert "Nothing has happened to this job" not in (await planner.open(BOARD)).get_text()


async def test_the_board_goes_on_where_a_page_ends(garage: Garage, planner: Browser) -> None:
    async with garage.unit() as session:
        for job_id in await many_jobs(session, repository.PAGE + 2):
            await a_stay(session, await jobs.by_id(session, job_id), now() - timedelta(days=3))
    page = await planner.open(BOARD)
    more = page.select_one('a[href^="/desk/on-site?after="]')
    assert more is not None
    second = await planner.open(str(more["href"]))
    rows = [len(each.select("tbody tr")) for each in (page, second)]
    assert rows == [repository.PAGE, 2]


@pytest.mark.parametrize("after", ["x", "_", "2026-01-01T00:00:00+00:00_nothing", "%00"])
async def test_a_place_in_the_board_that_makes_no_sense_is_its_beginning(
    garage: Garage, planner: Browser, job_id: UUID, after: str
) -> None:
    await arrive(garage, job_id)
    page = await planner.open(f"{BOARD}?after={after}")
    assert len(page.select("tbody tr")) == 1


@pytest.mark.parametrize(
    ("role", "sees", "marks"),
    [("technician", 200, 303), ("accountant", 403, 403)],
)
async def test_who_may_see_and_who_may_mark(
    garage: Garage, job_id: UUID, role: str, sees: int, marks: int
) -> None:
    await arrive(garage, job_id)
    browser = await garage.staff(role)
    assert (await browser.get(BOARD)).status_code == sees
    answer = await browser.submit(f"/desk/jobs/{job_id}/presence/off", page="/desk", follow=False)
    await browser.aclose()
    assert answer.status_code == marks


async def test_the_board_shows_nothing_of_another_garage(
    garage: Garage, other_garage: Garage, planner: Browser
) -> None:
    async with other_garage.unit() as session:
        job = await a_job(session, plate=a_plate())
        await record_arrival(session, job.id, STAFF)
    page = await planner.open(BOARD)
    assert job.plate not in page.get_text()
    answer = await planner.submit(f"/desk/jobs/{job.id}/presence/off", page=BOARD)
    assert answer.status_code == 404
