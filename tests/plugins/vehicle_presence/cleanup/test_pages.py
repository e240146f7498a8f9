"""What waits for a person, and what left by itself lately, can be dealt with on one page."""

from datetime import datetime, timedelta
from html import unescape
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import frozen, now
from core.tenancy.context import tenant_scope
from core.workshop.audit import repository as audit
from core.workshop.jobs import repository as jobs
from core.workshop.locations import repository as locations
from plugins.vehicle_presence import services
from plugins.vehicle_presence.cleanup import exits, repository, rules
from plugins.vehicle_presence.errors import TooLateToUndo
from plugins.vehicle_presence.models import Doubt, Stay
from plugins.vehicle_presence.vat_book.closing import close_months
from plugins.vehicle_presence.vat_book.closing_repository import ClosedMonths
from plugins.vehicle_presence.vat_book.errors import CLOSED
from tests.factories import a_job, a_plate
from tests.garages import STAFF, Browser, Garage
from tests.outside_plugins import polite
from tests.plugins.vehicle_presence.vat_book.reading import register
from tests.statements import counted
from tests.sweeping import doubts, forgotten, many_forgotten, night, stay_of

pytestmark = pytest.mark.usefixtures("acting")
HOME = "/desk/on-site/clean-up"


async def one(garage: Garage, status: str = "delivered", **columns: object) -> UUID:
    """A forgotten vehicle of these days; its stay."""
    since = now() - timedelta(days=10)
    async with garage.unit() as session:
        stay_id = await forgotten(
            session, status, **{"status_changed_at": since, "updated_at": since, **columns}
        )
        arrived = now() - timedelta(days=60)
        await session.execute(update(Stay).where(Stay.id == stay_id).values(arrived_at=arrived))
    return stay_id


async def doubt_of(garage: Garage, stay_id: UUID) -> UUID:
    """The question about a stay."""
    async with garage.unit() as session:
        found = await session.scalar(select(Doubt.id).where(Doubt.stay_id == stay_id))
    assert found is not None
    return found


def local(garage: Garage, moment: datetime) -> str:
    """As a browser's field has it."""
    return moment.astimezone(garage.tenant.zone).strftime("%Y-%m-%dT%H:%M")


async def confirm(browser: Browser, **values: object) -> BeautifulSoup:
    """Send what is ticked and typed."""
    answer = await browser.submit(f"{HOME}/confirm", dict(values), page=HOME)
    return BeautifulSoup(answer.text, "html.parser")


async def test_a_proposal_shows_its_reason_its_evidence_and_its_date(garage: Garage) -> None:
    stay_id = await one(garage, "ready", book_out_date=(now() - timedelta(days=2)).date())
    await night(garage, now())
    browser = await garage.staff("planner")
    page = await browser.open(HOME)
    field = page.select_one(f"input[name=left-{await doubt_of(garage, stay_id)}]")
    assert field is not None
    assert str(field["value"]).endswith("T23:59")
    assert "The work is done, but nobody noted a collection." in page.text
    assert "book-out date" in page.text


async def test_without_evidence_the_date_is_empty_and_the_page_says_so(garage: Garage) -> None:
    stay_id = await one(garage, "ready")
    await night(garage, now())
    page = await (await garage.staff("planner")).open(HOME)
    field = page.select_one(f"input[name=left-{await doubt_of(garage, stay_id)}]")
    assert field is not None
    assert field["value"] == ""
    assert "Nothing says when it left." in page.text


async def test_a_person_confirms_several_with_their_own_dates(garage: Garage) -> None:
    stay_ids = [await one(garage, "ready") for _ in range(3)]
    await night(garage, now())
    doubts = [await doubt_of(garage, each) for each in stay_ids]
    days = [now() - timedelta(days=back) for back in (1, 2, 3)]
    fields = {f"left-{d}": local(garage, day) for d, day in zip(doubts, days, strict=True)}
    browser = await garage.staff("planner")
    page = await confirm(browser, doubt=[str(each) for each in doubts[:2]], **fields)
    assert "2 vehicles are off site." in page.text
    assert page.select_one('form[action*="/desk/on-site/off/undo?stays="][action*="clean-up"]')
    left = [(await stay_of(garage, each)) for each in stay_ids]
    assert [local(garage, each.left_at) if each.left_at else None for each in left] == [
        *(local(garage, day) for day in days[:2]),
        None,
    ]
    assert {each.closed_by for each in left[:2]} == {"confirmed"}
    assert {each.left_noted_by for each in left[:2]} == {"Planner Person"}
    async with garage.unit() as session:
        events = await jobs.events_of(session, left[0].job_id)
        entries = [each.action for each in await audit.newest(session)]
        assert await session.scalar(select(func.count()).select_from(Doubt)) == 1
    assert events[0].kind == "vehicle_left"
    assert entries.count("presence.left") == 2


@pytest.mark.parametrize("back", [-1, 90, None])
async def test_an_impossible_date_stops_all_and_the_form_stays_filled(
    garage: Garage, back: int | None
) -> None:
    stay_ids = [await one(garage, "ready") for _ in range(2)]
    await night(garage, now())
    good, bad = [await doubt_of(garage, each) for each in stay_ids]
    good_text = local(garage, now() - timedelta(days=1))
    bad_text = "" if back is None else local(garage, now() - timedelta(days=back))
    browser = await garage.staff("planner")
    values = {f"left-{good}": good_text, f"left-{bad}": bad_text}
    answer = await browser.submit(
        f"{HOME}/confirm", {"doubt": [str(good), str(bad)], **values}, page=HOME
    )
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert len(page.select("[aria-invalid=true]")) == 1
    assert page.select_one(f"#problem-{bad}") is not None
    field = page.select_one(f"input[name=left-{good}]")
    assert field is not None
    assert field["value"] == good_text
    assert len(page.select("input[name=doubt][checked]")) == 2
    assert [(await stay_of(garage, each)).left_at for each in stay_ids] == [None, None]


async def test_a_vehicle_that_another_plugin_keeps_is_named_and_the_others_leave(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await garage.switch("polite", on=True)
    stay_ids = [await one(garage, "ready") for _ in range(3)]
    await night(garage, now())
    stays = [await stay_of(garage, each) for each in stay_ids]
    monkeypatch.setattr(polite, "keys_here", {stays[1].job_id})
    doubts = [await doubt_of(garage, each) for each in stay_ids]
    texts = [local(garage, now() - timedelta(days=back)) for back in (1, 2, 3)]
    browser = await garage.staff("planner")
    answer = await browser.submit(
        f"{HOME}/confirm",
        {
            "doubt": [str(each) for each in doubts[:2]],
            **{f"left-{each}": text for each, text in zip(doubts, texts, strict=True)},
        },
        page=HOME,
    )
    assert answer.status_code == 409
    page = BeautifulSoup(answer.text, "html.parser")
    alert = page.select_one(".error-summary")
    assert alert is not None
    assert f"{stays[1].plate} is still in: Its keys are still here." in alert.text
    assert "1 vehicle is off site." in page.text
    fields = {str(each["name"]): each["value"] for each in page.select("input[name^=left-]")}
    assert fields == {
        f"left-{each}": text for each, text in zip(doubts[1:], texts[1:], strict=True)
    }
    assert [str(each["value"]) for each in page.select("input[checked]")] == [str(doubts[1])]
    left = [(await stay_of(garage, each)).left_at is not None for each in stay_ids]
    assert left == [True, False, False]


async def test_nothing_ticked_is_said(garage: Garage) -> None:
    await one(garage, "ready")
    await night(garage, now())
    browser = await garage.staff("planner")
    answer = await browser.submit(f"{HOME}/confirm", {}, page=HOME)
    assert answer.status_code == 422
    assert "Please tick at least one vehicle." in answer.text


async def test_still_here_leaves_the_list_and_comes_back_to_it(garage: Garage) -> None:
    stay_id = await one(garage, "ready")
    await night(garage, now())
    browser = await garage.staff("planner")
    doubt_id = await doubt_of(garage, stay_id)
    answer = await browser.submit(f"/desk/on-site/doubts/{doubt_id}/here?back=clean-up", page=HOME)
    assert answer.url.path == HOME
    assert "Nothing waits for a person" in answer.text
    assert (await stay_of(garage, stay_id)).left_at is None


async def test_what_left_by_itself_can_be_taken_back_one_by_one(garage: Garage) -> None:
    stay_id = await one(garage)
    await night(garage, now())
    browser = await garage.staff("planner")
    page = await browser.open(HOME)
    assert "the job was delivered or invoiced on" in page.text
    job_id = (await stay_of(garage, stay_id)).job_id
    undo = f"/desk/jobs/{job_id}/presence/off/{stay_id}/undo?back=clean-up"
    assert page.select_one(f'form[action="{undo}"]') is not None
    answer = await browser.submit(undo, page=HOME)
    assert answer.url.path == HOME
    stay = await stay_of(garage, stay_id)
    assert (stay.left_at, stay.closed_by, stay.evidence) == (None, None, {})


async def test_a_whole_night_can_be_taken_back(garage: Garage) -> None:
    stay_ids = [await one(garage) for _ in range(3)]
    await night(garage, now())
    corrected = await stay_of(garage, stay_ids[0])
    async with garage.unit() as session:
        await services.change_off_site_date(
            session, corrected.job_id, now() - timedelta(days=1), STAFF
        )
        (run,) = await repository.recent_runs(session)
    browser = await garage.staff("planner")
    answer = await browser.submit(f"{HOME}/nights/{run.id}/undo", page=HOME)
    assert "2 vehicles are in again." in answer.text
    stays = [await stay_of(garage, each) for each in stay_ids]
    assert [each.left_at is None for each in stays] == [False, True, True]
    assert all(each.seen_at for each in stays[1:])
    async with garage.unit() as session:
        entries = [each for each in await audit.newest(session) if each.action == "presence.undone"]
        assert (await jobs.events_of(session, stays[1].job_id))[0].kind == "off_site_undone"
    assert {each.details["closed_by"] for each in entries} == {"sweep"}
    assert all(each.details["evidence"]["status"] == "delivered" for each in entries)
    await night(garage, now() + timedelta(days=1))
    assert (await stay_of(garage, stay_ids[1])).left_at is None


async def test_a_vehicle_that_came_in_again_is_not_taken_back(garage: Garage) -> None:
    stay_id = await one(garage)
    await night(garage, now())
    stay = await stay_of(garage, stay_id)
    async with garage.unit() as session:
        await services.record_arrival(session, stay.job_id, STAFF)
        (run,) = await repository.recent_runs(session)
        assert await exits.take_back_night(session, run, STAFF) == (0, 0)


@pytest.mark.parametrize("is_same_job", [True, False])
async def test_a_vehicle_that_came_and_left_again_is_not_taken_back(
    garage: Garage, is_same_job: bool
) -> None:
    stay_id = await one(garage)
    await night(garage, now())
    swept = await stay_of(garage, stay_id)
    async with garage.unit() as session:
        job_id = swept.job_id if is_same_job else await another_job(session, swept.job_id)
        with frozen(now() + timedelta(hours=1)):
            await services.record_arrival(session, job_id, STAFF)
        with frozen(now() + timedelta(hours=2)):
            await services.mark_off_site(session, job_id, STAFF)
        (run,) = await repository.recent_runs(session)
        assert await exits.take_back_night(session, run, STAFF) == (0, 0)
        with pytest.raises(TooLateToUndo):
            await services.undo_off_site(session, stay_id, swept.job_id, STAFF)
    assert (await stay_of(garage, stay_id)).left_at == swept.left_at


async def another_job(session: AsyncSession, job_id: UUID) -> UUID:
    """A second job of that one's vehicle."""
    job, other = await jobs.by_id(session, job_id), await a_job(session, plate=a_plate())
    other.vehicle_id = job.vehicle_id
    await session.flush()
    return other.id


async def test_a_night_asks_about_a_closed_month_and_who_may_correct_the_book_confirms(
    garage: Garage,
) -> None:
    today = now().astimezone(garage.tenant.zone).replace(hour=9)
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    closed, other = [
        await one(garage, status_changed_at=moment) for moment in (month - timedelta(days=5), month)
    ]
    with frozen(month + timedelta(days=9)):
        async with garage.unit() as session:
            place = await locations.first(session)
            await close_months(session, place.id, at_once=True, is_mailed=False)
        await night(garage, now())
        left = [(await stay_of(garage, each)).left_at for each in (closed, other)]
        assert left == [None, month]
        doubt = await doubt_of(garage, closed)
        planner, owner = await garage.staff("planner"), await garage.staff("owner")
        page = await planner.open(HOME)
        assert "seems to have left, but that month is closed in the VAT book." in page.text
        assert "Evidence: the job was delivered or invoiced on" in page.text
        assert CLOSED in page.text
        assert CLOSED not in (await owner.open(HOME)).text
        at = local(garage, month - timedelta(days=5))
        values = {"doubt": [str(doubt)], f"left-{doubt}": at}
        answer = await planner.submit(f"{HOME}/confirm", values, page=HOME)
        assert (answer.status_code, CLOSED in unescape(answer.text)) == (409, True)
        assert (await stay_of(garage, closed)).left_at is None
        assert "1 vehicle is off site." in (await confirm(owner, **values)).text
    assert (await stay_of(garage, closed)).closed_by == "confirmed"


async def test_a_month_that_is_closed_while_a_night_looks_is_asked_about_too(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay_id = await one(garage)

    async def none_yet(_session: AsyncSession) -> ClosedMonths:
        return ClosedMonths({})

    monkeypatch.setattr(rules, "closed_months", none_yet)
    with frozen(now() + timedelta(days=40)):
        async with garage.unit() as session:
            place = await locations.first(session)
            await close_months(session, place.id, at_once=True, is_mailed=False)
        await night(garage, now())
    assert (await stay_of(garage, stay_id)).left_at is None
    assert [reason for _stay, reason in await doubts(garage)] == ["month_closed"]


async def test_of_a_night_what_is_in_a_closed_month_needs_the_right_and_a_reason(
    garage: Garage,
) -> None:
    today = now().astimezone(garage.tenant.zone).replace(hour=9)
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    closed, other = [
        await one(garage, status_changed_at=moment) for moment in (month - timedelta(days=5), month)
    ]
    with frozen(month + timedelta(days=9)):
        await _sweep_and_close(garage)
        planner, owner = await garage.staff("planner"), await garage.staff("owner")
        async with garage.unit() as session:
            (run,) = await repository.recent_runs(session)
        answer = await planner.submit(f"{HOME}/nights/{run.id}/undo", page=HOME)
    stays = [await stay_of(garage, each) for each in (closed, other)]
    assert [each.left_at is None for each in stays] == [False, True]
    assert f"1 vehicle is in again. 1 stays as it is: {stays[0].plate}." in answer.text
    assert CLOSED in answer.text

    undo = f"/desk/jobs/{stays[0].job_id}/presence/off/{closed}/undo?back=clean-up"
    refused = await planner.submit(undo, page=HOME)
    assert (refused.status_code, CLOSED in refused.text) == (409, True)
    asked = await owner.submit(undo, page=HOME)
    assert asked.status_code == 422
    assert "To undo this, please say why." in asked.text
    again = await owner.submit(undo, {"reason": " "}, page=HOME)
    assert "Please say why this is corrected." in again.text
    assert (await stay_of(garage, closed)).left_at is not None
    done = await owner.submit(undo, {"reason": "It stood behind the hall"}, page=HOME)
    assert done.url.path == HOME
    assert (await stay_of(garage, closed)).left_at is None
    row = next(row for row in await register(garage) if row.entry.stay_id == closed)
    assert row.struck[0].by.reason == "It stood behind the hall"
    async with garage.unit() as session:
        entry = (await audit.newest(session))[0]
    assert (entry.action, entry.reason) == ("presence.undone", "It stood behind the hall")


async def _sweep_and_close(garage: Garage) -> None:
    """A night, and its register's last month closed."""
    await night(garage, now())
    async with garage.unit() as session:
        place = (await locations.first(session)).id
        assert await close_months(session, place, at_once=True, is_mailed=False)


async def test_a_night_that_is_too_large_for_one_click_takes_several(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exits, "MOST_AT_ONCE", 2)
    await many_forgotten(garage, 3, at=now())
    await night(garage, now())
    async with garage.unit() as session:
        (run,) = await repository.recent_runs(session)
        with tenant_scope(garage.tenant):
            assert await exits.take_back_night(session, run, STAFF) == (2, 1)
            assert await exits.take_back_night(session, run, STAFF) == (1, 0)


async def test_proposals_come_by_pages(garage: Garage) -> None:
    count = repository.PAGE + 3
    await many_forgotten(garage, count, at=now(), status="ready")
    await night(garage, now())
    browser = await garage.staff("planner")
    page = await browser.open(HOME)
    assert len(page.select("input[name=doubt]")) == repository.PAGE
    more = page.select_one(f'a[href^="{HOME}?after="]')
    assert more is not None
    assert len((await browser.open(str(more["href"]))).select("input[name=doubt]")) == 3


async def test_the_page_asks_as_often_for_many_as_for_few(garage: Garage) -> None:
    browser = await garage.staff("planner")
    counts = []
    for more in (1, 20):
        await many_forgotten(garage, more, at=now())
        await many_forgotten(garage, more, at=now(), status="ready")
        await night(garage, now() + timedelta(days=more))
        await browser.open(HOME)
        with counted(garage.house) as sent:
            await browser.open(HOME)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 14


async def test_the_accountant_neither_looks_nor_confirms(garage: Garage) -> None:
    await one(garage, "ready")
    await night(garage, now())
    browser = await garage.staff("accountant")
    assert (await browser.get(HOME)).status_code == 403
    answer = await browser.post(f"{HOME}/confirm", data={})
    assert answer.status_code == 403


async def test_a_card_says_on_what_evidence_its_vehicle_left(garage: Garage) -> None:
    stay_id = await one(garage)
    await night(garage, now())
    job_id = (await stay_of(garage, stay_id)).job_id
    page = await (await garage.staff("planner")).open(f"/desk/jobs/{job_id}")
    assert "noted by the clean-up" in page.text
    assert "Evidence: the job was delivered or invoiced on" in page.text
    undo = f"/desk/jobs/{job_id}/presence/off/{stay_id}/undo"
    assert page.select_one(f'form[action="{undo}"]') is not None
