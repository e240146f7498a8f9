"""A job number that was lost is mailed again, and nobody else learns whether there is one."""

from datetime import timedelta

import pytest

from core.clock import frozen, now
from core.i18n import LANGUAGES
from core.mailbox.store import StoredMail
from core.web.limits import Limiter
from core.web.traps import TRAP
from core.workshop.jobs.models import Job
from core.workshop.jobs.numbers import display_public_number
from core.workshop.jobs.services import set_status
from plugins.self_service_portal.lost_numbers import HOURS_BETWEEN, PER_ADDRESS, PER_GARAGE
from tests import factories
from tests.garages import STAFF, Garage, Outbox, without_tokens
from tests.plugins.self_service_portal.after_booking import decide as support_decides
from tests.solving import ONE_MORE_STEP, submit_and_work
from tests.statements import counted

ASK = "/en/job-number"


def address(garage: Garage) -> str:
    """The customer's, known to this garage alone."""
    return f"jan@{garage.slug}.example"


@pytest.fixture
async def job(garage: Garage) -> Job:
    """A customer's job."""
    async with garage.unit() as session:
        return await factories.a_job(session, plate="1-ABC-123", email=address(garage))


async def ask(garage: Garage, plate: str, email: str, language: str = "en") -> str:
    """Fill in the form; where that leads."""
    form: dict[str, object] = {"plate": plate, "email": email}
    path = f"/{language}/job-number"
    answer = await garage.browser().submit(path, form, follow=False)
    return str(answer.headers.get("location", answer.status_code))


async def mailed(garage: Garage, outbox: Outbox) -> list[StoredMail]:
    """What the customer has got."""
    while await outbox.empty(garage):
        pass
    return outbox.mails_to(address(garage))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_plate_and_address_bring_the_number_in_the_readers_language(
    garage: Garage, job: Job, outbox: Outbox, language: str
) -> None:
    typed = address(garage).upper()
    assert await ask(garage, "1 abc 123", typed, language) == f"/{language}/job-number/sent"
    (mail,) = await mailed(garage, outbox)
    assert mail.message["Content-Language"] == language
    assert display_public_number(job.public_number) in mail.text
    assert f"/{language}/status?number={job.public_number}" in mail.text
    assert display_public_number(job.public_number) in mail.html


async def test_of_several_jobs_it_is_the_newest_that_was_not_cancelled(
    garage: Garage, job: Job, outbox: Outbox
) -> None:
    async with garage.unit() as session:
        newer = await factories.a_job(session, plate=job.plate, email=address(garage))
        cancelled = await factories.a_job(session, plate=job.plate, email=address(garage))
        await set_status(session, cancelled.id, "cancelled", STAFF)
    await ask(garage, job.plate, address(garage))
    (mail,) = await mailed(garage, outbox)
    assert display_public_number(newer.public_number) in mail.text


async def test_whoever_asks_sees_the_same_and_costs_the_same(
    garage: Garage, other_garage: Garage, job: Job, outbox: Outbox
) -> None:
    async with other_garage.unit() as session:
        await factories.a_job(session, plate="9-OTH-999", email="o@other.example")
    pairs = [
        (job.plate, address(garage)),
        (job.plate, "stranger@example.com"),
        ("2-ZZZ-999", address(garage)),
        ("9-OTH-999", "o@other.example"),
    ]
    seen, work = [], set()
    for plate, email in pairs:
        browser = garage.browser(cookies={"__Host-visitor": "v" * 22})
        token = await browser.token(ASK)
        form = {"csrf_token": token, "plate": plate, "email": email}
        with counted(garage.house) as sent:
            answer = await browser.post(ASK, data=form)
        page = await browser.get(answer.headers["location"])
        seen.append((answer.status_code, answer.text, without_tokens(page.text)))
        work.add(tuple(sent))
    assert all(each == seen[0] for each in seen)
    assert len(work) == 1
    assert len(await mailed(garage, outbox)) == 1
    assert outbox.mails_to("stranger@example.com") == []


async def test_asked_over_and_over_it_is_mailed_once_in_some_hours(
    garage: Garage, job: Job, outbox: Outbox
) -> None:
    began = now().replace(hour=HOURS_BETWEEN, minute=0)
    for hours, expected in ((0, 1), (1, 1), (HOURS_BETWEEN, 2)):
        with frozen(began + timedelta(days=1, hours=hours)):
            await ask(garage, job.plate, address(garage))
            assert len(await mailed(garage, outbox)) == expected


async def test_what_is_typed_wrong_is_said_and_kept(garage: Garage) -> None:
    form: dict[str, object] = {"plate": "1-ABC-123", "email": "nobody"}
    answer = await garage.browser().submit(ASK, form)
    assert answer.status_code == 422
    assert 'value="1-ABC-123"' in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("whose", ["address", "garage"])
async def test_asking_has_an_end(garage: Garage, elsewhere: Limiter, whose: str) -> None:
    limit, key = (
        (PER_ADDRESS, ("portal-lost", str(garage.tenant.id), "203.0.113.60"))
        if whose == "address"
        else (PER_GARAGE, ("portal-lost-garage", str(garage.tenant.id)))
    )
    for _ in range(int(limit.partition("/")[0])):
        await elsewhere.allows(limit, *key)
    browser = garage.browser(address="203.0.113.60")
    form: dict[str, object] = {"plate": "1-ABC-123", "email": "a@b.example"}
    unworked = await browser.submit(ASK, dict(form), follow=False)
    worked = await submit_and_work(browser, ASK, form)
    assert ONE_MORE_STEP in unworked.text
    assert (worked.status_code, "Please call us instead" in worked.text) == (429, True)


async def test_a_machine_is_told_so(garage: Garage, job: Job, outbox: Outbox) -> None:
    form: dict[str, object] = {"plate": job.plate, "email": address(garage), TRAP: "x"}
    assert (await garage.browser().submit(ASK, form)).status_code == 422
    assert await mailed(garage, outbox) == []


async def test_it_is_offered_where_a_number_is_asked_for_and_only_while_one_is(
    garage: Garage,
) -> None:
    for entry in ("status", "pictures", "repair"):
        page = await garage.browser().open(f"/en/{entry}")
        assert page.select(f"a[href='{ASK}']")
    await support_decides(garage, show_status=False, show_pictures=False, show_repair=False)
    assert (await garage.browser().get(ASK)).status_code == 404
