"""Errors: the right status, what happened, what to do, in the person's language."""

import asyncio

import httpx
import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from core.i18n import LANGUAGES, gettext, language_scope
from core.web.desk import access
from core.web.desk.access import PER_ADDRESS
from core.web.garage_app import FORM_LIMIT_BYTES
from core.web.limits import Limiter
from core.workshop.customers.models import Customer
from core.workshop.jobs.models import Job
from tests import factories
from tests.garages import Garage
from tests.waiting import until_locked_out

TITLES = {
    403: "This form is no longer valid",
    404: "There is nothing at this address",
    405: "This address is for a form",
    413: "That is too much at once",
    429: "Too many attempts",
    500: "Something went wrong on our side",
}


@pytest.fixture
async def rude_garage(garage: Garage) -> Garage:
    """A garage with a plugin that fails."""
    await garage.switch("rude", on=True)
    return garage


async def provoke(
    garage: Garage, elsewhere: Limiter, status: int, headers: dict[str, str]
) -> httpx.Response:
    """Make a garage's application answer with that status."""
    browser = garage.browser(headers=headers)
    form = {"csrf_token": await browser.token("/desk/login"), "email": "x@example.com"}
    if status == 403:
        return await browser.post("/desk/login", data={})
    if status == 405:
        return await browser.put("/desk/login")
    if status == 413:
        return await browser.post("/desk/login", data=form | {"x": "x" * FORM_LIMIT_BYTES})
    if status == 429:
        for _ in range(30):
            await elsewhere.allows(PER_ADDRESS, "reset", str(garage.tenant.id), "127.0.0.1")
        return await browser.post("/desk/password", data=form)
    return await browser.get("/rude" if status == 500 else "/desk/nothing")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", TITLES)
async def test_an_error_says_what_happened_in_the_persons_language(
    rude_garage: Garage, elsewhere: Limiter, status: int, language: str
) -> None:
    answer = await provoke(rude_garage, elsewhere, status, {"Accept-Language": language})
    soup = BeautifulSoup(answer.text, "html.parser")
    with language_scope(language):
        title = gettext(TITLES[status])
    assert (answer.status_code, soup.html and soup.html["lang"]) == (status, language)
    assert [each.text for each in soup.select("h1")] == [title]
    assert soup.select_one("main p") is not None


@pytest.mark.parametrize("status", TITLES)
async def test_a_script_gets_the_error_as_json(
    rude_garage: Garage, elsewhere: Limiter, status: int
) -> None:
    answer = await provoke(rude_garage, elsewhere, status, {"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.json()["title"] == TITLES[status]
    assert answer.json()["error"]


async def test_a_script_without_a_login_gets_401_and_no_redirect(garage: Garage) -> None:
    answer = await garage.browser().get("/desk/jobs", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (401, "Please log in")


async def test_a_failure_tells_nothing_about_its_cause_and_stores_nothing(
    rude_garage: Garage,
) -> None:
    async with rude_garage.unit() as session:
        await factories.a_job(session)
    answer = await rude_garage.browser().get("/rude")
    async with rude_garage.unit() as session:
        customers = await session.scalar(select(func.count()).select_from(Customer))
    assert answer.status_code == 500
    assert not {"RudeError", "Traceback", "delete from"} & set(answer.text.split())
    assert customers == 1


async def test_a_failing_plugin_costs_the_page_only_what_it_would_have_added(
    rude_garage: Garage,
) -> None:
    async with rude_garage.unit() as session:
        job = await factories.a_job(session)
    browser = await rude_garage.staff("owner")
    for path in ("/desk", "/desk/jobs", f"/desk/jobs/{job.id}"):
        page = await browser.open(path)
        assert "polite" in page.text
    async with rude_garage.unit() as session:
        assert await session.scalar(select(func.count()).select_from(Customer)) == 1


async def test_a_wrong_method_says_which_are_right(garage: Garage) -> None:
    answer = await garage.browser().put("/desk/login")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST", "OPTIONS"}


async def test_a_role_that_does_not_cover_a_page_is_told_whom_to_ask(garage: Garage) -> None:
    browser = await garage.staff("accountant")
    answer = await browser.get("/desk/jobs")
    assert answer.status_code == 403
    assert "Ask the owner of the garage" in answer.text


async def test_an_error_page_leads_on_to_the_first_page(garage: Garage) -> None:
    answer = await garage.browser().get("/desk/nothing")
    soup = BeautifulSoup(answer.text, "html.parser")
    assert soup.select_one("main a[href='/']") is not None


async def test_a_form_with_an_error_keeps_everything_that_was_typed(garage: Garage) -> None:
    browser = await garage.staff("owner")
    typed: dict[str, object] = {
        "plate": "1-abc-123",
        "name": "Ánna <b>Dübois</b>",
        "email": "not an address",
        "damage": "two\nlines & more",
        "make": "Škoda",
    }
    answer = await browser.submit("/desk/jobs/new", typed)
    soup = BeautifulSoup(answer.text, "html.parser")
    kept = {
        name: field.get("value") or field.text.removeprefix("\r\n").removeprefix("\n")
        for name in typed
        for field in soup.select(f"[name={name}]")
    }
    assert answer.status_code == 422
    assert {name: str(value) for name, value in kept.items()} == typed


async def test_who_gives_way_to_somebody_else_is_told_and_keeps_everything_that_was_typed(
    garage: Garage, superuser: AsyncEngine
) -> None:
    browser = await garage.staff("owner")
    async with garage.unit() as session:
        job = await factories.a_job(session)
    typed: dict[str, object] = {
        "colour": "green",
        "damage": "Hail",
        "comments": "",
        "version": str(job.version),
    }
    path = f"/desk/jobs/{job.id}/edit"
    async with superuser.begin() as other:
        await other.execute(text("set local deadlock_timeout = '1min'"))  # the form gives way
        await other.execute(text("select from jobs where id = :id for update"), {"id": job.id})
        sending = asyncio.create_task(browser.submit(path, typed))
        await until_locked_out(superuser, 1)
        await other.execute(
            text("select from vehicles where id = :id for update"), {"id": job.vehicle_id}
        )
        answer = await sending
    soup = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 409
    assert "Somebody changed this at the same moment" in soup.select_one(".error-summary").text  # type: ignore[union-attr]
    assert soup.select_one("[name=colour]")["value"] == "green"  # type: ignore[index]
    assert soup.select_one("[name=damage]").text.strip() == "Hail"  # type: ignore[union-attr]
    answer = await browser.submit(path, typed)
    assert answer.status_code == 200
    assert "Hail" in answer.text


async def test_who_gives_way_where_no_form_can_be_drawn_again_is_told_on_a_page(
    garage: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gives_way(session: AsyncSession, *_: object) -> None:
        await session.execute(
            text("do $$ begin raise exception 'gave way' using errcode = '40P01'; end $$")
        )

    monkeypatch.setattr(access.services, "log_in", gives_way)
    who: dict[str, object] = {"email": "ann@example.test", "password": "a long password"}
    answer = await garage.browser().submit("/desk/login", who)
    assert answer.status_code == 409
    assert "Somebody changed this at the same moment" in answer.text


async def test_a_form_with_an_error_points_at_the_field_and_stores_nothing(
    garage: Garage,
) -> None:
    browser = await garage.staff("owner")
    values: dict[str, object] = {"plate": "1-ABC-123", "language": "en", "email": "wrong"}
    soup = BeautifulSoup((await browser.submit("/desk/jobs/new", values)).text, "html.parser")
    async with garage.unit() as session:
        stored = await session.scalar(select(func.count()).select_from(Job))
    assert {str(link["href"]) for link in soup.select(".error-summary a")} == {"#name", "#email"}
    assert all(soup.select_one(f"{name}[aria-invalid=true]") for name in ("#name", "#email"))
    assert stored == 0


@pytest.mark.parametrize("status", TITLES)
async def test_an_error_still_says_whose_page_it_is_and_how_to_call(
    rude_garage: Garage, elsewhere: Limiter, status: int
) -> None:
    phone = rude_garage.tenant.phone
    answer = await provoke(rude_garage, elsewhere, status, {})
    soup = BeautifulSoup(answer.text, "html.parser")
    call = [each["href"] for each in soup.select("header a[href^=tel], main a[href^=tel]")]
    name = soup.select_one(".portal-name")
    assert phone
    assert (answer.status_code, call) == (status, [f"tel:{phone.replace(' ', '')}"] * 2)
    assert name is not None
    assert name.text == rude_garage.tenant.name
