"""Estimates that the garage sends and the customer answers, once."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.clock import frozen, now
from core.workshop.audit import repository as audit
from core.workshop.jobs.services import set_status
from plugins.self_service_portal import quotes
from plugins.self_service_portal.quotes import DecidedMeanwhile, withdraw
from tests import factories
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import path_in
from tests.plugins.self_service_portal.talkers import PLATE, Talkers, talkers_at


@pytest.fixture
async def talkers(garage: Garage) -> Talkers:
    """A customer who has the job open."""
    return await talkers_at(garage)


REWRITING = (
    "update self_service_portal_quotes set gross = 1",
    "delete from self_service_portal_quotes",
    "update self_service_portal_quote_outcomes set kind = 'declined'",
    "update self_service_portal_quote_outcomes set wording = ''",
    "delete from self_service_portal_quote_outcomes",
)
WRONG = {
    ("net", "ten"): "Please type an amount, such as 1234.50.",
    ("net", "0"): "Please type an amount above 0",
    ("net", ""): "This field is required.",
    ("gross", "900"): "With VAT, the amount cannot be lower than without.",
    ("valid_until", "2020-01-01"): "Please choose today or a later day.",
}


def an_estimate(**values: object) -> dict[str, object]:
    """What staff type."""
    until = (now() + timedelta(days=14)).date().isoformat()
    return {"net": "1.000,00", "gross": "1.210,00", "valid_until": until, "note": "Ok?", **values}


async def send(talkers: Talkers, body: bytes | None = None, **values: object) -> int:
    """Send an estimate from the desk, with the PDF if there is one; the answer's status."""
    desk = await talkers.desk()
    files = [("pdf", ("estimate.pdf", body, "application/pdf"))] if body else []
    address = f"/desk/jobs/{talkers.job_id}/quotes/new"
    answer = await desk.submit(address, an_estimate(**values), files=files, follow=False)
    return answer.status_code


async def test_the_garage_sends_an_estimate_with_its_pdf(talkers: Talkers) -> None:
    assert await send(talkers, factories.a_pdf()) == 303
    ((quote, outcome),) = await talkers.quotes()
    assert (quote.net, quote.gross) == (Decimal("1000.00"), Decimal("1210.00"))
    assert quote.pdf_sha256 == sha256(factories.a_pdf()).hexdigest()
    assert outcome is None


async def test_a_form_that_was_sent_twice_is_one_estimate(talkers: Talkers) -> None:
    once = str(uuid4())
    assert [await send(talkers, once=once) for _ in range(2)] == [303, 303]
    assert len(await talkers.quotes()) == 1


async def test_the_customer_is_mailed_the_amount_and_a_link(garage: Garage, outbox: Outbox) -> None:
    email = f"{uuid4().hex}@example.com"
    talkers = await talkers_at(garage, email=email, language="fr")
    quote = await talkers.has_quote(gross="1554.00")
    await outbox.empty(garage)
    (mail,) = outbox.mails_to(email)
    assert "1 554,00" in mail.text.replace("\u202f", " ").replace("\xa0", " ")
    assert "/fr/status/link/" in mail.text
    assert str(quote.id) not in mail.text


async def test_an_estimate_that_was_withdrawn_before_its_mail_left_is_not_mailed(
    garage: Garage, outbox: Outbox
) -> None:
    email = f"{uuid4().hex}@example.com"
    talkers = await talkers_at(garage, email=email)
    quote = await talkers.has_quote()
    async with garage.unit() as session:
        await withdraw(session, talkers.job_id, quote.id, STAFF)
    await outbox.empty(garage)
    assert outbox.mails_to(email) == []


async def test_a_wrong_estimate_is_not_sent_and_the_form_still_filled(
    talkers: Talkers, subtests: pytest.Subtests
) -> None:
    desk = await talkers.desk()
    address = f"/desk/jobs/{talkers.job_id}/quotes/new"
    for (name, typed), said in WRONG.items():
        answer = await desk.submit(address, an_estimate(note="Kept note", **{name: typed}))
        with subtests.test(name=name, typed=typed):
            assert answer.status_code == 422
            assert said in answer.text
            assert "Kept note" in answer.text
    assert await talkers.quotes() == []


async def test_what_is_no_small_pdf_is_refused(talkers: Talkers) -> None:
    bodies = {
        "photo": factories.jpeg(),
        "page": b"<html>%PDF-1.7 %%EOF",
        "cut": b"%PDF-1.7\ncut off in the mid",
        "large": factories.a_pdf(padded_to=10 * 1024 * 1024 + 1),
    }
    codes = {name: await send(talkers, body) for name, body in bodies.items()}
    assert codes == dict.fromkeys(bodies, 422)
    assert await talkers.quotes() == []


async def test_a_job_that_is_over_gets_no_estimate(talkers: Talkers) -> None:
    async with talkers.garage.unit() as session:
        await set_status(session, talkers.job_id, "cancelled", STAFF)
    assert await send(talkers) == 409


async def test_the_customer_reads_it_and_opens_the_pdf(talkers: Talkers) -> None:
    quote = await talkers.has_quote(note="Parts and paint included.", pdf=True)
    page = await talkers.customer.open(f"/en/status/quotes/{quote.id}")
    file = await talkers.customer.get(f"/en/status/quotes/{quote.id}/pdf")
    assert "€1,210.00" in page.text
    assert "Parts and paint included." in page.text
    assert file.content == factories.a_pdf()
    assert {name: file.headers[name] for name in ("content-type", "x-content-type-options")} == {
        "content-type": "application/pdf",
        "x-content-type-options": "nosniff",
    }
    assert file.headers["content-disposition"].startswith("attachment; filename=")


async def test_without_the_jobs_cookie_there_is_no_pdf(talkers: Talkers) -> None:
    quote = await talkers.has_quote(pdf=True)
    stranger = talkers.garage.browser()
    answers = [await stranger.get(f"/en/status/quotes/{quote.id}{part}") for part in ("", "/pdf")]
    assert [answer.status_code for answer in answers] == [303, 404]


async def test_another_jobs_estimate_is_not_there(garage: Garage, talkers: Talkers) -> None:
    other = await talkers_at(garage, plate="1-TLK-002")
    address = f"/en/status/quotes/{(await other.has_quote(pdf=True)).id}"
    paths = [address, f"{address}/pdf", f"{address}/approve", f"{address}/decline"]
    assert {(await talkers.customer.get(path)).status_code for path in paths} == {404}
    assert {(await other.customer.get(path)).status_code for path in paths} == {200}


async def test_another_jobs_estimate_cannot_be_decided(garage: Garage, talkers: Talkers) -> None:
    other = await talkers_at(garage, plate="1-TLK-002")
    quote = await other.has_quote()
    answer = await talkers.customer.submit(
        f"/en/status/quotes/{quote.id}/approve", {"name": "Jan"}, page="/en/status/job"
    )
    assert answer.status_code == 404
    assert (await other.quotes())[0][1] is None


async def test_opening_the_confirmation_page_decides_nothing(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    page = await talkers.customer.open(f"/en/status/quotes/{quote.id}/approve")
    assert "I approve the estimate of" in page.text
    assert (await talkers.quotes())[0][1] is None


@pytest.mark.parametrize(("answer", "kind"), [("approve", "approved"), ("decline", "declined")])
async def test_an_answer_is_recorded_with_all_that_was_shown(
    talkers: Talkers, answer: str, kind: str
) -> None:
    quote = await talkers.has_quote(note="Parts included.", pdf=True)
    address = f"/en/status/quotes/{quote.id}/{answer}"
    wording = (await talkers.customer.open(address)).select_one(".words").get_text("\n")
    response = await talkers.decide(quote, answer, reason="Because")
    ((_quote, outcome),) = await talkers.quotes()
    assert response.status_code == 303
    assert outcome is not None
    assert (outcome.kind, outcome.name, outcome.language) == (kind, "Jan Peeters", "en")
    assert outcome.wording.split() == wording.split()
    assert (outcome.net, outcome.gross, outcome.pdf_sha256) == (
        quote.net,
        quote.gross,
        quote.pdf_sha256,
    )


async def test_the_answer_is_mailed_to_the_customer_word_for_word_and_once(
    garage: Garage, outbox: Outbox
) -> None:
    email = f"{uuid4().hex}@example.com"
    talkers = await talkers_at(garage, email=email, language="fr")
    quote = await talkers.has_quote(gross="1554.00", pdf=True)
    for _ in range(2):
        await talkers.decide(quote, "decline", reason="Too dear")
    await outbox.empty(garage)
    (mail,) = [each for each in outbox.mails_to(email) if "Your answer" in each.subject]
    ((_quote, outcome),) = await talkers.quotes()
    assert outcome is not None
    for words in (*outcome.wording.splitlines(), "Too dear", "Jan Peeters", "€1,554.00", "its PDF"):
        assert words in mail.text
    answer = await garage.browser().submit(path_in(mail, "status"), {"plate": PLATE})
    assert answer.url.path == f"/en/status/quotes/{quote.id}"


async def test_the_words_are_those_of_the_page_that_was_read(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    answer = await talkers.decide(quote, "approve", shown="0" * 64)
    assert answer.status_code == 409
    assert "Please read it once more before you confirm." in answer.text
    assert (await talkers.quotes())[0][1] is None


async def test_a_name_must_be_typed(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    assert (await talkers.decide(quote, "approve", name=" ")).status_code == 422


async def test_a_double_click_is_one_decision(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    address = f"/en/status/quotes/{quote.id}/approve"
    page = await talkers.customer.open(address)
    fields = {
        name: page.select_one(f"input[name={name}]")["value"] for name in ("csrf_token", "shown")
    }
    clicks = [
        talkers.customer.post(address, data={**fields, "name": "Jan Peeters"}) for _ in range(4)
    ]
    answers = await asyncio.gather(*clicks)
    assert {answer.status_code for answer in answers} == {303}
    async with talkers.garage.unit() as session:
        entries = await audit.newest(session)
    assert [entry.action for entry in entries].count("portal.quote_approved") == 1


async def test_a_decision_cannot_be_changed_by_the_customer(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    shown = (await talkers.customer.open(f"/en/status/quotes/{quote.id}/decline")).select_one(
        "input[name=shown]"
    )["value"]
    await talkers.decide(quote, "approve")
    address = f"/en/status/quotes/{quote.id}/decline"
    values = {"name": "Jan", "shown": shown}
    answer = await talkers.customer.submit(address, values, page="/en/status/job", follow=False)
    assert answer.status_code == 409
    assert "You have already answered this estimate." in answer.text
    assert (await talkers.quotes())[0][1].kind == "approved"  # type: ignore[union-attr]


async def test_the_database_lets_nobody_rewrite_it(
    talkers: Talkers, subtests: pytest.Subtests
) -> None:
    await talkers.decide(await talkers.has_quote(), "approve")
    for statement in REWRITING:
        with subtests.test(statement), pytest.raises(DBAPIError, match="permission denied"):
            async with talkers.garage.unit() as session:
                await session.execute(text(statement))


async def test_an_estimate_that_expired_is_answered_with_409(talkers: Talkers) -> None:
    quote = await talkers.has_quote(valid_until=now().date() + timedelta(days=1))
    page = await talkers.customer.open(f"/en/status/quotes/{quote.id}/approve")
    shown = page.select_one("input[name=shown]")["value"]
    async with talkers.garage.unit() as session:
        job = await talkers.job(session)
        with frozen(now() + timedelta(days=3)), pytest.raises(quotes.QuoteExpired) as refused:
            await quotes.decide(
                session, job, quote, "approved", name="Jan", reason="", shown=str(shown)
            )
    assert refused.value.status_code == 409


async def test_an_estimate_that_was_withdrawn_is_answered_with_409(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    page = await talkers.customer.open(f"/en/status/quotes/{quote.id}/approve")
    desk = await talkers.desk()
    card = f"/desk/jobs/{talkers.job_id}"
    await desk.submit(f"{card}/quotes/{quote.id}/withdraw", page=card)
    shown = page.select_one("input[name=shown]")["value"]
    answer = await talkers.customer.submit(
        f"/en/status/quotes/{quote.id}/approve",
        {"name": "Jan", "shown": shown},
        page="/en/status/job",
    )
    assert answer.status_code == 409
    assert "We have withdrawn this estimate." in answer.text


async def test_after_a_withdrawal_another_one_can_be_sent(talkers: Talkers) -> None:
    first = await talkers.has_quote()
    async with talkers.garage.unit() as session:
        await withdraw(session, talkers.job_id, first.id, STAFF)
    await talkers.has_quote(gross="999.00")
    states = [badge.text for badge in (await talkers.status()).select("#quotes .badge")]
    assert states == ["Waits for an answer", "Withdrawn"]


async def test_what_was_approved_cannot_be_withdrawn(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    await talkers.decide(quote, "approve")
    async with talkers.garage.unit() as session:
        with pytest.raises(DecidedMeanwhile):
            await withdraw(session, talkers.job_id, quote.id, STAFF)


async def test_staff_see_the_answer_until_somebody_notes_it(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    await talkers.decide(quote, "decline", reason="Too dear")
    desk = await talkers.desk()
    card = f"/desk/jobs/{talkers.job_id}"
    before = (await desk.open("/desk")).text, (await desk.open("/desk/jobs")).text
    assert "Too dear" in (await desk.open(card)).select_one("#quotes").text
    await desk.submit(f"{card}/quotes/{quote.id}/noted", page=card)
    after = (await desk.open("/desk")).text, (await desk.open("/desk/jobs")).text
    assert ["1 answer to an estimate" in before[0], "Estimate declined" in before[1]] == [True] * 2
    assert ["answer to an estimate" in after[0], "Estimate declined" in after[1]] == [False] * 2


async def test_a_technician_sees_no_amounts_and_sends_nothing(talkers: Talkers) -> None:
    await talkers.has_quote()
    desk = await talkers.garage.staff("technician")
    card = await desk.open(f"/desk/jobs/{talkers.job_id}")
    answer = await desk.get(f"/desk/jobs/{talkers.job_id}/quotes/new")
    assert card.select("#quotes") == []
    assert answer.status_code == 403


async def test_the_log_says_who_approved_what(talkers: Talkers) -> None:
    quote = await talkers.has_quote()
    await talkers.decide(quote, "approve")
    owner = await talkers.garage.staff("owner")
    log = (await owner.open("/desk/audit")).text
    assert "Estimate sent" in log
    assert "Estimate approved" in log


async def test_erasing_a_customer_keeps_the_contract(talkers: Talkers) -> None:
    await talkers.decide(await talkers.has_quote(), "approve")
    async with talkers.garage.unit() as session:
        values = {"session": session, "customer_id": (await talkers.job(session)).customer_id}
        ask = talkers.garage.house.hooks.ask_plugin
        copy = await ask("self_service_portal", "personal_data_export", **values)
        await ask("self_service_portal", "personal_data_erase", **values)
    assert copy["estimates"][0]["name"] == "Jan Peeters"
    assert (await talkers.quotes())[0][1] is not None


@pytest.mark.parametrize(
    ("answer", "status", "next_steps"),
    [("approve", "new", 1), ("approve", "in_progress", 0), ("decline", "new", 0)],
)
async def test_whoever_approves_goes_on_to_choose_a_time_to_bring_the_vehicle(
    talkers: Talkers, answer: str, status: str, next_steps: int
) -> None:
    quote = await talkers.has_quote()
    await talkers.decide(quote, answer)
    async with talkers.garage.unit() as session:
        await set_status(session, talkers.job_id, status, STAFF)
    page = await talkers.customer.open(f"/en/status/quotes/{quote.id}")
    assert len(page.select("main a[href='/en/repair/time']")) == next_steps
    if next_steps:
        times = await talkers.customer.open("/en/repair/time")
        assert times.select_one("button[name=take]") is not None
