"""Forms that are sent after the two hours in which a job is open on a device."""

from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from httpx import Response
from sqlalchemy.pool import QueuePool

from core.web.cookies import cookie_name
from core.web.photo_uploads import Intake, take_in
from core.web.uploads import Submission
from core.workshop.jobs.services import set_status
from core.workshop.planning import repository as planning
from plugins.self_service_portal import job_pages, quotes
from plugins.self_service_portal.identity import COOKIE
from plugins.self_service_portal.job_links import Target, address_of
from tests.factories import free_slots, jpeg
from tests.garages import STAFF, Garage
from tests.plugins.self_service_portal.talkers import Talkers, talkers_at


@pytest.fixture
async def talkers(garage: Garage) -> Talkers:
    """A customer who has the job open."""
    return await talkers_at(garage)


def page_of(answer: Response) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def carried(answer: Response) -> dict[str, Any]:
    """What the page would send, as it is shown; several values of a field are a list."""
    form = page_of(answer).select_one("main form:has(.primary)")
    assert form is not None
    found: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name]"):
        value = field.get("value", "") if field.name == "input" else field.text.lstrip("\r\n")
        known = found.get(str(field["name"]))
        found[str(field["name"])] = value if known is None else [known, value]
    return found


def two_hours_pass(talkers: Talkers) -> None:
    """Browsers forget the cookie then."""
    name = cookie_name(talkers.garage.house.settings, COOKIE)
    talkers.customer.cookies.delete(name, domain=talkers.garage.host)


async def late(talkers: Talkers, path: str, values: dict[str, Any]) -> Response:
    """Send a form of a page that was opened more than two hours ago."""
    two_hours_pass(talkers)
    return await talkers.customer.submit(path, values, page="/en/status", follow=False)


async def say_who(talkers: Talkers, answer: Response, **who: str) -> Response:
    """Type plate and number on the page that came."""
    async with talkers.garage.unit() as session:
        job = await talkers.job(session)
    typed = {"plate": job.plate, "number": job.public_number, **who}
    return await talkers.customer.post(answer.url.path, data={**carried(answer), **typed})


async def test_an_approval_after_two_hours_waits_for_plate_and_number_and_is_then_given(
    talkers: Talkers,
) -> None:
    quote = await talkers.has_quote()
    address = f"/en/status/quotes/{quote.id}/decline"
    typed = {"name": "Jan", "reason": "Too\n dear", "shown": "x"}
    asked = await late(talkers, address, typed)
    assert (asked.status_code, "nothing is lost" in asked.text) == (401, True)
    assert (await talkers.quotes())[0][1] is None
    shown = await say_who(talkers, asked)
    form = carried(shown)
    assert (form["name"], form["reason"].split()) == ("Jan", ["Too", "dear"])
    assert "Here is what you filled in" in shown.text
    assert (await talkers.quotes())[0][1] is None
    done = await talkers.customer.post(address, data=form)
    ((_quote, outcome),) = await talkers.quotes()
    assert done.headers["location"] == f"/en/status/quotes/{quote.id}"
    assert outcome is not None
    assert (outcome.kind, outcome.name) == ("declined", "Jan")


async def test_a_message_after_two_hours_stands_in_its_form_again(talkers: Talkers) -> None:
    asked = await late(talkers, "/en/status/messages", {"body": "When is it ready?"})
    assert "When is it ready?" in page_of(asked).select_one("textarea").text  # type: ignore[union-attr]
    shown = await say_who(talkers, asked)
    assert "When is it ready?" in page_of(shown).select_one("#messages textarea").text  # type: ignore[union-attr]
    assert await talkers.messages() == []


async def test_a_time_that_was_chosen_is_still_chosen_afterwards(
    garage: Garage, talkers: Talkers
) -> None:
    async with garage.unit() as session:
        bring = (await free_slots(session, "drop_off"))[2]
    values = {"slot": bring.isoformat(), "courtesy_car": "y", "confirmed": "yes"}
    check = await say_who(talkers, await late(talkers, "/en/repair/time", values))
    form = carried(check)
    assert (form["slot"], form["courtesy_car"]) == (bring.isoformat(), "y")
    async with garage.unit() as session:
        assert await planning.booked_of_job(session, talkers.job_id, "drop_off") is None
        await set_status(session, talkers.job_id, "ready", STAFF)
        fetch = (await free_slots(session, "pick_up"))[2]
    asked = await late(talkers, "/en/status/pick-up", {"slot": fetch.isoformat()})
    times = page_of(await say_who(talkers, asked))
    chosen = times.select_one("input[name=slot][checked]")
    assert chosen is not None
    assert chosen["value"] == fetch.isoformat()


async def test_an_estimate_that_was_answered_meanwhile_shows_how_it_stands(
    talkers: Talkers,
) -> None:
    quote = await talkers.has_quote()
    asked = await late(talkers, f"/en/status/quotes/{quote.id}/decline", {"name": "Noor"})
    async with talkers.garage.unit() as session:
        await quotes.withdraw(session, talkers.job_id, quote.id, STAFF)
    shown = page_of(await say_who(talkers, asked))
    assert shown.select("input[name=name]") == []
    assert "withdr" in shown.text


async def test_no_connection_to_postgresql_waits_while_photos_are_looked_at(
    talkers: Talkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, held = talkers.garage.house.database.app_engine.pool, []

    async def watched(submission: Submission) -> Intake:
        held.append(cast("QueuePool", pool).checkedout())
        return await take_in(submission)

    monkeypatch.setattr(job_pages, "take_in", watched)
    files = [("photos", ("1.jpg", jpeg((1, 1, 1)), "image/jpeg"))]
    answer = await talkers.customer.submit(
        "/en/pictures/add", files=files, page="/en/pictures/add", follow=False
    )
    assert (answer.status_code, held) == (303, [0])


async def test_photos_without_scripts_are_said_to_be_chosen_again(talkers: Talkers) -> None:
    files = [("photos", (f"{each}.jpg", jpeg((each, 1, 1)), "image/jpeg")) for each in (1, 2)]
    two_hours_pass(talkers)
    asked = await talkers.customer.submit(
        "/en/pictures/add", files=files, page="/en/pictures", follow=False
    )
    assert asked.status_code == 401
    assert "choose all 2 of them again" in asked.text
    shown = await say_who(talkers, asked)
    assert (shown.status_code, shown.url.path) == (200, "/en/pictures/add")
    assert page_of(shown).select_one("input[type=file]") is not None


@pytest.mark.parametrize(
    "path",
    ["status/messages", "status/wish", "repair/time", "repair/wish", "status/pick-up"],
)
async def test_a_wrong_number_is_answered_as_everywhere_and_loses_nothing(
    talkers: Talkers, path: str
) -> None:
    values = {"name": "Noor", "slot": "x", "choice": "never", "weekdays": ["1", "3"]}
    asked = await late(talkers, f"/en/{path}", values)
    miss = await say_who(talkers, asked, number="AAA-AAA-AAA")
    assert miss.status_code == 422
    assert "We find no job with this plate and number." in miss.text
    kept = [each["value"] for each in page_of(miss).select("input[name=weekdays]")]
    assert (kept, carried(miss)["name"]) == (["1", "3"], "Noor")
    assert COOKIE not in miss.headers.get("set-cookie", "")


async def test_whoever_opened_the_job_by_a_link_meanwhile_goes_on_without_typing(
    talkers: Talkers,
) -> None:
    asked = await late(talkers, "/en/status/messages", {"body": "Hello?"})
    async with talkers.garage.unit() as session:
        link = urlsplit(address_of(Target(talkers.job_id))).path
        plate = (await talkers.job(session)).plate
    await talkers.customer.submit(link, {"plate": plate})
    shown = await talkers.customer.post(asked.url.path, data=carried(asked))
    assert (shown.status_code, "Here is what you filled in" in shown.text) == (200, True)
    assert await talkers.messages() == []


@pytest.mark.parametrize("answer", ["", "/approve"])
async def test_an_estimate_opened_too_late_is_what_comes_after_plate_and_number(
    garage: Garage, talkers: Talkers, answer: str
) -> None:
    quote = await talkers.has_quote()
    address = f"/en/status/quotes/{quote.id}{answer}"
    browser = garage.browser()
    asked = await browser.get(address, follow_redirects=True)
    assert "then you are back where you were" in asked.text
    async with garage.unit() as session:
        job = await talkers.job(session)
    typed = {**carried(asked), "plate": job.plate, "number": job.public_number}
    back = await browser.post("/en/status", data=typed)
    assert back.headers["location"] == address


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "desk/jobs", "status/../desk", "status//x"]
)
async def test_no_other_place_can_be_asked_for(
    garage: Garage, talkers: Talkers, place: str
) -> None:
    browser = garage.browser()
    async with garage.unit() as session:
        job = await talkers.job(session)
    typed = {"to": place, "plate": job.plate, "number": job.public_number}
    answer = await browser.submit("/en/status", typed, follow=False)
    assert answer.headers["location"] == "/en/status/job"
