"""Whatever a customer or an owner types later comes back as it was typed: wishes, answers to
estimates, reasons, names of photos, the garage's own words."""

import csv
import io
from datetime import timedelta

import pytest

from core.clock import now
from core.i18n import LANGUAGES
from core.web.cookies import cookie_name
from core.workshop.csv_lines import unescaped
from plugins.self_service_portal.estimate_steps import COOKIE
from plugins.self_service_portal.look import TEXT_LIMITS
from plugins.self_service_portal.messages import clean
from plugins.self_service_portal.services import begin_draft
from tests import factories
from tests.garages import Browser, Garage
from tests.naughty import NAUGHTY
from tests.plugins.self_service_portal import after_booking, deciding
from tests.plugins.self_service_portal.deciding import DESK, save
from tests.plugins.self_service_portal.talkers import talkers_at
from tests.plugins.self_service_portal.test_naughty_texts import SMUGGLED, is_shown, plain
from tests.plugins.self_service_portal.waiting_people import PLATE, at_the_time
from tests.tus import Sender


async def with_a_draft(garage: Garage, address: str) -> Browser:
    """Somebody at that address who has begun a request."""
    async with garage.unit() as session:
        draft, secret = await begin_draft(session, "en")
        draft.answers = {"vehicle": deciding.ANSWERS["vehicle"]}
    browser = garage.browser(address=address)
    browser.cookies.set(cookie_name(garage.house.settings, COOKIE), secret, domain=garage.host)
    return browser


async def test_who_waits_is_called_by_what_they_typed(garage: Garage) -> None:
    for number, text in enumerate(NAUGHTY):
        browser = await with_a_draft(garage, f"10.0.0.{number}")
        values = {"name": text, "phone": text[:40], "consent": "y"}
        answer = await browser.submit("/en/estimate/wish", values, follow=False)
        assert answer.status_code == 303, text
    page = await (await garage.staff("owner")).open("/desk/wishes")
    cards = page.select("main li.card")
    assert not page.select(SMUGGLED)
    assert len(cards) == len(NAUGHTY)
    shown = {plain(card.h2.text) for card in cards if card.h2}
    calls = {plain(card.select_one("a[href^='tel:']").text) for card in cards}  # type: ignore[union-attr]
    assert shown == {plain(text) for text in NAUGHTY}
    assert calls == {plain(text[:40]) for text in NAUGHTY}


async def test_an_answer_to_an_estimate_stands_as_it_was_given(garage: Garage) -> None:
    talkers = await talkers_at(garage)
    desk = await talkers.desk()
    for text in NAUGHTY:
        quote = await talkers.has_quote(note=text)
        answer = await talkers.decide(quote, "decline", name=text, reason=f"Because {text}")
        assert answer.status_code == 303, text
        page = await talkers.customer.open(f"/en/status/quotes/{quote.id}")
        for typed in (text, f"Because {text}"):
            assert is_shown(clean(typed), page), text
        assert not page.select(SMUGGLED), text
    card = await desk.open(f"/desk/jobs/{talkers.job_id}")
    hidden = [text for text in NAUGHTY if not is_shown(f"Because {clean(text)}", card)]
    outcomes = {outcome.name for _quote, outcome in await talkers.quotes() if outcome}
    assert hidden == []
    assert outcomes == {clean(text) for text in NAUGHTY}
    assert not card.select(SMUGGLED)


async def test_a_reason_to_cancel_reaches_the_card_and_the_file(garage: Garage) -> None:
    await after_booking.decide(garage, ask_cancel_reason=True)
    async with garage.unit() as session:
        job = await factories.a_job(session, plate=PLATE)
        slot = await after_booking.far_slot(session)
    browser, owner = garage.browser(), await garage.staff("owner")
    for text in NAUGHTY:
        async with garage.unit() as session:
            job = await factories.jobs.by_id(session, job.id)
            _booked, secret = await factories.an_appointment(session, job, at=slot)
        address = f"/en/appointment/{secret}/cancel"
        values = {"plate": PLATE, "reason": text}
        answer = await browser.submit(address, values, follow=False)
        assert answer.status_code == 303, text
    days = f"from={now().date()}&until={now().date() + timedelta(days=100)}"
    file = (await owner.get(f"/desk/exports/appointments.csv?{days}")).content.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(file, newline=""))
    found = {plain(unescaped(row[-1])) for row in rows}
    card = await owner.open(f"/desk/jobs/{job.id}")
    assert len(head) == len(rows[0])
    assert found == {plain(text) for text in NAUGHTY}
    assert [text for text in NAUGHTY if not is_shown(text, card)] == []
    assert not card.select(SMUGGLED)


@pytest.mark.parametrize("texts", [NAUGHTY[:20], NAUGHTY[20:40], NAUGHTY[40:]], ids="abc")
async def test_a_photo_is_called_by_the_name_of_its_file(garage: Garage, texts: list[str]) -> None:
    customer = await at_the_time(garage)
    page = "/en/estimate/photos"
    sender = Sender(customer, "/en/estimate/uploads", await customer.token(page))
    for number, text in enumerate(texts):
        body = factories.jpeg((12 * number, 40, 90), size=(8, 8))
        answer = await sender.send(body, filename=text)
        assert answer.status_code == 204, text
    shown = await customer.open(page)
    names = [plain(each.get_text(" ")) for each in shown.select("ol.received .name")]
    lost = [text for text, name in zip(texts, names, strict=True) if plain(text) not in name]
    assert lost == []
    assert not shown.select(SMUGGLED)


async def test_the_garages_own_words_are_said_in_each_language_as_they_were_typed(
    garage: Garage,
) -> None:
    owner, customer = await garage.staff("owner"), garage.browser()
    fields = [(name, language) for language in LANGUAGES for name in TEXT_LIMITS]
    said = []
    for begin in range(0, len(NAUGHTY), len(fields)):
        texts = NAUGHTY[begin : begin + len(fields)]
        typed = {f: text[: TEXT_LIMITS[f[0]]] for f, text in zip(fields, texts, strict=False)}
        saved = await save(owner, **{f"{name}_{lang}": t for (name, lang), t in typed.items()})
        assert saved.status_code == 200
        for language in LANGUAGES:
            page = await customer.open(f"/{language}")
            for name in ("welcome", "intro"):
                if (text := typed.get((name, language))) is not None:
                    said.append(text)
                    assert is_shown(clean(text), page), text
            assert not page.select("main script, main svg[onload], main img"), language
        fresh = await deciding.fields_of(owner)
        kept = {(name, lang): plain(fresh[f"{name}_{lang}"]) for name, lang in typed}
        assert kept == {field: plain(clean(text)) for field, text in typed.items()}
    assert len(said) > len(NAUGHTY) // 4
    assert not (await owner.open(DESK)).select("main script:not([src]), main svg[onload]")
