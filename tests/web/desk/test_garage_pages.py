"""Today, staff and the log."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from core.clock import now
from core.workshop.audit import repository as audit
from core.workshop.audit.services import record
from core.workshop.jobs.services import set_status
from core.workshop.staff.models import ROLES, StaffMember
from tenants.visits import enter_garage
from tests import factories
from tests.garages import STAFF, SUPPORT, Browser, Garage, Outbox


@pytest.fixture
async def owner(garage: Garage) -> Browser:
    """The owner at the desk."""
    return await garage.staff("owner")


async def members(garage: Garage) -> dict[str, StaffMember]:
    """Who works at the garage, by address."""
    async with garage.unit() as session:
        return {member.email: member for member in await session.scalars(select(StaffMember))}


def menu_of(page: BeautifulSoup) -> set[str]:
    """Where the staff's menu leads."""
    return {str(link["href"]) for link in page.select(".desk-nav a")}


async def test_today_counts_the_jobs_that_are_open(garage: Garage, owner: Browser) -> None:
    async with garage.unit() as session:
        for plate in ("1-AAA-111", "1-AAA-112"):
            await factories.a_job(session, plate=plate)
        done = await factories.a_job(session, plate="1-AAA-113")
        await set_status(session, done.id, "ready", STAFF)
    page = await owner.open("/desk")
    counts = [card.strong.text for card in page.select("a.stat") if card.strong]
    assert counts == ["2", "0", "0", "1"]


async def test_today_says_that_customers_sent_photos(garage: Garage, owner: Browser) -> None:
    async with garage.unit() as session:
        await factories.a_photo(session, await factories.a_job(session), source="portal")
    assert "1 photo of a customer has not been looked at." in (await owner.open("/desk")).text


MENUS = {
    "owner": {"/desk/jobs", "/desk/planning", "/desk/staff", "/desk/settings", "/desk/audit"},
    "planner": {"/desk/jobs", "/desk/planning"},
    "technician": {"/desk/jobs"},
    "accountant": set(),
}


@pytest.mark.parametrize("role", ROLES)
async def test_the_menu_shows_what_the_role_may_open_and_nothing_else(
    garage: Garage, role: str
) -> None:
    browser = await garage.staff(role)
    found = menu_of(await browser.open("/desk"))
    everything = MENUS["owner"]
    assert found & everything == MENUS[role]
    for path in everything - found:
        assert (await browser.get(path)).status_code == 403


async def test_somebody_is_invited_by_mail_and_gets_in(
    garage: Garage, owner: Browser, outbox: Outbox
) -> None:
    email = f"new@{garage.slug}.test"
    values: dict[str, object] = {
        "name": "Nele New",
        "email": f" {email.upper()} ",
        "role": "technician",
        "language": "nl",
    }
    answer = await owner.submit("/desk/staff", values)
    await outbox.empty(garage)
    mail = outbox.mails_to(email)[0]
    link = mail.text.split(f"https://{garage.host}")[1].split()[0]
    newcomer = garage.browser()
    await newcomer.submit(link, {"password": "a long enough one"})
    assert answer.status_code == 200
    assert (await newcomer.get("/desk")).status_code == 200
    assert mail.message["Content-Language"] == "nl"


async def test_an_address_that_works_here_already_is_refused_at_its_field(
    garage: Garage, owner: Browser
) -> None:
    values: dict[str, object] = {
        "name": "Twice",
        "email": f"owner@{garage.slug}.test",
        "role": "owner",
        "language": "en",
    }
    answer = await owner.submit("/desk/staff", values)
    page = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 409
    assert page.select_one("#email[aria-invalid=true]") is not None


@pytest.mark.parametrize("role", ["admin", "support", ""])
async def test_a_role_that_is_none_is_not_given(garage: Garage, owner: Browser, role: str) -> None:
    values: dict[str, object] = {
        "name": "X",
        "email": "x@example.com",
        "role": role,
        "language": "en",
    }
    answer = await owner.submit("/desk/staff", values)
    assert answer.status_code == 422
    assert "x@example.com" not in await members(garage)


async def test_somebody_is_locked_out_and_let_in_again(garage: Garage, owner: Browser) -> None:
    planner = await garage.staff("planner")
    email = f"planner@{garage.slug}.test"
    member = (await members(garage))[email]
    answer = await owner.submit(f"/desk/staff/{member.id}/off", page="/desk/staff")
    locked = (await planner.get("/desk")).status_code
    form = BeautifulSoup(answer.text, "html.parser").select_one(".toast form")
    assert form is not None
    await owner.submit(str(form["action"]), page="/desk/staff")
    assert locked == 303
    assert (await members(garage))[email].is_active


async def test_the_last_owner_cannot_be_locked_out(garage: Garage, owner: Browser) -> None:
    found = await members(garage)
    owners = [member for member in found.values() if member.role == "owner"]
    answers = [
        await owner.submit(f"/desk/staff/{member.id}/off", page="/desk/staff", follow=False)
        for member in sorted(owners, key=lambda each: each.email.startswith("owner@"))
    ]
    assert [answer.status_code for answer in answers] == [303, 409]
    assert "A garage needs at least one owner who can log in." in answers[1].text


async def test_support_that_acts_inside_is_seen_on_every_page_and_in_the_log(
    garage: Garage,
) -> None:
    visit = await enter_garage(
        garage.house.database, garage.house.directory, garage.slug, SUPPORT, reason="Looks slow"
    )
    browser = garage.browser()
    page = await browser.open(f"/desk/enter/{visit.token}")
    async with garage.unit() as session:
        job = await factories.a_job(session)
    await browser.submit(f"/desk/jobs/{job.id}/informed", page="/desk")
    log = (await (await garage.staff("owner")).open("/desk/audit")).text
    assert "You are acting inside this garage as Sam Support of support." in page.text
    assert "Looks slow" in page.text
    assert "Sam Support" in log
    assert "Looks slow" in log


async def test_a_link_of_support_works_once(garage: Garage) -> None:
    visit = await enter_garage(
        garage.house.database, garage.house.directory, garage.slug, SUPPORT, reason="once"
    )
    statuses = [
        (await garage.browser().get(f"/desk/enter/{visit.token}")).status_code for _ in range(2)
    ]
    assert statuses == [303, 404]


async def test_a_session_of_support_is_no_link_of_support(garage: Garage) -> None:
    browser = await garage.staff("owner")
    token = browser.cookies["__Host-session"]
    assert (await garage.browser().get(f"/desk/enter/{token}")).status_code == 404


async def test_the_log_is_read_backwards_page_by_page(garage: Garage, owner: Browser) -> None:
    async with garage.unit() as session:
        for number in range(audit.PAGE + 5):
            record(session, STAFF, "job.changed", "job:x", reason=f"reason {number:03}")
            await session.flush()
    first = await owner.open("/desk/audit")
    older = next(link for link in first.select("main a") if "before=" in str(link.get("href")))
    second = await owner.open(str(older["href"]))
    newest = f"reason {audit.PAGE + 4:03}"
    assert newest in first.text
    assert "reason 000" not in first.text
    assert "reason 000" in second.text


async def test_the_log_says_when_in_the_garages_time(garage: Garage, owner: Browser) -> None:
    async with garage.unit() as session:
        record(session, STAFF, "job.changed", "job:x")
    local = now().astimezone(garage.tenant.zone)
    page = (await owner.open("/desk/audit")).text
    minutes = {f"{(local - timedelta(minutes=ago)):%H:%M}" for ago in (0, 1)}
    assert any(minute in page for minute in minutes)
