"""The garage's further questions and its consent text: asked, kept, never passed by."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import ProgrammingError

from core.workshop.customers.privacy import export_customer
from core.workshop.jobs.models import Job
from plugins.self_service_portal.look_models import Consent
from tests.garages import STAFF, Browser, Garage
from tests.plugins.self_service_portal.deciding import answer, decide, reach, soup, texts

FURTHER = ("mileage", "insurer", "claim_number", "courtesy_car")
ALL_REQUIRED = dict.fromkeys(FURTHER, "required")
CONTACT = {"insurer": "Ethias", "claim_number": "C-77", "courtesy_car": "yes"}
WORDING = "We keep your data.\nFor this repair only."


async def job_in(garage: Garage) -> Job:
    """The garage's only job."""
    async with garage.unit() as session:
        return (await session.scalars(select(Job))).one()


async def consents_in(garage: Garage) -> list[Consent]:
    """All that was agreed to."""
    async with garage.unit() as session:
        return list(await session.scalars(select(Consent)))


async def send(browser: Browser) -> str:
    """The button on the last page; where that leads."""
    sent = await browser.submit("/en/estimate/check")
    return str(sent.url.path)


async def test_by_itself_a_garage_asks_nothing_more(garage: Garage) -> None:
    browser = garage.browser()
    await reach(browser, garage, "contact")
    page = await browser.open("/en/estimate/contact")
    assert not [name for name in (*FURTHER, "consent") if page.select(f"[name={name}]")]


async def test_the_answers_stand_in_the_jobs_own_fields(garage: Garage) -> None:
    await decide(garage, **ALL_REQUIRED)
    browser = garage.browser()
    await reach(browser, garage, "contact", mileage=" 123.456 km")
    page = soup(await answer(browser, "contact", **CONTACT))
    assert "123456" in page.text
    assert "Ethias" in page.text
    assert await send(browser) == "/en/estimate/done"
    job = await job_in(garage)
    assert job.mileage_at_estimate == 123_456
    assert (job.insurer, job.claim_number, job.courtesy_car_wished) == ("Ethias", "C-77", True)


@pytest.mark.parametrize("typed", ["many", "9" * 400, "-1"])
async def test_what_must_be_answered_is_asked_again_with_the_rest_still_there(
    garage: Garage, typed: str
) -> None:
    await decide(garage, **ALL_REQUIRED)
    browser = garage.browser()
    first = await answer(browser, "vehicle", mileage=typed)
    plate = soup(first).select_one("#plate")
    assert (first.status_code, plate["value"] if plate else "") == (422, "1-ABC-123")
    await reach(browser, garage, "contact", mileage="0")
    second = await answer(browser, "contact", insurer="Ethias")
    insurer = soup(second).select_one("#insurer")
    assert (second.status_code, insurer["value"] if insurer else "") == (422, "Ethias")
    assert len(soup(second).select(".field .error")) == 2
    assert await send(browser) == "/en/estimate/contact"


async def test_what_may_be_left_empty_may_be(garage: Garage) -> None:
    await decide(garage, **dict.fromkeys(FURTHER, "optional"))
    browser = garage.browser()
    await reach(browser, garage, "contact", mileage="")
    await answer(browser, "contact", insurer="", claim_number="")
    assert await send(browser) == "/en/estimate/done"
    job = await job_in(garage)
    assert (job.mileage_at_estimate, job.insurer, job.courtesy_car_wished) == (None, None, False)


async def test_a_question_that_becomes_required_is_asked_before_sending(garage: Garage) -> None:
    browser = garage.browser()
    await reach(browser, garage, "contact")
    await answer(browser, "contact")
    await decide(garage, mileage="required", insurer="required")
    assert await send(browser) == "/en/estimate/vehicle"


async def test_consent_is_kept_word_for_word_with_its_time(garage: Garage) -> None:
    await decide(garage, texts=texts(consent=WORDING))
    browser = garage.browser()
    await reach(browser, garage, "contact")
    refused = await answer(browser, "contact")
    assert refused.status_code == 422
    assert "Please tick the box, or call us instead." in refused.text
    await answer(browser, "contact", consent="y")
    assert await send(browser) == "/en/estimate/done"
    (consent,) = await consents_in(garage)
    job = await job_in(garage)
    assert (consent.job_id, consent.wording, consent.language) == (job.id, WORDING, "en")
    assert consent.given_at <= job.created_at
    card = await (await garage.staff("owner")).open(f"/desk/jobs/{job.id}")
    assert f"The customer agreed: “{WORDING}”" in card.text


async def test_consent_to_another_text_is_no_consent(garage: Garage) -> None:
    await decide(garage, texts=texts(consent=WORDING))
    browser = garage.browser()
    await reach(browser, garage, "contact")
    page = await browser.open("/en/estimate/contact")
    mark = page.select_one("[name=consent_mark]")
    assert mark is not None
    await answer(browser, "contact", consent="y")
    await decide(garage, texts=texts(consent="Something else"))
    assert await send(browser) == "/en/estimate/contact"
    late = await answer(browser, "contact", consent="y", consent_mark=str(mark["value"]))
    assert late.status_code == 422
    assert "This text has changed." in late.text


async def test_a_text_in_another_language_is_better_than_none(garage: Garage) -> None:
    await decide(garage, texts=texts("nl", consent="Wij bewaren uw gegevens."))
    browser = garage.browser()
    await reach(browser, garage, "contact")
    shown = (await browser.open("/en/estimate/contact")).select_one(".check span[lang=nl]")
    assert shown is not None
    assert shown.text == "Wij bewaren uw gegevens."


async def test_a_consent_is_given_out_to_its_customer_and_changed_by_nobody(
    garage: Garage,
) -> None:
    await decide(garage, texts=texts(consent=WORDING))
    browser = garage.browser()
    await reach(browser, garage, "contact")
    await answer(browser, "contact", consent="y")
    await send(browser)
    job = await job_in(garage)
    async with garage.unit() as session:
        exported = await export_customer(session, job.customer_id, STAFF)
    assert WORDING in str(exported).replace("\\n", "\n")
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with garage.unit() as session:
            await session.execute(update(Consent).values(wording="I agree to everything"))
